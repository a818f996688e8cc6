"""No value that is accepted can end a line of a unit, a directive of nginx or a variable of an environment file.

Values are those that every rule lets through, with pieces put into them that have a meaning to one of the readers. Most
are refused then; what is rendered from the others must have the shape of what harmless values give.
"""

from __future__ import annotations

import json
import re
import shlex
import string
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import crossplane  # type: ignore[import-untyped]  # which gixy brings
import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import command_line, environment_file
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import files as files_app
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import plan, validators
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.unit.behaviour import readers

PIECES = (
    *"\n\r\t\0\\\"'`$%{}()[];#=:,/*?&|<>~^ -+@!.",
    *(
        "\r\n",
        "\\\n",
        "\\n",
        "%n",
        "%%",
        "%i",
        "$HOME",
        "${HOME}",
        "$(id)",
        "`id`",
        "\\x0a",
        "\\;",
        "/../",
        "//",
        "/./",
    ),
    *(
        "; return 200;",
        "} server {",
        "\n}",
        "\n[Service]\n",
        "\nExecStart=/bin/sh",
        "\nUser=root\n",
        '" "',
        "' '",
        "# ",
    ),
    *("{{ 1 }}", "{% if %}", "\u2028", "\u0085", "\u00a0", "\ufeff", "é", "\x1b[0m", "\x7f", "$host", "$1", "~*", "^~"),
)
FACTS: Any = {
    "distribution": "Debian",
    "distribution_major_version": "13",
    "processor_nproc": 2,
    "processor_vcpus": 4,
    "memtotal_mb": 4096,
}
BASE = {
    "name": "shop",
    "git": "https://git.example.com/shop.git",
    "module": "shop.main:app",
    "domains": ["shop.example.com"],
    "release_command": "alembic upgrade head",
    "needs": ["postgresql.service"],
    "storage": ["media", "uploads"],
    "cache": ["thumbs"],
    "static": {"/static/": "public"},
    "env": {"PYTHONPATH": "lib"},
    "secrets": {"TOKEN": "x" * 8},
    "processes": {"worker": "celery worker"},
    "jobs": {"tick": {"command": "tick now", "schedule": "daily"}},
    "health": {"liveness": "/alive", "metrics": "/metrics"},
    "gate": {"path": "/ready"},
    "site": {
        "redirect_from": ["www.shop.example.com"],
        "redirects": {"/old": "/new"},
        "headers": {"X-A": "a"},
        "users": {"ops": f"$6$salt${'a' * 20}"},
        "body_size": "1m",
        "rate": "5/s",
        "allow": ["192.0.2.0/24"],
        "maintenance_allow": ["192.0.2.0/24"],
        "media": {"/uploads/": "uploads"},
        "paths": {"/slow": {"timeout": 300, "rate": "1/m", "body_size": "2m", "allow": ["::1"], "auth": True}},
    },
}


@st.composite
def touched(draw: st.DrawFn, value: str) -> str:
    """Return a harmless value with one to three pieces in it, somewhere."""
    for piece in draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=3)):
        at = draw(st.sampled_from(sorted({0, len(value) // 2, max(0, len(value) - 1), len(value)})))
        value = value[:at] + piece + value[at:]
    return value


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str, bool]]:
    """Yield every text in options, keys included: where it is, and whether it is a key."""
    if isinstance(value, dict):
        for key, item in value.items():
            if path and path[-1] in KEYED:
                yield (*path, key), key, True
            yield from texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))
    elif isinstance(value, str):
        yield path, value, False


# Dictionaries whose keys are the user's own.
KEYED = {"static", "env", "secrets", "processes", "jobs", "redirects", "headers", "users", "paths", "media"}
PLACES = list(texts(BASE))


def put(options: Any, path: tuple[Any, ...], value: str, is_key: bool) -> None:
    for part in path[:-1]:
        options = options[part]
    if is_key:
        options[value] = options.pop(path[-1])
    else:
        options[path[-1]] = value


def accepted(options: Mapping[str, Any]) -> bool:
    inventory: dict[str, Any] = {"asgi_apps": [options], "certificate_email": "ops@example.com"}
    return not inventory_errors(inventory)


