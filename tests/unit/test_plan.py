"""From what the user wrote to what shall be, and all that can be wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils.plan import app_plan, inventory_errors

Facts = Callable[[str], dict[str, Any]]


def test_defaults(spec: dict[str, Any], facts: Facts) -> None:
    assert app_plan(spec, facts("13")) == {
        **spec,
        "version": "HEAD",
        "state": "present",
        "remove_data": False,
        "env": {},
        "environment": "",
        "workers": 5,
        "workers_reason": "io_bound: 2 x 2 CPUs + 1",
        "workload": "io_bound",
        "memory_per_worker": 256,
        "server_requirements": [
            "gunicorn==27.0.1",
            "uvicorn==0.54.0",
            "uvicorn-worker==0.4.0",
            "uvloop==0.23.0",
            "httptools==0.9.0",
            "websockets==17.4",
        ],
        "installer": "auto",
        "timeout": 30,
        "graceful_timeout": 30,
        "gate": {"path": "/", "status": ["2xx", "3xx", "4xx"], "timeout": 60, "successes": 3, "uptime": 0},
        "release_command": None,
        "release_timeout": 600,
        "watch": {"seconds": 5, "error_percent": 10, "errors": 5},
        "drain_timeout": 30,
        "drain_limit": 30,
        "lock_timeout": 60,
        "keep_releases": 5,
        "user": "asgi-shop",
        "data": "/var/lib/asgi/shop",
        "access_log": "/var/log/nginx/asgi-shop.access.log",
        "home": "/srv/asgi/shop",
        "upstream": "/srv/asgi/shop/current/app.sock",
        "upstream_keepalive": {"connections": 32, "time": 3, "timeout": 2},
        "boot_unit": "asgi-boot@shop.service",
        "platform": {"nginx_http2_directive": True, "post_quantum_group": True},
    }


@pytest.mark.parametrize(
    ("options", "workers", "reason"),
    [
        pytest.param({"workers": 3}, 3, "given", id="given"),
        pytest.param({"workers": "3"}, 3, "given", id="given as text"),
        pytest.param({"workers": "auto"}, 5, "io_bound: 2 x 2 CPUs + 1", id="auto"),
        pytest.param({"workload": "cpu_bound"}, 2, "cpu_bound: 2 CPUs", id="workload"),
        pytest.param(
            {"memory_per_worker": 1024},
            2,
            "io_bound: 2 x 2 CPUs + 1; 2 fit in 50% of 4096 MiB at 1024 MiB each",
            id="memory",
        ),
    ],
)
def test_workers(spec: dict[str, Any], facts: Facts, options: dict[str, Any], workers: int, reason: str) -> None:
    plan = app_plan({**spec, **options}, facts("13"))
    assert (plan["workers"], plan["workers_reason"]) == (workers, reason)


def test_given_workers_need_no_facts_of_the_hardware(spec: dict[str, Any]) -> None:
    facts = {"distribution": "Debian", "distribution_major_version": "12"}
    assert app_plan({**spec, "workers": 3}, facts)["workers"] == 3


def test_environment(spec: dict[str, Any], facts: Facts) -> None:
    plan = app_plan({**spec, "env": {"B": "$x", "A": 1}}, facts("13"))
    assert plan["environment"] == 'A="1"\nB="\\$x"\n'


@pytest.mark.parametrize(
    ("written", "planned"),
    [
        (None, None),
        ("alembic upgrade head", '"alembic" "upgrade" "head"'),
        ("sh -c 'echo 100% $HOME'", '"sh" "-c" "echo 100%% $$HOME"'),
    ],
)
def test_release_command(spec: dict[str, Any], facts: Facts, written: str | None, planned: str | None) -> None:
    assert app_plan({**spec, "release_command": written}, facts("13"))["release_command"] == planned


@pytest.mark.parametrize(("given", "limit"), [(0, 6), (5, 6), (6, 6), (7, 7), (3600, 3600)])
def test_drain_lasts_as_long_as_idle_connections_of_nginx(
    spec: dict[str, Any], facts: Facts, given: int, limit: int
) -> None:
    assert app_plan({**spec, "drain_timeout": given}, facts("13"))["drain_limit"] == limit


@pytest.mark.parametrize(
    ("watch", "planned"),
    [
        ({}, {"seconds": 5, "error_percent": 10, "errors": 5}),
        ({"seconds": 0}, {"seconds": 0, "error_percent": 10, "errors": 5}),
        ({"error_percent": 50, "errors": 1}, {"seconds": 5, "error_percent": 50, "errors": 1}),
    ],
)
def test_watch(spec: dict[str, Any], facts: Facts, watch: dict[str, int], planned: dict[str, int]) -> None:
    assert app_plan({**spec, "watch": watch}, facts("13"))["watch"] == planned


@pytest.mark.parametrize(
    ("major", "platform"),
    [
        ("12", {"nginx_http2_directive": False, "post_quantum_group": False}),
        ("13", {"nginx_http2_directive": True, "post_quantum_group": True}),
    ],
)
def test_platform(spec: dict[str, Any], facts: Facts, major: str, platform: dict[str, bool]) -> None:
    assert app_plan(spec, facts(major))["platform"] == platform


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        pytest.param(
            {"distribution": "Fedora", "distribution_major_version": "43"},
            "this host runs Fedora 43; supported are Debian 12, Debian 13",
            id="another system",
        ),
        pytest.param(
            {"distribution_major_version": "11"},
            "this host runs Debian 11; supported are Debian 12, Debian 13",
            id="an older one",
        ),
    ],
)
def test_unsupported_system(spec: dict[str, Any], facts: Facts, changes: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError) as error:
        app_plan(spec, {**facts("13"), **changes})
    assert str(error.value) == text


def test_mistakes_are_told_together(spec: dict[str, Any], facts: Facts) -> None:
    with pytest.raises(ValueError) as error:
        app_plan({**spec, "module": "shop.main", "verison": "v1", "timeout": 0}, facts("13"))
    assert str(error.value).splitlines() == [
        "app shop: verison: is not an option; did you mean version?",
        "app shop: module: found 'shop.main', expected package.module:attribute, as in module: shop.main:app",
        "app shop: timeout: found 0, expected 1 to 3600 seconds",
    ]


def test_everything_right(inventory: dict[str, Any]) -> None:
    assert inventory_errors(inventory) == []


@pytest.mark.parametrize(
    "variable",
    ["asgi_hosts", "nginx_worker_connections", "nginx_version", "asgi_team_contact"],
)
def test_variables_that_are_ours_or_none_of_our_business(inventory: dict[str, Any], variable: str) -> None:
    assert inventory_errors({**inventory, variable: "4096"}) == []


NO_EMAIL = (
    "certificate_email: is missing; expected the address the CA writes to, as in certificate_email: ops@example.com"
)
A_LIST = "expected a list with an entry for each application"


@pytest.mark.parametrize(
    ("apps", "error"),
    [
        pytest.param(None, f"asgi_apps: is missing; {A_LIST}", id="none"),
        pytest.param([], f"asgi_apps: found an empty list; {A_LIST}", id="empty"),
        pytest.param("shop", f"asgi_apps: found text; {A_LIST}", id="text"),
        pytest.param({"name": "shop"}, f"asgi_apps: found a dictionary; {A_LIST}", id="dictionary"),
        pytest.param(
            ["shop"],
            "asgi_apps[0]: found text, expected a dictionary with name, git, module and domains",
            id="list of names",
        ),
    ],
)
def test_no_applications(inventory: dict[str, Any], apps: Any, error: str) -> None:
    assert inventory_errors({**inventory, "asgi_apps": apps}) == [error]


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        pytest.param({"name": None}, ["asgi_apps[0].name: is missing; expected text, as in name: shop"], id="no name"),
        pytest.param(
            {"module": None},
            ["asgi_apps[0] (shop).module: is missing; expected text, as in module: shop.main:app"],
            id="no module",
        ),
        pytest.param(
            {"domains": None},
            ["asgi_apps[0] (shop).domains: is missing; expected a list of text, as in domains: [shop.example.com]"],
            id="no domains",
        ),
        pytest.param(
            {"domian": ["a.example"]},
            ["asgi_apps[0] (shop).domian: is not an option; did you mean domains?"],
            id="misspelt option",
        ),
        pytest.param(
            {"gate": {"pth": "/"}},
            ["asgi_apps[0] (shop).gate.pth: is not an option; did you mean path?"],
            id="misspelt nested option",
        ),
        pytest.param(
            {"watch": {"second": 5}},
            ["asgi_apps[0] (shop).watch.second: is not an option; did you mean seconds?"],
            id="misspelt option of the watch",
        ),
        pytest.param(
            {"watch": {"seconds": -1, "errors": 0}, "lock_timeout": -1},
            [
                "asgi_apps[0] (shop).watch.seconds: found -1, expected 0 to 3600 seconds",
                "asgi_apps[0] (shop).watch.errors: found 0, expected 1 to 1000000 errors",
                "asgi_apps[0] (shop).lock_timeout: found -1, expected 0 to 86400 seconds",
            ],
            id="out of range",
        ),
        pytest.param(
            {"release_command": "alembic 'upgrade"},
            [
                'asgi_apps[0] (shop).release_command: found "alembic \'upgrade", '
                "which is not written as for a shell: No closing quotation"
            ],
            id="release command",
        ),
        pytest.param(
            {"release_command": ["alembic", "upgrade"]},
            ["asgi_apps[0] (shop).release_command: found ['alembic', 'upgrade'], expected text"],
            id="release command as a list",
        ),
        pytest.param(
            {"state": "gone"},
            ["asgi_apps[0] (shop).state: found 'gone', expected one of present, absent, as in 'present'"],
            id="state",
        ),
        pytest.param(
            {"module": "shop.main"},
            [
                "asgi_apps[0] (shop).module: found 'shop.main', expected package.module:attribute, "
                "as in module: shop.main:app"
            ],
            id="module without colon",
        ),
        pytest.param(
            {"workload": "web"},
            ["asgi_apps[0] (shop).workload: found 'web', expected one of io_bound, cpu_bound, mixed, as in 'io_bound'"],
            id="choice",
        ),
        pytest.param(
            {"timeout": "soon", "domains": ["Shop.example.com"], "env": {"A-B": 1}},
            [
                "asgi_apps[0] (shop).timeout: found 'soon', expected a whole number, as in 30",
                "asgi_apps[0] (shop).domains: found 'Shop.example.com', expected a host name, "
                "in lower case: shop.example.com",
                "asgi_apps[0] (shop).env: 'A-B' is no name of an environment variable: letters, digits and underscores",
            ],
            id="several",
        ),
    ],
)
def test_mistakes_in_an_application(inventory: dict[str, Any], changes: dict[str, Any], errors: list[str]) -> None:
    inventory["asgi_apps"][0].update(changes)
    assert inventory_errors(inventory) == errors


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("certificate_emial", "certificate_email"),
        ("certificate_mail", "certificate_email"),
        ("asgi_aps", "asgi_apps"),
        ("asgi_host", "asgi_hosts"),
        ("nginx_worker_connection", "nginx_worker_connections"),
    ],
)
def test_misspelt_variable(inventory: dict[str, Any], written: str, meant: str) -> None:
    assert inventory_errors({**inventory, written: "x"}) == [
        f"{written}: is not a variable of asgi.deploy; did you mean {meant}?"
    ]


def test_misspelt_email(inventory: dict[str, Any]) -> None:
    inventory["certificate_emial"] = inventory.pop("certificate_email")
    misspelt = "certificate_emial: is not a variable of asgi.deploy; did you mean certificate_email?"
    assert inventory_errors(inventory) == [misspelt, NO_EMAIL]


@pytest.mark.parametrize("email", [None, ""])
def test_no_email(inventory: dict[str, Any], email: Any) -> None:
    assert inventory_errors({**inventory, "certificate_email": email}) == [NO_EMAIL]


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        pytest.param({"name": "blog", "domains": ["blog.example.com"]}, [], id="nothing shared"),
        pytest.param(
            {"domains": ["blog.example.com"]},
            ["asgi_apps[1]: name 'shop' is taken by asgi_apps[0] on the same host"],
            id="name",
        ),
        pytest.param(
            {"name": "blog", "domains": ["blog.example.com", "www.example.com"]},
            ["asgi_apps[1]: domain 'www.example.com' is taken by asgi_apps[0] on the same host"],
            id="domain",
        ),
        pytest.param(
            {"name": "blog", "domains": "www.example.com"},
            ["asgi_apps[1]: domain 'www.example.com' is taken by asgi_apps[0] on the same host"],
            id="domain written as text",
        ),
    ],
)
def test_two_applications(inventory: dict[str, Any], changes: dict[str, Any], errors: list[str]) -> None:
    inventory["asgi_apps"].append({**inventory["asgi_apps"][0], **changes})
    assert inventory_errors(inventory) == errors


def test_two_applications_without_a_name(inventory: dict[str, Any]) -> None:
    first = inventory["asgi_apps"][0]
    first["name"] = None
    inventory["asgi_apps"].append({**first, "domains": ["blog.example.com"]})
    text = "is missing; expected text, as in name: shop"
    errors = [f"asgi_apps[0].name: {text}", f"asgi_apps[1].name: {text}"]
    assert inventory_errors(inventory) == errors


@pytest.mark.parametrize(
    ("variable", "value", "error"),
    [
        pytest.param(
            "nginx_worker_connections",
            "many",
            "nginx_worker_connections: found 'many', expected a whole number",
            id="nginx",
        ),
        pytest.param(
            "certificate_directory", ["x"], "certificate_directory: found ['x'], expected text", id="certificate"
        ),
        pytest.param(
            "certificate_email",
            ["ops@example.com"],
            "certificate_email: found ['ops@example.com'], expected text",
            id="required",
        ),
    ],
)
def test_wrong_value_of_a_role(inventory: dict[str, Any], variable: str, value: Any, error: str) -> None:
    found = inventory_errors({**inventory, variable: value})
    assert [text.split(", as in")[0] for text in found] == [error]


def test_version_that_yaml_took_for_a_number(inventory: dict[str, Any]) -> None:
    """`version: 1.10` without quotes is 1.1, which may well be another tag."""
    inventory["asgi_apps"][0]["version"] = 1.10
    assert len(inventory_errors(inventory)) == 1


def test_mistakes_everywhere_are_told_at_once(inventory: dict[str, Any]) -> None:
    del inventory["certificate_email"]
    shop = inventory["asgi_apps"][0]
    del shop["module"]
    inventory["asgi_apps"].append({**shop, "git": "shop"})
    found = inventory_errors({**inventory, "asgi_host": "x"})
    assert [error.split(":")[0] for error in found] == [
        "asgi_host",
        "asgi_apps[0] (shop).module",
        "asgi_apps[1] (shop).module",
        "asgi_apps[1] (shop).git",
        "asgi_apps[1]",
        "asgi_apps[1]",
        "asgi_apps[1]",
        "certificate_email",
    ]


def test_an_empty_inventory_is_told_all_it_lacks() -> None:
    assert inventory_errors({}) == [f"asgi_apps: is missing; {A_LIST}", NO_EMAIL]
