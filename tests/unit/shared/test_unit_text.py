"""Environment files and command lines: exactly quoted, and read back as they were."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import (
    command_line,
    environment_file,
    parse_environment_file,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("plain", 'KEY="plain"\n', id="plain"),
        pytest.param("", 'KEY=""\n', id="empty"),
        pytest.param("two words  ", 'KEY="two words  "\n', id="spaces"),
        pytest.param('say "hi"', 'KEY="say \\"hi\\""\n', id="double quotes"),
        pytest.param("it's", 'KEY="it\'s"\n', id="single quote"),
        pytest.param("C:\\new", 'KEY="C:\\\\new"\n', id="backslash"),
        pytest.param("$HOME ${HOME} $(id)", 'KEY="\\$HOME \\${HOME} \\$(id)"\n', id="dollar"),
        pytest.param("`id`", 'KEY="\\`id\\`"\n', id="backquote"),
        pytest.param("# no comment; none", 'KEY="# no comment; none"\n', id="comment characters"),
        pytest.param("one\ntwo", 'KEY="one\ntwo"\n', id="lines"),
        pytest.param("%i %%", 'KEY="%i %%"\n', id="specifiers are none here"),
        pytest.param(8080, 'KEY="8080"\n', id="number"),
    ],
)
def test_quoting(value: str | int, text: str) -> None:
    assert environment_file({"KEY": value}) == text


def test_names_are_sorted() -> None:
    assert environment_file({"B": 1, "A": 2}) == 'A="2"\nB="1"\n'


def test_nothing() -> None:
    assert environment_file({}) == ""


def test_round_trip(tmp_path: Path) -> None:
    """Inside double quotes bash unescapes what systemd unescapes."""
    values = {
        "ALL_PRINTABLE": "".join(map(chr, range(32, 127))),
        "BACKSLASH_AT_END": "C:\\",
        "BACKSLASH_BEFORE_QUOTE": '\\"',
        "BACKSLASH_BEFORE_LINE": "one\\\ntwo",
        "DOUBLE": "\\\\$$``\"\"''",
        "EMPTY": "",
        "INJECTION": '"; id; OTHER="x',
        "KEY_OF_A_CERTIFICATE": "-----BEGIN-----\nAbc+/=\n-----END-----\n",
        "JSON": '{"a": "$b", "c": ["\\n"]}',
        "TAB": "\ta\t",
        "UMLAUT": "Grüße, 世界",
        "URL": "postgresql://shop:p%40ss!#&*@db/shop?sslmode=require",
    }
    file = tmp_path / "environment"
    file.write_text(environment_file(values), encoding="utf-8")
    script = "set -a; . ./environment; exec printenv -0"
    shown = subprocess.run(
        ["/bin/bash", "-c", script], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=True
    )
    assert shown.stderr == b""
    actual = dict(item.split("=", 1) for item in shown.stdout.decode().split("\0") if item)
    assert {name: actual.get(name) for name in values} == values
    assert set(actual) - set(values) <= {"PATH", "PWD", "SHLVL", "_", "OLDPWD"}


# A command as written for a shell, its words, and how systemd is to read them.
COMMANDS = [
    pytest.param("alembic upgrade head", ["alembic", "upgrade", "head"], '"alembic" "upgrade" "head"', id="plain"),
    pytest.param("  a   b  ", ["a", "b"], '"a" "b"', id="spaces between words"),
    pytest.param("a 'b  c' d\\ e", ["a", "b  c", "d e"], '"a" "b  c" "d e"', id="spaces within words"),
    pytest.param("a '' b", ["a", "", "b"], '"a" "" "b"', id="empty word"),
    pytest.param("a 'say \"hi\"'", ["a", 'say "hi"'], r'"a" "say \"hi\""', id="double quotes"),
    pytest.param('a "it\'s"', ["a", "it's"], '"a" "it\'s"', id="single quote"),
    pytest.param("a 100% %i %%h", ["a", "100%", "%i", "%%h"], '"a" "100%%" "%%i" "%%%%h"', id="percent"),
    pytest.param(
        "a $HOME '${HOME}' '$(id)' '$$'",
        ["a", "$HOME", "${HOME}", "$(id)", "$$"],
        '"a" "$$HOME" "$${HOME}" "$$(id)" "$$$$"',
        id="dollar",
    ),
    pytest.param(r"a C:\\new '\n\x41'", ["a", r"C:\new", r"\n\x41"], r'"a" "C:\\new" "\\n\\x41"', id="backslash"),
    pytest.param(r"a 'b\'", ["a", "b\\"], r'"a" "b\\"', id="backslash at the end"),
    pytest.param("a ; b ';' \\; c", ["a", ";", "b", ";", ";", "c"], '"a" ";" "b" ";" ";" "c"', id="semicolon"),
    pytest.param("a b;c", ["a", "b;c"], '"a" "b;c"', id="semicolon in a word"),
    pytest.param(
        "a && b | c > d &", ["a", "&&", "b", "|", "c", ">", "d", "&"], '"a" "&&" "b" "|" "c" ">" "d" "&"', id="sh"
    ),
    pytest.param("a # b", ["a", "#", "b"], '"a" "#" "b"', id="no comment"),
    pytest.param(
        "a -b +c @d !e :f", ["a", "-b", "+c", "@d", "!e", ":f"], '"a" "-b" "+c" "@d" "!e" ":f"', id="prefixes"
    ),
    pytest.param("a Grüße 世界", ["a", "Grüße", "世界"], '"a" "Grüße" "世界"', id="Unicode"),
    pytest.param("a '\u2028\x85'", ["a", "\u2028\x85"], '"a" "\u2028\x85"', id="lines that are none to systemd"),
    pytest.param("a '\" ; /bin/false'", ["a", '" ; /bin/false'], r'"a" "\" ; /bin/false"', id="injection"),
]


@pytest.mark.parametrize(("command", "words", "text"), COMMANDS)
def test_command_line(command: str, words: list[str], text: str) -> None:
    assert shlex.split(command) == words
    assert command_line(command) == text


@pytest.mark.parametrize(("command", "words", "text"), COMMANDS)
def test_command_line_is_read_as_these_words(command: str, words: list[str], text: str) -> None:
    """Within double quotes a shell unescapes what systemd unescapes; then come specifiers and variables."""
    quoted = shlex.split(text)
    assert len(quoted) == len(words)
    assert [word.replace("%%", "%").replace("$$", "$") for word in quoted] == words


Verify = Callable[[dict[str, str]], None]


def service(command: str) -> dict[str, str]:
    """Return a service of a type that may have one command only."""
    return {"one.service": f"[Unit]\nDescription=One\n\n[Service]\nType=exec\nExecStart={command}\n"}


@pytest.mark.parametrize(("command", "words", "text"), COMMANDS)
def test_systemd_takes_a_command_line_as_one(verify: Verify, command: str, words: list[str], text: str) -> None:
    """Were a word of it a second command or directive, systemd would refuse the unit."""
    verify(service(command_line(f"/bin/true {command.removeprefix('a')}")))


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("/bin/true ; /bin/false", "more than one ExecStart"),
        ("/bin/true\nExecStart=/bin/false", "more than one ExecStart"),
        ("/bin/true '", "Unbalanced quoting"),
    ],
)
def test_systemd_would_report_a_second_command(verify: Verify, command: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        verify(service(command))


def test_systemd_finds_the_program_whose_name_is_quoted(verify: Verify, tmp_path: Path) -> None:
    program = tmp_path / "a b 100%i ü;"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    verify(service(command_line(shlex.quote(str(program)))))


def test_an_environment_file_is_read_back_as_it_was_written() -> None:
    variables = {"A": "", "B": 'say "hi" \\ $HOME `id`', "C": 'one\nX="two"\nthree', "D": "it's = #1", "E": "\\\\"}
    assert parse_environment_file(environment_file(variables)) == variables