@st.composite
def options_with_pieces(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """Return options of which one text is touched, and still accepted; and which it is."""
    path, value, is_key = draw(st.sampled_from(PLACES))
    options = json.loads(json.dumps(BASE))
    new = draw(touched(value))
    put(options, path, new, is_key)
    assume(accepted(options))
    return options, f"{'.'.join(map(str, path))} = {new!r}"


Value = Callable[..., Any]
TRIES = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


def units(options: Mapping[str, Any]) -> dict[str, str]:
    decided = plan.app_plan(options, FACTS)
    result = files_app.units(decided)
    files = files_app.public_files(decided, "443")
    boot = files_app.boot_files(decided)
    return {**result, **{str(number): file["content"] or "" for number, file in enumerate([*files, *boot])}}


def lines(_render: Value, options: Mapping[str, Any]) -> list[Any]:
    """Return sections and keys of all units."""
    result = units(options).values()
    return sorted([(section, key) for section, key, _ in readers.unit(text)] for text in result)


def shape(render: Value, options: Mapping[str, Any]) -> list[Any]:
    """Return the directives of a site's files, without their arguments but with how many these are."""
    decided = plan.app_plan(options, FACTS)
    text = render("app", "site.conf.j2", plan=decided) + render("app", "metrics.conf.j2", plan=decided)
    return directives(parsed(text))


@pytest.mark.parametrize("shaped", [lines, shape], ids=["units", "nginx"])
def test_files_keep_their_shape(render: Value, shaped: Callable[[Value, Mapping[str, Any]], list[Any]]) -> None:
    harmless = shaped(render, BASE)

    @TRIES
    @given(drawn=options_with_pieces())
    def tried(drawn: tuple[dict[str, Any], str]) -> None:
        options, what = drawn
        seen.add(what)
        assert shaped(render, options) == harmless, what

    seen: set[str] = set()
    tried()
    assert len(seen) > 10


def parsed(text: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "site.conf")
        file.write_text(text, encoding="utf-8")
        result = crossplane.parse(str(file), single=True, check_ctx=False, check_args=False)
    assert result["status"] == "ok", result["errors"]
    return result["config"][0]["parsed"]


def directives(block: Any) -> list[Any]:
    """Return names and numbers of arguments; blocks sorted, as paths and zones are by their names."""
    return sorted(
        (item["directive"] if re.match(r"[a-z_]+$", item["directive"]) else "an entry of a map", len(item["args"]))
        + ((str(directives(item["block"])),) if "block" in item else ())
        for item in block
    )


@pytest.mark.parametrize("text", ["a;", "location /x { return 204; }", 'add_header X "a;}b";'])
def test_the_shape_would_change(render: Value, text: str) -> None:
    """A snippet is nginx's own language, so it shows what the comparison sees."""
    options = {**BASE, "site": {**BASE["site"], "snippet": text}}  # type: ignore[dict-item]
    assert accepted(options)
    assert shape(render, options) != shape(render, BASE)


NAMES = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=12).filter(
    lambda name: validators.env({name: ""}) is None
)
# Neither a test's time nor that of making its values says anything on a machine that is busy.
FOUR_HUNDRED = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
VALUES = st.text(max_size=60) | touched("value") | touched("")


@FOUR_HUNDRED
@given(variables=st.dictionaries(NAMES, VALUES, max_size=6))
def test_an_environment_file_is_read_as_it_was_meant(variables: dict[str, str]) -> None:
    given_ones = {name: value for name, value in variables.items() if validators.env({name: value}) is None}
    try:
        text = environment_file(given_ones)
        text.encode()
    except UnicodeEncodeError:
        assume(False)
    assert readers.environment(text) == given_ones


@FOUR_HUNDRED
@given(words=st.lists(touched("word") | st.text(max_size=20), max_size=4))
def test_a_command_line_is_read_as_these_words(words: list[str]) -> None:
    command = shlex.join(["program", *words])
    assume(validators.command(command) is None)
    line = command_line(command)
    assert [readers.unit(f"[Service]\nExecStart={line}\nUser=x\n")[index][:2] for index in (0, 1)] == [
        ("Service", "ExecStart"),
        ("Service", "User"),
    ]
    assert readers.words(line) == ["program", *words]


def test_enough_is_accepted_of_every_option() -> None:
    """A value that is always refused would prove nothing: which options take any of the pieces, and which take none."""
    taken = set()
    for path, value, is_key in PLACES:
        for piece in (".", "-", "/a", "1", " x", "'"):
            options = json.loads(json.dumps(BASE))
            put(options, path, value + piece, is_key)
            taken |= {path} if accepted(options) else set()
    never = {".".join(map(str, path)) for path, _, _ in PLACES if path not in taken}
    # One of the last two without the other is refused.
    assert never <= {
        "storage.1",
        "site.media./uploads/",
        "needs.0",
        "site.body_size",
        "site.rate",
        "site.allow.0",
        "site.maintenance_allow.0",
    } | {f"site.paths./slow.{key}" for key in ("rate", "body_size", "allow.0")}
