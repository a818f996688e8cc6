"""Environment files: exactly quoted, and read back as they were."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils.environment import environment_file


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
def test_quoting(value: object, text: str) -> None:
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
    found = dict(item.split("=", 1) for item in shown.stdout.decode().split("\0") if item)
    assert {name: found.get(name) for name in values} == values
    assert set(found) - set(values) <= {"PATH", "PWD", "SHLVL", "_", "OLDPWD"}
