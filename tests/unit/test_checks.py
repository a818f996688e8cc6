"""Rules for values: what passes, what does not, and what is said."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils import checks
from ansible_collections.asgi.deploy.plugins.plugin_utils.checks import APP, between, domain, git, module, rule_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils.plan import _app_options

GOOD: dict[str, list[Any]] = {
    "name": ["a", "shop", "shop-2", "a-b-c", "a" * 24],
    "git": [
        "https://git.example.com/shop.git",
        "http://10.0.0.1:3000/shop",
        "ssh://git@git.example.com:2222/team/shop.git",
        "git://git.example.com/shop",
        "file:///srv/git/shop.git",
        "git@git.example.com:team/shop.git",
        "/srv/git/shop.git",
        "https://token@git.example.com/shop.git",
    ],
    "version": ["HEAD", "v1.4.2", "main", "feature/cart", "release-1.0+build.5", "0a1b2c3", "a" * 40, "_x", "9"],
    "module": ["main:app", "shop.main:app", "shop.main:site.app", "_a._b:_c", "a1:b2"],
    "domains": [["a.example"], ["a.example", "b.example"]],
    "env": [{}, {"A": "1"}, {"_A9": 8080, "b": True, "C": ""}, {"PEM": "one\ntwo\n", "T": "\t"}],
    "workers": ["auto", "1", "1024", "08"],
    "memory_per_worker": [8, 256, 1_048_576],
    "server_requirements": [[], ["gunicorn"], ["gunicorn==27.0.1", "uvicorn[standard]==0.54.0", "a_b.c-d"]],
    "timeout": [1, 3600],
    "graceful_timeout": [1, 3600],
    "gate.path": ["/", "/ready", "/a/b.json?x=1&y=%20", "/~me/+-_"],
    "gate.status": [["200"], ["2xx", "3xx", "503"], ["1xx"], ["599"]],
    "gate.timeout": [1, 3600],
    "gate.uptime": [0, 3600],
    "gate.successes": [1, 1000],
    "release_command": [
        "alembic upgrade head",
        "/usr/bin/true",
        "python -m shop.migrate --to '1 2' --note=\"it's\"",
        "sh -c 'a; b && c > /dev/null'",
        "manage-shop +x -y @z !",
        "migrate ü %i $HOME \\\\",
    ],
    "release_timeout": [1, 86_400],
    "watch.seconds": [0, 3600],
    "watch.error_percent": [0, 100],
    "watch.errors": [1, 1_000_000],
    "drain_timeout": [0, 86_400],
    "lock_timeout": [0, 86_400],
    "keep_releases": [1, 100],
}

BAD: dict[str, list[Any]] = {
    "name": [
        "",
        "Shop",
        "1shop",
        "-shop",
        "shop-",
        "a--b",
        "a_b",
        "a.b",
        "a b",
        "shop\n",
        "ü",
        "a/b",
        "a" * 25,
        "boot",
    ],
    "git": [
        "",
        "shop",
        "shop.git",
        "./shop",
        "git.example.com/shop.git",
        "ftp://git.example.com/shop.git",
        "ext::sh -c id",
        "https://",
        "https://git.example.com",
        "https://git.example.com/",
        "https:///shop.git",
        "https://user:secret@git.example.com/shop.git",
        "https://git.example.com/a b.git",
        "https://git.example.com/shop.git\n",
        "--upload-pack=id",
        "-oProxyCommand=id@host:path",
        "git@host:pa\x00th",
        "https://[::1/shop.git",
    ],
    "version": [
        "",
        "v1..v2",
        "..",
        "-d",
        ".hidden",
        "v1/",
        "v1.",
        "v1.lock",
        "a//b",
        "v 1",
        "v1\n",
        "a~1",
        "a^",
        "a:b",
    ],
    "module": ["", "app", "shop.main", "shop.main:", ":app", "shop/main.py:app", "shop.main:app()", "shop main:app"],
    "domains": [[], ["a.example", "a.example"], ["localhost"], ["a.example", "b"]],
    "env": [
        {"1A": "x"},
        {"A-B": "x"},
        {"": "x"},
        {"A=B": "x"},
        {"A\n": "x"},
        {"A": None},
        {"A": ["x"]},
        {"A": {"b": 1}},
        {"A": "x\x00"},
        {"A": "x\x1b[0m"},
        {"A": "x\r\n"},
        {"ASGI_APP": "x"},
        {"ASGI_RELEASE": "x"},
    ],
    "workers": ["", "0", "-1", "1025", "2.5", "many", "Auto", "99999999", "²"],
    "memory_per_worker": [0, 7, 1_048_577, -1],
    "server_requirements": [["gunicorn>=27"], ["-r x"], ["https://a/b.whl"], [""], ["a; b"], ["gunicorn==27", "./x"]],
    "timeout": [0, 3601],
    "graceful_timeout": [0, 3601],
    "gate.path": ["", "ready", "https://a.example/ready", "/a b", "/a\r\nHost: b", "/ü", "/#top"],
    "gate.status": [[], ["2XX"], ["0xx"], ["6xx"], ["20"], ["2000"], ["ok"], ["200", ""]],
    "gate.timeout": [0, 3601],
    "gate.uptime": [-1, 3601],
    "gate.successes": [0, 1001],
    "release_command": [
        "",
        "  ",
        "alembic upgrade head\n",
        "alembic\nExecStartPre=id",
        "alembic\tupgrade",
        "alembic\r",
        "alembic \x00",
        "alembic 'upgrade",
        'alembic "upgrade',
        "alembic \\",
        # What systemd would not take for a program.
        "''",
        "'' upgrade",
        "./migrate.sh",
        "bin/migrate",
        ".",
        "/usr/bin/",
        # What systemd would take for a wish of ours: to run it as root, to ignore that it fails, and so on.
        "+id",
        "-alembic upgrade head",
        "!id",
        "@id x",
        ":id",
        "'+/usr/bin/id'",
    ],
    "release_timeout": [0, 86_401],
    "watch.seconds": [-1, 3601],
    "watch.error_percent": [-1, 101],
    "watch.errors": [0, 1_000_001],
    "drain_timeout": [-1, 86_401],
    "lock_timeout": [-1, 86_401],
    "keep_releases": [0, 101],
}


def table(values: dict[str, list[Any]]) -> list[Any]:
    return [pytest.param(key, value, id=f"{key}={value!r:.40}") for key, items in values.items() for value in items]


@pytest.mark.parametrize(("key", "value"), table(GOOD))
def test_good(key: str, value: Any) -> None:
    assert APP[key](value) is None


@pytest.mark.parametrize(("key", "value"), table(BAD))
def test_bad(key: str, value: Any) -> None:
    assert APP[key](value)


def test_every_rule_has_values() -> None:
    assert set(GOOD) == set(BAD) == set(APP)


def test_every_rule_is_of_an_option() -> None:
    for key in APP:
        options = _app_options()
        for part in key.split("."):
            assert part in options
            options = options[part].get("options", {})


def test_domain_lengths() -> None:
    label = "a" * 63
    assert domain(f"{label}.example") is None
    assert domain(f"a{label}.example") is not None
    longest = f"{label}.{label}.{label}.{'a' * 57}.com"
    assert len(longest) == 253
    assert domain(longest) is None
    assert domain(f"a{longest[:-4]}.com") is not None


EXPECTED_GIT = "expected a repository, as in git: https://git.example.com/shop.git"


@pytest.mark.parametrize(
    ("rule", "value", "text"),
    [
        pytest.param(
            checks.name,
            "My_Shop",
            "found 'My_Shop', expected at most 24 lower-case letters, digits and single hyphens, "
            "beginning with a letter, as in name: shop",
            id="name",
        ),
        pytest.param(
            checks.name,
            "boot",
            "found 'boot', which is the name of a unit of ours; choose another",
            id="reserved name",
        ),
        pytest.param(
            module,
            "shop.main",
            "found 'shop.main', expected package.module:attribute, as in module: shop.main:app",
            id="module without colon",
        ),
        pytest.param(
            module,
            "api",
            "found 'api', expected package.module:attribute, as in module: api:app",
            id="module of one word",
        ),
        pytest.param(
            module,
            "shop/main.py",
            "found 'shop/main.py', expected package.module:attribute, as in module: shop.main:app",
            id="file instead of module",
        ),
        pytest.param(
            domain,
            "münchen.example.com",
            "found 'münchen.example.com', expected its ASCII form, 'xn--mnchen-3ya.example.com'",
            id="Unicode",
        ),
        pytest.param(
            domain,
            "Shop.Example.com",
            "found 'Shop.Example.com', expected a host name, in lower case: shop.example.com",
            id="upper case",
        ),
        pytest.param(
            domain,
            "https://shop.example.com/",
            "found 'https://shop.example.com/', expected a host name, without scheme and path",
            id="URL",
        ),
        pytest.param(
            domain,
            "10.0.0.1",
            "found '10.0.0.1', expected a host name, as in shop.example.com",
            id="address",
        ),
        pytest.param(
            domain,
            "*.example.com",
            "found '*.example.com', expected a host name, as in shop.example.com",
            id="wildcard",
        ),
        pytest.param(
            domain, "localhost", "found 'localhost', expected a host name, as in shop.example.com", id="label"
        ),
        pytest.param(
            domain, "a..example", "found 'a..example', expected a host name, as in shop.example.com", id="dots"
        ),
        pytest.param(domain, "-a.example", "found '-a.example', expected a host name, as in shop.example.com", id="-"),
        pytest.param(domain, "a.example.", "found 'a.example.', expected a host name, as in shop.example.com", id="."),
        pytest.param(
            domain,
            "a.example;b",
            "found 'a.example;b', expected a host name, as in shop.example.com",
            id="what nginx would read",
        ),
        pytest.param(
            checks.domains,
            [],
            "found an empty list, expected at least one host name, as in domains: [shop.example.com]",
            id="no domains",
        ),
        pytest.param(
            checks.domains, ["b.example", "a.example", "b.example"], "found b.example twice", id="domain twice"
        ),
        pytest.param(
            checks.domains,
            ["a", "b.example", "C.example"],
            "found 'a', expected a host name, as in shop.example.com; "
            "found 'C.example', expected a host name, in lower case: c.example",
            id="two wrong domains",
        ),
        pytest.param(
            git,
            "https://me:secret@git.example.com/shop.git",
            "holds a password; keep it in root's ~/.netrc on the host and write git: https://git.example.com/shop.git",
            id="password",
        ),
        pytest.param(
            git,
            "https://me:secret@git.example.com:8443/shop.git",
            "holds a password; keep it in root's ~/.netrc on the host "
            "and write git: https://git.example.com:8443/shop.git",
            id="password and port",
        ),
        pytest.param(git, "shop", f"found 'shop', {EXPECTED_GIT}", id="no URL"),
        pytest.param(git, "https://[::1/shop.git", f"found 'https://[::1/shop.git', {EXPECTED_GIT}", id="broken IPv6"),
        pytest.param(
            checks.version,
            "v1..v2",
            "found 'v1..v2', expected a tag, branch or commit, as in version: v1.4.2",
            id="range of versions",
        ),
        pytest.param(
            checks.workers,
            "many",
            "found 'many', expected auto or a number from 1 to 1024, as in workers: auto",
            id="workers",
        ),
        pytest.param(
            checks.path, "ready", "found 'ready', expected an absolute path of a URL, as in /ready", id="path"
        ),
        pytest.param(
            checks.statuses,
            ["ok"],
            "found ['ok'], expected numbers or classes of HTTP status, as in [200] or [2xx, 3xx]",
            id="status",
        ),
        pytest.param(
            checks.requirements,
            ["gunicorn>=27", "uvicorn", "-e ."],
            "found 'gunicorn>=27', '-e .', expected name or name==version, as in gunicorn==27.0.1",
            id="requirements",
        ),
        pytest.param(
            checks.env,
            {"A-B": "1", "ASGI_APP": "x", "C": None, "D": ["x"], "E": "\x00"},
            "'A-B' is no name of an environment variable: letters, digits and underscores; "
            "ASGI_APP is set by the release itself; leave it out; C is no text but NoneType; D is no text but list; "
            "E holds a control character",
            id="environment",
        ),
        pytest.param(checks.command, "a\nb", "found 'a\\nb', expected one line", id="command of two lines"),
        pytest.param(
            checks.command,
            "alembic 'upgrade",
            'found "alembic \'upgrade", which is not written as for a shell: No closing quotation',
            id="command with a quote too few",
        ),
        pytest.param(
            checks.command, " ", "found ' ', expected a command, as in alembic upgrade head", id="empty command"
        ),
        pytest.param(between(1, 9, "seconds"), 10, "found 10, expected 1 to 9 seconds", id="range of numbers"),
    ],
)
def test_text(rule: checks.Rule, value: Any, text: str) -> None:
    assert rule(value) == text


def test_no_password_is_told() -> None:
    assert "secret" not in str(git("https://me:secret@git.example.com/shop.git"))
    assert "secret" not in str(git("https://me:secret@git.example.com"))


def test_rule_errors() -> None:
    app = {"name": "Shop", "git": None, "module": "main:app", "gate": {"path": "ready", "timeout": 0}}
    assert rule_errors("app", app, "apps[0].") == [
        "apps[0].name: found 'Shop', expected at most 24 lower-case letters, digits and single hyphens, "
        "beginning with a letter, as in name: shop",
        "apps[0].gate.path: found 'ready', expected an absolute path of a URL, as in /ready",
        "apps[0].gate.timeout: found 0, expected 1 to 3600 seconds",
    ]


def test_rule_errors_where_a_group_is_missing() -> None:
    assert rule_errors("app", {"gate": None}) == []
