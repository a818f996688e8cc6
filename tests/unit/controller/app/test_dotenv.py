"""Environment files: read as they are meant, or refused with the line and without the value."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.dotenv import parse


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("", {}, id="nothing"),
        pytest.param("\n  \n# all comment\n\t# more\n", {}, id="only comments"),
        pytest.param("A=1\nB=2", {"A": "1", "B": "2"}, id="no newline at the end"),
        pytest.param("\ufeffA=1\r\nB=2\r\n", {"A": "1", "B": "2"}, id="as Windows writes it"),
        pytest.param("  export A=1\nexport\tB=2\n", {"A": "1", "B": "2"}, id="export"),
        pytest.param("A = 1 \n", {"A": "1"}, id="spaces around"),
        pytest.param("A=\nB= \nC=''\n", {"A": "", "B": "", "C": ""}, id="empty"),
        pytest.param("A=b#c # d\nE=#f\n", {"A": "b#c", "E": ""}, id="comments behind values"),
        pytest.param("A=postgres://u:p@h/d?x=1&y=2\n", {"A": "postgres://u:p@h/d?x=1&y=2"}, id="URL"),
        pytest.param("A=$b%c\n", {"A": "$b%c"}, id="dollar"),
        pytest.param("A=' # $x ${y} \\n \"q\" '  # c\n", {"A": ' # $x ${y} \\n "q" '}, id="single quotes"),
        pytest.param(
            'A="a b # \\n\\t\\"\\\\ \\$ \\${x} \'q\'"\n', {"A": "a b # \n\t\"\\ $ ${x} 'q'"}, id="double quotes"
        ),
        pytest.param(
            "A='one\ntwo'\nB=\"three\n\nfour\"\nC=5\n", {"A": "one\ntwo", "B": "three\n\nfour", "C": "5"}, id="lines"
        ),
        pytest.param("A=ü\n", {"A": "ü"}, id="Unicode"),
    ],
)
def test_values_are_read_as_they_are_meant(text: str, values: dict[str, str]) -> None:
    assert parse(text) == (values, [])


QUOTES = "outside quotes; put its value in single quotes"


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        pytest.param("secret\n", ['line 1: expected KEY=value or KEY="two words"'], id="no setting"),
        pytest.param("A=1\n\n1B=secret\n", ['line 3: expected KEY=value or KEY="two words"'], id="no name"),
        pytest.param("A-B=secret", ['line 1: expected KEY=value or KEY="two words"'], id="another name"),
        pytest.param("A: secret", ['line 1: expected KEY=value or KEY="two words"'], id="YAML"),
        pytest.param("A='secret\nB=1\n", ["line 1: A has no closing '"], id="open single quote"),
        pytest.param('A=1\nB="secret\\"\n', ['line 2: B has no closing "'], id="open double quote"),
        pytest.param("A='secret'more\n", ["line 1: A goes on after its closing '"], id="more after a quote"),
        pytest.param('A="secret" more\n', ['line 1: A goes on after its closing "'], id="more after a space"),
        pytest.param("A=secret word\n", [f"line 1: A holds spaces, quotes, backslashes or ${{ {QUOTES}"], id="space"),
        pytest.param(
            "A=sec'ret\n", [f"line 1: A holds spaces, quotes, backslashes or ${{ {QUOTES}"], id="quote inside"
        ),
        pytest.param("A=sec\\ret\n", [f"line 1: A holds spaces, quotes, backslashes or ${{ {QUOTES}"], id="backslash"),
        pytest.param("A=${secret}\n", [f"line 1: A holds spaces, quotes, backslashes or ${{ {QUOTES}"], id="expansion"),
        pytest.param(
            'A="x${secret}"', ["line 1: A holds ${ or $(, and nothing is expanded here; use single quotes"], id="quoted"
        ),
        pytest.param(
            'A="\\\\${secret}"',
            ["line 1: A holds ${ or $(, and nothing is expanded here; use single quotes"],
            id="expansion after a backslash",
        ),
        pytest.param(
            'A="\\secret"',
            ["line 1: A holds \\s, which is read differently by different programs; use single quotes"],
            id="unknown escape",
        ),
        pytest.param("A='1\n2'\nA=secret\n", ["line 3: A was set in line 1 already"], id="twice"),
        pytest.param(
            "secret\nB=2\nC=secret word\n",
            [
                'line 1: expected KEY=value or KEY="two words"',
                f"line 3: C holds spaces, quotes, backslashes or ${{ {QUOTES}",
            ],
            id="two mistakes",
        ),
    ],
)
def test_mistakes_are_reported_with_their_lines(text: str, errors: list[str]) -> None:
    actual = parse(text)[1]
    assert actual == errors
    assert "secret" not in "".join(actual)
