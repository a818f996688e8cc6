"""The servers: the place of each setting in each of them, and the reason of each refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.entry import app_options, lock_inputs
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.server_settings import (
    GUNICORN,
    GUNICORN_ASGI,
    GUNICORN_WSGI,
    HOOKS,
    REFUSED,
    SERVERS,
    SETTINGS,
    UVICORN,
    No,
    To,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.servers import NEEDS, OPTIONAL, requirements
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

from tests import ROOT

Facts = Callable[[str], Any]
Serving = Callable[..., dict[str, Any]]
Errors = Callable[..., list[str]]

# A value of each setting that is no default, and the settings that it needs next to it.
VALUES: dict[str, Any] = {
    "backlog": 512,
    "max_requests": 1000,
    "max_requests_jitter": 50,
    "worker_connections": 77,
    "threads": 4,
    "limit_concurrency": 99,
    "keepalive": 75,
    "limit_request_line": 2048,
    "limit_request_fields": 32,
    "limit_request_field_size": 4096,
    "h11_max_incomplete_event_size": 32768,
    "preload_app": True,
    "worker_tmp_dir": "/run",
    "proc_name": "till",
    "loop": "asyncio",
    "http": "h11",
    "lifespan": "off",
    "root_path": "/shop",
}
TOGETHER_WITH: dict[str, dict[str, Any]] = {
    "max_requests_jitter": {"max_requests": 1000},
    "h11_max_incomplete_event_size": {"http": "h11"},
    "worker_connections": {"threads": 4},
    "keepalive": {"threads": 4},
}
EVERY = [pytest.param(name, server, id=f"{name}-{server}") for name in SETTINGS for server in SERVERS]
EVERY_HOOK = [pytest.param(name, server, id=f"{name}-{server}") for name in HOOKS for server in SERVERS]


READ = {path: {"content": ""} for path in ("shop.pem", "shop.key", "clients.pem")}


@pytest.fixture
def serving(spec: dict[str, Any], facts: Facts) -> Serving:
    def of(**options: Any) -> dict[str, Any]:
        return {**app_plan({**spec, **options}, facts("13"), READ)["serving"]}

    return of


@pytest.fixture
def errors(inventory: dict[str, Any]) -> Errors:
    def of(**options: Any) -> list[str]:
        inventory["asgi_apps"][0].update(options)
        prefix = "asgi_apps[0] (shop)."
        result = inventory_errors(inventory, READ)
        assert all(text.startswith(prefix) for text in result), result
        return [text.removeprefix(prefix) for text in result]

    return of


def companions(name: str, server: str) -> dict[str, Any]:
    """Return what a setting needs, of what the server is given."""
    return {key: value for key, value in TOGETHER_WITH.get(name, {}).items() if isinstance(SETTINGS[key][server], To)}


def where(serving: dict[str, Any], effect: To) -> dict[str, Any]:
    """Return what a plan has at the places that an effect names."""
    runtime = serving["runtime"]
    places = {
        "gunicorn": runtime["gunicorn"],
        "uvicorn": runtime["uvicorn"],
        "socket": serving["socket"],
        "runtime": runtime,
    }
    return {kind: places[kind].get(target) for kind in places if (target := getattr(effect, kind))}


def test_tables_have_the_settings_of_the_spec() -> None:
    options = app_options()["settings"]["options"]
    assert set(SETTINGS) == set(VALUES) == set(options) - {"hooks"}
    assert set(HOOKS) == set(options["hooks"]["options"])
    assert set(SERVERS) == set(app_options()["server"]["choices"]) == set(NEEDS)
    assert all(set(effects) == set(SERVERS) for effects in [*SETTINGS.values(), *HOOKS.values()])
    assert not set(REFUSED) & set(SETTINGS)


@pytest.mark.parametrize(("name", "server"), EVERY)
def test_setting_has_its_effect_or_is_refused_with_a_reason(
    serving: Serving, errors: Errors, name: str, server: str
) -> None:
    effect, value = SETTINGS[name][server], VALUES[name]
    settings = {name: value, **companions(name, server)}
    if isinstance(effect, No):
        assert errors(server=server, settings=settings) == [
            f"settings.{name}: found {value!r}, which server: {server} does not take: {effect.reason}"
        ]
        return
    assert errors(server=server, settings=settings) == []
    taken = where(serving(server=server, settings=settings), effect)
    assert taken and set(taken.values()) == {value}
    assert value not in where(serving(server=server, settings=companions(name, server)), effect).values()


@pytest.mark.parametrize(("name", "server"), EVERY_HOOK)
def test_hook_is_called_or_is_refused_with_a_reason(serving: Serving, errors: Errors, name: str, server: str) -> None:
    effect, settings = HOOKS[name][server], {"hooks": {name: f"shop.hooks:{name}"}}
    if isinstance(effect, No):
        assert errors(server=server, settings=settings) == [
            f"settings.hooks.{name}: found 'shop.hooks:{name}', which server: {server} does not take: {effect.reason}"
        ]
        return
    assert errors(server=server, settings=settings) == []
    assert serving(server=server, settings=settings)["runtime"]["hooks"] == {name: f"shop.hooks:{name}"}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("name", REFUSED)
def test_setting_that_is_the_releases_own_is_refused(errors: Errors, name: str, server: str) -> None:
    """Whatever its value is: that it has no place there is all there is to say."""
    expected = [f"settings.{name}: is no setting of a release: {REFUSED[name]}"]
    assert errors(server=server, settings={name: "x"}) == expected
    assert errors(server=server, settings={name: None}) == expected


def test_refusals_say_what_to_do() -> None:
    """Each text holds a reason or an advice, and begins and ends as part of a sentence does."""
    effects = [*SETTINGS.values(), *HOOKS.values()]
    reasons = [effect.reason for table in effects for effect in table.values() if isinstance(effect, No)]
    for text in [*reasons, *REFUSED.values()]:
        assert len(text) > 12 and text == text.strip(" .;:"), text


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_is_for_at_least_one_server(name: str) -> None:
    """One that no server takes belongs among those that are refused by name."""
    assert any(isinstance(effect, To) for effect in SETTINGS[name].values())


def test_advice_can_be_followed() -> None:
    """What a refusal says to write exists, there where it says to write it."""
    options = app_options()
    settings = {*SETTINGS, "hooks"}
    for name, text in REFUSED.items():
        for written in re.findall(r"\bwrite ([a-z_0-9]+)(?: next to settings|: |$)", text):
            assert written in options or written in settings, (name, written)


@pytest.mark.parametrize(
    ("options", "actual"),
    [
        pytest.param(
            {"settings": {"max_requests_jitter": 10}},
            ["settings.max_requests_jitter: is added to max_requests, which is missing; write both"],
            id="jitter of nothing",
        ),
        pytest.param({"settings": {"max_requests_jitter": 0}}, [], id="no jitter of nothing"),
        pytest.param(
            {"settings": {"h11_max_incomplete_event_size": 4096}},
            ["settings.h11_max_incomplete_event_size: only the parser h11 reads it; write http: h11"],
            id="h11's limit without h11",
        ),
        pytest.param(
            {"server": UVICORN, "settings": {"h11_max_incomplete_event_size": 4096, "http": "httptools"}},
            ["settings.h11_max_incomplete_event_size: only the parser h11 reads it; write http: h11"],
            id="h11's limit with another parser",
        ),
        pytest.param(
            {"server": GUNICORN_WSGI, "settings": {"worker_connections": 9}},
            ["settings.worker_connections: a worker without threads takes one connection; write threads"],
            id="connections without threads",
        ),
        pytest.param(
            {"server": GUNICORN_WSGI, "settings": {"keepalive": 75, "threads": 1}},
            ["settings.keepalive: a worker without threads closes every connection; write threads"],
            id="keepalive of one thread",
        ),
        pytest.param(
            {"server": GUNICORN_WSGI, "settings": {"keepalive": 75, "threads": 2, "worker_connections": 9}},
            [],
            id="with threads",
        ),
        pytest.param(
            {"settings": {"keepalive": 9}},
            [
                "settings.keepalive: found 9, expected at least 10 seconds: longer than nginx keeps a connection, "
                "so that none is closed on a request"
            ],
            id="keepalive shorter than nginx's",
        ),
        pytest.param({"settings": {"keepalive": 9}, "proxy": "none"}, [], id="keepalive without nginx"),
        pytest.param(
            {"server": GUNICORN_ASGI, "proxy": "none"},
            ["server: found 'gunicorn-asgi', which cannot serve without nginx; write gunicorn or uvicorn"],
            id="server that needs nginx",
        ),
        pytest.param(
            {"proxy": "none", "tls": {"certificate": "shop.pem"}},
            ["tls.key: is missing; a certificate and its key are given together, or neither"],
            id="certificate without a key",
        ),
        pytest.param(
            {"proxy": "none", "tls": {"key": "shop.key"}},
            ["tls.certificate: is missing; a certificate and its key are given together, or neither"],
            id="key without a certificate",
        ),
        pytest.param(
            {"tls": {"port": 8443}},
            [
                "tls.port: is for proxy: none, and nginx, which ends TLS here, does not read it; leave it out, "
                "or write proxy: none"
            ],
            id="tls with nginx",
        ),
        pytest.param({"tls": {}, "watch": {"errors": 9}}, [], id="no tls with nginx"),
        pytest.param({"proxy": "none", "watch": {"seconds": 9}}, [], id="watch without nginx"),
        pytest.param(
            {"proxy": "none", "watch": {"seconds": 9, "errors": 9}},
            ["watch.errors: counts errors in nginx's access log, and proxy: none has no nginx; leave it out"],
            id="errors to watch without nginx",
        ),
        pytest.param(
            {
                "health": {"liveness": "/alive", "readiness": "/ready", "metrics": "/numbers"},
                "gate": {"path": "/ready"},
            },
            [],
            id="paths of health",
        ),
        pytest.param(
            {"health": {"liveness": "/health", "readiness": "/health", "metrics": "/health"}},
            [
                "health.metrics: found '/health', which is health.liveness already; each needs a path of its own",
                "health.readiness: found '/health', which is health.liveness already; each needs a path of its own",
            ],
            id="one path of health for all",
        ),
        pytest.param(
            {"health": {"liveness": "/health"}, "gate": {"path": "/health?from=gate"}},
            [
                "gate.path: found '/health', which is health.liveness and is answered without the application, so that "
                "the gate would let a broken one pass; write a path of the application's own, as in gate: "
                "{path: /ready}"
            ],
            id="a gate that cannot fail",
        ),
        pytest.param(
            {"proxy": "none", "tls": {"client_certificates": "required"}},
            [
                "tls.client_ca: is given or missing without tls.client_certificates: write both, as in "
                "tls: {client_certificates: required, client_ca: files/clients.pem}"
            ],
            id="client certificates of no CA",
        ),
        pytest.param(
            {"settings": {"bind": "x", "max_request": 1, "threads": 2}, "timeout": "soon"},
            [
                f"settings.bind: is no setting of a release: {REFUSED['bind']}",
                "settings.max_request: is not an option; did you mean max_requests?",
                "timeout: found 'soon', expected a whole number, as in 30",
            ],
            id="several",
        ),
        pytest.param(
            {"settings": {"post_fork": "shop.hooks:post_fork"}},
            [
                "settings.post_fork: is no setting of a release: write it below settings.hooks, "
                "as in hooks: {post_fork: shop.hooks:post_fork}"
            ],
            id="hook among the settings",
        ),
    ],
)
def test_contradictory_settings_are_refused(errors: Errors, options: dict[str, Any], actual: list[str]) -> None:
    assert errors(**options) == actual


GUNICORN_COMMAND = "gunicorn --config=python:asgi_deploy_runtime.gunicorn_conf asgi_deploy_runtime.application:app"


@pytest.mark.parametrize(
    ("options", "command", "interface", "worker_class", "watchdog"),
    [
        ({}, GUNICORN_COMMAND, "asgi", None, None),
        ({"server": GUNICORN_ASGI}, GUNICORN_COMMAND, "asgi", None, None),
        ({"server": GUNICORN_WSGI}, GUNICORN_COMMAND, "wsgi", "sync", None),
        ({"server": GUNICORN_WSGI, "settings": {"threads": 2}}, GUNICORN_COMMAND, "wsgi", "gthread", None),
        ({"server": UVICORN, "workers": 2}, "python -m asgi_deploy_runtime.serve", "asgi", None, None),
        ({"server": UVICORN, "workers": 1}, "python -m asgi_deploy_runtime.serve", "asgi", None, 20),
        (
            {"server": UVICORN, "workers": 1, "settings": {"max_requests": 1000}},
            "python -m asgi_deploy_runtime.serve",
            "asgi",
            None,
            None,
        ),
    ],
)
def test_server_has_its_command_and_interface(
    serving: Serving,
    options: dict[str, Any],
    command: str,
    interface: str,
    worker_class: str | None,
    watchdog: int | None,
) -> None:
    actual = serving(**{"timeout": 20, **options})
    assert actual["command"] == command
    assert actual["runtime"]["interface"] == interface
    assert actual["runtime"]["gunicorn"].get("worker_class") == worker_class
    assert actual["watchdog"] == watchdog


def test_gunicorn_gets_its_values(serving: Serving) -> None:
    runtime = serving(workers=3, timeout=20, graceful_timeout=40)["runtime"]
    assert runtime["gunicorn"] == {
        "workers": 3,
        "timeout": 20,
        "graceful_timeout": 89,  # longer than the worker's own two, by what draining takes
        "keepalive": 65,
        "proc_name": "shop",
        "worker_tmp_dir": "/dev/shm",
        "control_socket_disable": True,
        "forwarded_allow_ips": "*",
    }
    assert runtime["uvicorn"] == {
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 40,
        "proxy_headers": True,
        "ws_ping_interval": 20.0,
        "h11_max_incomplete_event_size": 131_072,
    }


def test_uvicorn_gets_its_values(serving: Serving) -> None:
    runtime = serving(server=UVICORN, workers=3, timeout=20, graceful_timeout=40)["runtime"]
    assert runtime["gunicorn"] == {}
    assert runtime["uvicorn"] == {
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 40,
        "proxy_headers": True,
        "ws_ping_interval": 20.0,
        "h11_max_incomplete_event_size": 131_072,
        "workers": 3,
        "timeout_worker_healthcheck": 20,
        "timeout_keep_alive": 65,
        "forwarded_allow_ips": "*",
    }
    assert (runtime["title"], runtime["app"]) == ("shop", "shop")


@pytest.mark.parametrize("server", [GUNICORN_ASGI, GUNICORN_WSGI])
def test_headers_that_nginx_lets_through_reach_the_application(serving: Serving, server: str) -> None:
    """gunicorn's own limits are 4 kB for the line and 8 kB for a header; nginx's are 16 kB."""
    gunicorn: Any = serving(server=server)["runtime"]["gunicorn"]
    assert gunicorn["limit_request_line"] == 0, "none"
    assert gunicorn["limit_request_field_size"] > 16 * 1024
    own = serving(server=server, settings={"limit_request_line": 100, "limit_request_field_size": 200})["runtime"]
    assert (own["gunicorn"]["limit_request_line"], own["gunicorn"]["limit_request_field_size"]) == (100, 200)


@pytest.mark.parametrize(
    ("site", "ping"),
    [
        pytest.param({}, 20, id="nginx waits for a minute"),
        pytest.param({"timeout": 3600}, 20, id="for an hour"),
        pytest.param({"timeout": 10}, 5, id="for ten seconds"),
        pytest.param({"paths": {"/ws": {"timeout": 6}, "/slow": {"timeout": 600}}}, 3, id="for less at one path"),
        pytest.param({"timeout": 1}, 0.5, id="for a second"),
    ],
)
@pytest.mark.parametrize("server", [GUNICORN, GUNICORN_ASGI, UVICORN])
def test_websockets_are_pinged_before_nginx_ends_them(
    serving: Serving, server: str, site: dict[str, Any], ping: float
) -> None:
    runtime = serving(server=server, site=site)["runtime"]
    assert runtime["ping"] == runtime["uvicorn"].get("ws_ping_interval", ping) == ping


@pytest.mark.parametrize("server", SERVERS)
def test_no_server_binds_a_port(serving: Serving, server: str) -> None:
    runtime = serving(server=server)["runtime"]
    assert not {"bind", "uds", "fd", "host", "port"} & {*runtime["gunicorn"], *runtime["uvicorn"]}


@pytest.mark.parametrize("server", SERVERS)
def test_connections_are_kept_longer_than_nginx_keeps_them(spec: dict[str, Any], facts: Facts, server: str) -> None:
    """Were it the server that closes first, a request that nginx has just sent would be lost."""
    plan = app_plan({**spec, "server": server}, facts("13"))
    runtime: Any = plan["serving"]["runtime"]
    nginx = plan["upstream_keepalive"]
    kept = runtime["gunicorn"].get("keepalive") or runtime["uvicorn"]["timeout_keep_alive"]
    assert kept > nginx["time"] + nginx["timeout"]


@pytest.mark.parametrize(
    ("options", "readiness"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"gate": {"path": "/ready"}}, "/ready", id="the gate's"),
        pytest.param({"gate": {"path": "/ready?deep=1"}}, "/ready", id="the gate's without its query"),
        pytest.param({"gate": {"path": "/"}}, None, id="not the start page"),
        pytest.param({"gate": {"path": "/gate"}, "health": {"readiness": "/ready"}}, "/ready", id="its own"),
    ],
)
def test_readiness_is_the_path_of_the_gate_by_default(
    serving: Serving, options: dict[str, Any], readiness: str | None
) -> None:
    assert serving(**options)["runtime"]["health"]["readiness"] == readiness


def test_server_without_nginx_does_what_nginx_does(serving: Serving) -> None:
    """The server ends TLS, closes idle connections by itself, trusts no header, and logs each request."""
    tls = {"certificate": "shop.pem", "key": "shop.key", "client_ca": "clients.pem", "client_certificates": "required"}
    runtime = serving(proxy="none", tls=tls, settings={"keepalive": 9})["runtime"]
    assert runtime["direct"]["tls"] == {
        "certificate": "/etc/asgi-deploy/tls/shop/fullchain.pem",
        "key": "/etc/asgi-deploy/tls/shop/privkey.pem",
        "client_ca": "/etc/asgi-deploy/tls/shop/client-ca.pem",
        "verify": "required",
        "minimum_version": "1.2",
        "ciphers": "ECDHE+AESGCM:ECDHE+CHACHA20",
    }
    assert (runtime["idle"], runtime["gunicorn"]["keepalive"], runtime["log"]["access"]) == (5, 9, True)
    assert runtime["uvicorn"]["proxy_headers"] is False
    usual = serving(proxy="none")["runtime"]
    assert (usual["idle"], usual["gunicorn"]["keepalive"]) == (5, 65)
    assert serving(proxy="none", server=UVICORN)["runtime"]["uvicorn"]["timeout_keep_alive"] == 65
    assert serving(proxy="none", settings={"keepalive": 3})["runtime"]["idle"] == 3
    behind = serving()["runtime"]
    assert (behind["direct"], behind["idle"], behind["log"]["access"]) == (None, 2, False)


def test_levels_of_loggers_are_in_capitals(serving: Serving) -> None:
    log = serving(log={"format": "text", "level": "warning", "levels": {"shop.db": "debug"}, "access": True})["runtime"]
    assert log["log"] == {"format": "text", "level": "WARNING", "levels": {"shop.db": "DEBUG"}, "access": True}


def names(items: list[str]) -> set[str]:
    return {item.split("==")[0] for item in items}


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ({}, NEEDS[GUNICORN] | {"python-json-logger"}),
        ({"log": {"format": "text"}}, NEEDS[GUNICORN]),
        ({"health": {"metrics": "/metrics"}}, NEEDS[GUNICORN] | {"python-json-logger", "prometheus-client"}),
        ({"server": UVICORN, "log": {"format": "text"}}, NEEDS[UVICORN]),
        ({"server": GUNICORN_ASGI, "log": {"format": "text"}}, NEEDS[GUNICORN_ASGI]),
        ({"server": GUNICORN_WSGI, "log": {"format": "text"}}, NEEDS[GUNICORN_WSGI]),
    ],
)
def test_requirements_are_those_that_server_and_options_use(
    serving: Serving, options: dict[str, Any], needed: set[str]
) -> None:
    assert names(serving(**options)["requirements"]) == needed


@pytest.mark.parametrize("server", SERVERS)
def test_default_requirements_are_enough_for_each_server(server: str) -> None:
    default = names([*lock_inputs([])[2]])
    assert NEEDS[server] | set(OPTIONAL.values()) <= default


def test_further_requirements_are_kept() -> None:
    """What no server of ours is made of is installed in any case; names are compared as installers do."""
    app: Any = {"server": GUNICORN_WSGI, "log": {"format": "text"}, "health": {"metrics": None}}
    server_requirements = ["gunicorn[setproctitle]==27.0.1", "Prometheus_Client==0.26.0", "sentry-sdk==2.0.0", "uvloop"]
    assert requirements(server_requirements, app) == ["gunicorn[setproctitle]==27.0.1", "sentry-sdk==2.0.0"]


def test_tests_run_the_servers_that_releases_get() -> None:
    lock = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    locked = set(re.findall(r"^(\S+==\S+)", lock, re.MULTILINE))
    assert set(lock_inputs([])[2]) <= locked
