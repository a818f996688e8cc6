"""Files of the role app: nginx's site, the units of a release, what is laid into it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PATHS, Layout
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import files as files_app
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.site_headers import UNTRUSTED
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import RESERVED_NAMES
from jinja2 import UndefinedError

from tests import ROOT

Facts = Callable[[str], Any]
Render = Callable[..., str]
Plan = Callable[..., AppPlan]
Variable = Callable[..., Any]
Verify = Callable[..., None]

DEBIAN = pytest.mark.parametrize("major", ["12", "13"])
RELEASE = "v1-0a1b2c3d"
KINDS = {
    "service": "app.service.j2",
    "socket": "app.socket.j2",
    "command": "command.service.j2",
    "drain": "drain.service.j2",
}
GUNICORN = "gunicorn --config=python:asgi_deploy_runtime.gunicorn_conf asgi_deploy_runtime.application:app"
RUNTIME = ROOT / "roles" / "app" / "files" / "asgi_deploy_runtime"
COMMAND = "alembic upgrade 'head; 100% $HOME'"


@pytest.fixture
def plan(spec: dict[str, Any], facts: Facts) -> Plan:
    return lambda major="13", **options: app_plan({**spec, **options}, facts(major))


@pytest.fixture
def site(render: Render, plan: Plan) -> Callable[[str], str]:
    return lambda major: render("app", "site.conf.j2", plan=plan(major))


def directives(text: str, name: str) -> list[str]:
    """Return the values of an nginx directive, in the order they are written."""
    return re.findall(rf"^\s*{name}\s+([^;{{]*);", text, re.MULTILINE)


def unit(text: str) -> ConfigParser:
    """Return a unit whose options are all there once; what may be there twice is looked for in the text."""
    parser = ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return parser


@DEBIAN
def test_site_listens_as_the_host_does(site: Callable[[str], str], major: str) -> None:
    """What differs between hosts is in the files of the role nginx; systems make no other sites."""
    text = site(major)
    assert directives(text, "include") == ["/etc/nginx/asgi/http.conf", "/etc/nginx/asgi/https.conf"]
    assert not directives(text, "listen")


def test_site_behind_a_balancer_has_one_server_for_both_ports(render: Render, spec: Any, facts: Facts) -> None:
    plan = app_plan(spec, facts("13"), behind_balancer=True)
    text = render("app", "site.conf.j2", plan=plan)
    assert directives(text, "include")[:2] == ["/etc/nginx/asgi/http.conf", "/etc/nginx/asgi/https.conf"]
    assert directives(text, "server_name") == directives(text, "server_name")[:1]
    assert "X-Forwarded-Proto $asgi_scheme" in directives(text, "proxy_set_header")
    assert "if ($asgi_plain)" in text
    # In maintenance and while it is stopped, its certificate is renewed.
    closed = text[text.index("set $asgi_closed") : text.index("if ($asgi_closed)")]
    assert "acme-challenge" in closed[closed.index(str(plan["site"]["stopped_file"])) :]


@DEBIAN
def test_site_passes_on_no_claims_of_the_visitor(site: Callable[[str], str], major: str) -> None:
    headers = dict(value.split(None, 1) for value in directives(site(major), "proxy_set_header"))
    assert {headers.pop(name) for name in UNTRUSTED} == {'""'}
    assert headers == {
        "Host": "$host",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": "$scheme",
        "X-Forwarded-Host": "$host",
        "X-Forwarded-Port": "$server_port",
        "X-Real-IP": "$remote_addr",
        "X-Forwarded-Prefix": '""',
        "X-Request-ID": "$asgi_request_id",
        "X-ASGI-Probe": '""',
        "Forwarded": '""',
        "Authorization": "$asgi_authorization",
        "Upgrade": "$asgi_upgrade",
        "Connection": "$asgi_connection",
    }
    assert "$proxy_add_x_forwarded_for" not in site(major)


@DEBIAN
def test_site_upstream(site: Callable[[str], str], major: str) -> None:
    """Connections to the application are kept, and not for long."""
    text = site(major)
    assert directives(text, "server") == ["unix:/srv/asgi/shop/current/app.sock"]
    assert directives(text, "access_log") == ["/var/log/nginx/asgi/shop.access.log asgi buffer=64k flush=100ms"]
    assert directives(text, "keepalive") == ["256"]
    assert directives(text, "keepalive_time") == ["3s"]
    assert directives(text, "keepalive_timeout") == ["2s"]
    assert directives(text, "proxy_http_version") == ["1.1"]
    assert directives(text, "proxy_pass") == ["http://asgi_shop"]


@DEBIAN
def test_site_names_and_certificate(site: Callable[[str], str], major: str) -> None:
    text = site(major)
    assert directives(text, "server_name") == ["shop.example.com www.example.com"] * 2
    assert directives(text, "ssl_certificate") == ["/etc/asgi-deploy/tls/shop/combined.pem"]
    assert directives(text, "ssl_certificate_key") == ["/etc/asgi-deploy/tls/shop/combined.pem"]
    assert directives(text, "return") == ["301 https://$host$request_uri", "400", "503"]


def test_site_with_addresses(render: Render, plan: Plan) -> None:
    app = plan(domains=["2001:db8::1", "shop.example.com"], site={"redirect_from": ["192.0.2.1"]})
    text = render("app", "site.conf.j2", plan=app)
    names = ["[2001:db8::1] shop.example.com", "192.0.2.1"]
    assert directives(text, "server_name") == [names[0], names[1], names[1], names[0]]
    assert "return 301 https://[2001:db8::1]$request_uri;" in text
    unnamed = text[text.index("unnamed.conf") :]
    assert directives(unnamed, "ssl_certificate")[0] == "/etc/asgi-deploy/tls/shop/combined.pem"
    assert "unnamed.conf" not in render("app", "site.conf.j2", plan=plan())


@DEBIAN
def test_site_braces(site: Callable[[str], str], major: str) -> None:
    assert site(major).count("{") == site(major).count("}")


def test_socket(render: Render, plan: Plan) -> None:
    text = render("app", "app.socket.j2", plan=plan())
    assert dict(unit(text)["Socket"]) == {
        "ListenStream": "/srv/asgi/shop/releases/%i/app.sock",
        "SocketUser": "root",
        "SocketGroup": "www-data",
        "SocketMode": "0660",
        "RemoveOnStop": "yes",
    }


def test_no_application_owns_a_unit_of_all(plan: Plan) -> None:
    names = [Path(file["path"]).name for file in files_app.boot_files(plan())]
    templates = {name.partition("@")[0].removeprefix("asgi-") for name in names if "@" in name}
    assert templates
    assert templates <= RESERVED_NAMES


def test_service_hangs_on_its_socket(render: Render, plan: Plan) -> None:
    section = unit(render("app", "app.service.j2", plan=plan()))["Unit"]
    assert section["Requires"] == "asgi-shop@%i.socket"
    assert "asgi-shop@%i.socket" in section["After"].split()
    assert not {"PartOf", "BindsTo", "Before"} & set(section)


@pytest.mark.parametrize("kind", ["service", "command"])
def test_needs_come_first_and_take_nothing_along(render: Render, plan: Plan, kind: str) -> None:
    needs = ["postgresql.service", "srv-my\\x2dfiles.mount"]
    text = render("app", KINDS[kind], plan=plan(needs=needs, release_command=COMMAND), number=1)
    section = unit(text)["Unit"]
    assert section["Wants"].split() == ["network-online.target", *needs, "systemd-journald@asgi-shop.service"]
    assert set(section["Wants"].split()) <= set(section["After"].split())
    assert not set(needs) & set(section.get("Requires", "").split())
    assert not {"Requisite", "BindsTo", "PartOf"} & set(section)


def test_service(render: Render, plan: Plan) -> None:
    text = render("app", "app.service.j2", plan=plan(graceful_timeout=40))
    service = unit(text)["Service"]
    home = "/srv/asgi/shop/releases/%i"
    expected = {
        "User": "asgi-shop",
        "Group": "asgi-shop",
        "KillMode": "mixed",
        "TimeoutStopSec": "93",
        "Restart": "always",
        "WorkingDirectory": f"{home}/src",
        "EnvironmentFile": f"{home}/environment",
        "ExecStart": f"{home}/venv/bin/{GUNICORN}",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectSystem": "strict",
    }
    assert {name: service.get(name) for name in expected} == expected
    assert "Environment=ASGI_APP=shop ASGI_RELEASE=%i\n" in text


def test_service_lets_a_worker_finish_before_it_is_ended(render: Render, plan: Plan) -> None:
    for seconds in (1, 30, 3600):
        service = unit(render("app", "app.service.j2", plan=plan(graceful_timeout=seconds)))["Service"]
        assert int(service["TimeoutStopSec"]) > 2 * seconds, "for what was under way, and then for what came then"


def test_service_lets_kept_connections_end_before_it_is_ended(render: Render, plan: Plan) -> None:
    direct = {"proxy": "none", "settings": {"keepalive": 75}, "graceful_timeout": 40}
    service = unit(render("app", "app.service.j2", plan=plan(**direct)))["Service"]
    assert 2 * 40 + 2 * 5 < int(service["TimeoutStopSec"]) < 2 * 40 + 75, "unused ones are kept 5 s from then on"


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ({}, GUNICORN),
        ({"server": "gunicorn-asgi"}, GUNICORN),
        ({"server": "gunicorn-wsgi"}, GUNICORN),
        ({"server": "uvicorn"}, "python -m asgi_deploy_runtime.serve"),
    ],
)
def test_service_of_a_server(render: Render, plan: Plan, options: dict[str, Any], command: str) -> None:
    """The runtime is found as the application's own modules are, by what the build of the release has written."""
    text = render("app", "app.service.j2", plan=plan(**options))
    home = "/srv/asgi/shop/releases/%i"
    assert unit(text)["Service"]["ExecStart"] == f"{home}/venv/bin/{command}"
    assert f"EnvironmentFile={home}/python_path\n" in text


def test_folders_of_modules(plan: Plan) -> None:
    """A PYTHONPATH of the user's adds to the release's own, without which the server would not be found."""
    planned = plan(
        env={"PYTHONPATH": "lib:/opt/lib", "A": "1"},
        release_command=COMMAND,
        processes={"worker": "celery worker"},
        jobs={"report": {"command": "python -m shop.report", "schedule": "daily"}},
    )
    assert (planned["python_path"], planned["environment"]) == (["lib", "/opt/lib"], 'A="1"\n')
    units = files_app.units(planned)
    for kind in ("service", "command", "process-worker-1", "job-report"):
        assert "PYTHONPATH=" not in units[kind]
        assert "EnvironmentFile=/srv/asgi/shop/releases/%i/python_path\n" in units[kind]


@pytest.mark.parametrize(
    ("options", "watchdog"),
    [
        pytest.param({"server": "uvicorn", "workers": 1, "timeout": 20}, {"main", "20"}, id="one process"),
        pytest.param({"server": "uvicorn", "workers": 2}, set(), id="a supervisor"),
        pytest.param(
            {"server": "uvicorn", "workers": 1, "settings": {"max_requests": 1000}}, set(), id="a supervisor of one"
        ),
        pytest.param({"workers": 1}, set(), id="gunicorn"),
    ],
)
def test_watchdog(render: Render, plan: Plan, options: dict[str, Any], watchdog: set[str]) -> None:
    service = unit(render("app", "app.service.j2", plan=plan(**options)))["Service"]
    assert {service[name] for name in ("NotifyAccess", "WatchdogSec") if name in service} == watchdog
    assert service["Type"] == "exec"


def test_metrics_of_a_release_lie_in_a_directory_of_its_own(render: Render, plan: Plan) -> None:
    text = render("app", "app.service.j2", plan=plan(health={"metrics": "/metrics"}))
    assert unit(text)["Service"]["RuntimeDirectory"] == "asgi-deploy/serving/shop@%i"
    assert "Environment=PROMETHEUS_MULTIPROC_DIR=/run/asgi-deploy/serving/shop@%i\n" in text
    without = render("app", "app.service.j2", plan=plan())
    assert "PROMETHEUS" not in without


def test_metrics_are_only_for_the_host(render: Render, plan: Plan) -> None:
    decided = plan(health={"metrics": "/-/metrics"})
    own = render("app", "metrics.conf.j2", plan=decided)
    assert "location = /shop {" in own
    assert directives(own, "proxy_pass") == ["http://asgi_shop/-/metrics"]
    site = render("app", "site.conf.j2", plan=decided)
    assert re.findall(r"location = (\S+) \{\s*return 404;", site) == ["/-/metrics"]
    assert "return 404" not in render("app", "site.conf.j2", plan=plan())


@pytest.mark.parametrize(("metrics", "state"), [("/metrics", "file"), (None, "absent")])
def test_metrics_come_and_go(plan: Plan, metrics: str | None, state: str) -> None:
    files = files_app.site_files(plan(health={"metrics": metrics}))
    states = {file["path"]: file["state"] for file in files}
    assert states["/etc/nginx/asgi/metrics.d/shop.conf"] == state


def test_backlog(render: Render, plan: Plan) -> None:
    """systemd listens, so the socket unit has to say it."""
    text = render("app", "app.socket.j2", plan=plan(settings={"backlog": 512}))
    assert unit(text)["Socket"]["Backlog"] == "512"


def test_files_of_a_release(plan: Plan) -> None:
    """The whole runtime as it is in the repository, and its settings."""
    decided = plan(log={"format": "text"})
    files = files_app.release_files(decided)
    runtime = {f"runtime/asgi_deploy_runtime/{path.name}": path.read_text() for path in RUNTIME.glob("*.py")}
    assert len(runtime) > 5
    assert {name: text for name, text in files.items() if name.endswith(".py")} == runtime
    assert set(files) - set(runtime) == {"runtime/asgi_deploy_runtime/settings.json", "drain.sh", "sandbox.conf"}
    assert json.loads(files["runtime/asgi_deploy_runtime/settings.json"]) == decided["serving"]["runtime"]


def test_draining_is_shown_as_long_as_it_lasts(render: Render, plan: Plan) -> None:
    """Where the runtime looks for it: health.py."""
    mark = unit(render("app", "drain.service.j2", plan=plan()))["Service"]["RuntimeDirectory"]
    assert mark == "asgi-deploy/draining/shop@%i"
    assert "/run/asgi-deploy/draining" in (RUNTIME / "health.py").read_text()
    assert str(Layout("shop").replaced("%i")) == f"/run/{mark}", "the same from the rename on"


def test_boot(render: Render) -> None:
    text = render("app", "boot.service.j2", plan={"paths": PATHS})
    conditions = [line for line in text.splitlines() if line.startswith("Condition")]
    assert conditions == ["ConditionPathExists=/srv/asgi/%i/current", "ConditionPathExists=!/srv/asgi/%i/stopped"]
    assert unit(text)["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.parametrize("name", ["site.conf.j2", "metrics.conf.j2", *KINDS.values()])
def test_undefined_is_an_error(render: Render, name: str) -> None:
    with pytest.raises(UndefinedError, match="'dict object' has no attribute"):
        render("app", name, plan={})


@pytest.mark.parametrize("name", ["site.conf.j2", "metrics.conf.j2", "boot.service.j2", *KINDS.values()])
def test_text(render: Render, plan: Plan, name: str) -> None:
    text = render("app", name, plan=plan(release_command=COMMAND), number=1)
    assert text.startswith("# Written by asgi.deploy, role app")
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert "{{" not in text and "{%" not in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


EVERYTHING = {
    "server": "uvicorn",
    "workers": 1,
    "settings": {"backlog": 64},
    "health": {"metrics": "/metrics"},
    "secrets": {"PASSWORD": "hunter22", "TOKEN": "hunter33"},
}


@pytest.fixture(params=[pytest.param({}, id="defaults"), pytest.param(EVERYTHING, id="everything")])
def units(render: Render, plan: Plan, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the units of a release whose programs are there."""
    programs = tmp_path / "releases" / RELEASE / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("gunicorn", "python", "alembic"):
        (programs / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    decided: dict[str, Any] = {
        **plan(release_command=str(programs / COMMAND), needs=["absent.service"], **request.param),
        "home": str(tmp_path),
    }
    decided["launcher"] = decided["launcher"].replace("/srv/asgi/shop", str(tmp_path))
    return {
        Layout("shop").unit(kind, RELEASE): render("app", name, plan=decided, number=1) for kind, name in KINDS.items()
    }


def test_systemd_takes_the_units_of_a_release(units: dict[str, str], verify: Verify) -> None:
    verify(units)


@pytest.mark.parametrize(
    "mistake",
    [
        ("SocketMode", "SocketMood"),
        ("KillMode=mixed", "KillMode=mixt"),
        ("ExecSearchPath", "ExecSearchPaths"),
        ("TimeoutStartSec=infinity", "TimeoutStartSec=forever"),
    ],
)
def test_systemd_would_report_a_mistake(units: dict[str, str], verify: Verify, mistake: tuple[str, str]) -> None:
    with pytest.raises(AssertionError, match=mistake[1].split("=")[-1]):
        verify({name: text.replace(*mistake) for name, text in units.items()})


def test_systemd_takes_the_boot_unit(render: Render, verify: Verify) -> None:
    verify({"asgi-boot@shop.service": render("app", "boot.service.j2", plan={"paths": PATHS})})


def test_systemd_takes_the_units_that_close_the_metadata_service(render: Render, verify: Verify) -> None:
    plan = {"paths": PATHS, "metadata_directory": "asgi-metadata"}
    rules, watch = (render("app", f"{name}.service.j2", plan=plan) for name in ("metadata", "metadata_watch"))
    verify({"asgi-metadata@shop.service": rules, "asgi-metadata-watch.service": watch})
    # Before the application at boot: everything of it comes after the one or the other.
    assert "Before=sysinit.target network-pre.target " in rules and "DefaultDependencies=no" in rules


def sandbox(text: str) -> list[str]:
    """Return the lines that say what a process may do and what it sees."""
    return text[text.index("User=") :].splitlines()


def test_release_command_sees_what_the_application_sees(render: Render, plan: Plan) -> None:
    decided = plan(release_command=COMMAND)
    service, command = (render("app", KINDS[kind], plan=decided, number=1) for kind in ("service", "command"))
    assert sandbox(command) == sandbox(service)
    assert {"PrivateUsers=yes", "ProtectSystem=strict", "StateDirectory=asgi/shop"} <= set(sandbox(command))


def test_secrets_are_credentials_of_every_unit(render: Render, plan: Plan) -> None:
    """Their values are in no file of the release; commands find them by way of the runtime."""
    job = {"command": "python -m shop.report", "schedule": "daily"}
    decided = plan(
        secrets={"TOKEN": "hunter33", "PASSWORD": "hunter22"},
        release_command=COMMAND,
        processes={"worker": "celery worker"},
        jobs={"report": job},
    )
    units = files_app.units(decided)
    release = "/srv/asgi/shop/releases/%i"
    options = [f"LoadCredentialEncrypted={name}:{release}/secrets/{name}" for name in ("PASSWORD", "TOKEN")]
    run = f"ExecStart={release}/venv/bin/python -m asgi_deploy_runtime.run "
    started = {
        "service": f"ExecStart={release}/venv/bin/gunicorn ",
        "command": f'{run}"alembic" "upgrade" ',
        "process-worker-1": f'{run}"celery" "worker"',
        "job-report": f'{run}"python" "-m" ',
    }
    for kind, start in started.items():
        assert set(options) <= set(units[kind].splitlines())
        assert start in units[kind]
    texts = {**units, **files_app.release_files(decided)}
    assert set(options) <= set(texts["sandbox.conf"].splitlines())
    assert not [name for name, text in texts.items() if "hunter" in text]
    without = files_app.units(plan(release_command=COMMAND))
    assert not [kind for kind, text in without.items() if "LoadCredential" in text or "runtime.run" in text]


def test_release_command(render: Render, plan: Plan) -> None:
    text = render("app", "command.service.j2", plan=plan(release_command=COMMAND, release_timeout=90), number=1)
    service = unit(text)["Service"]
    home = "/srv/asgi/shop/releases/%i"
    expected = {
        "Type": "oneshot",
        "ExecStart": '"alembic" "upgrade" "head; 100%% $$HOME"',
        "TimeoutStartSec": "90",
        "ExecSearchPath": f"{home}/site/bin:{home}/venv/bin:/usr/local/bin:/usr/bin:/bin",
        "User": "asgi-shop",
        "WorkingDirectory": f"{home}/src",
        "EnvironmentFile": f"{home}/environment",
    }
    assert {name: service.get(name) for name in expected} == expected
    assert not {"Restart", "RemainAfterExit"} & set(service)
    assert "Install" not in unit(text)


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        (None, set()),
        (COMMAND, {"command"}),
        ([COMMAND, "python -m shop.seed 1,2"], {"command", "command-2"}),
    ],
)
def test_units_of_a_release(plan: Plan, command: str | list[str] | None, kinds: set[str]) -> None:
    units = files_app.units(plan(release_command=command))
    assert set(units) == {"service", "socket", "drain"} | kinds
    assert all(text.startswith("# Written by asgi.deploy") for text in units.values())


def test_a_list_of_one_release_command_is_the_same_release(plan: Plan) -> None:
    """Its units have no text that a single command does not have, so that its release keeps its name."""
    single, several = (files_app.units(plan(release_command=written)) for written in (COMMAND, [COMMAND, "true"]))
    assert single == files_app.units(plan(release_command=[COMMAND]))
    assert single == {kind: text for kind, text in several.items() if kind != "command-2"}
    assert 'ExecStart="true"' in several["command-2"] and "release command 2 of %i" in several["command-2"]


def test_drain(render: Render, plan: Plan) -> None:
    text = render("app", "drain.service.j2", plan=plan(drain_timeout=90))
    service = unit(text)["Service"]
    assert service["ExecStart"] == "/bin/sh /srv/asgi/shop/releases/%i/drain.sh"
    assert (service["Type"], service["TimeoutStartSec"]) == ("oneshot", "infinity")
    assert not {"User", "Restart", "RemainAfterExit", "PrivateNetwork"} & set(service)


@pytest.fixture
def home() -> Iterator[Path]:
    """Yield a directory whose sockets have short paths."""
    with tempfile.TemporaryDirectory(prefix="asgi-") as folder:
        yield Path(folder)


def draining(render: Render, plan: Plan, home: Path, release: str, limit: int = 30) -> list[str]:
    """Return the script that drains a release, in its place, with a systemctl that only reports what it
    was called with.
    """
    folder = home / "releases" / release
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "drain.sh"
    script.write_text(render("app", "drain.sh.j2", plan={**plan(), "home": str(home), "drain_limit": limit}))
    systemctl = home / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >>{home}/called\n')
    systemctl.chmod(0o755)
    return ["env", f"PATH={home}:/usr/bin:/bin", "/bin/sh", str(script)]


def listen(home: Path, release: str) -> socket.socket:
    path = home / "releases" / release / "app.sock"
    path.parent.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


def connect(listener: socket.socket) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.connect(listener.getsockname())
    return client


def test_drain_waits_for_the_last_connection(render: Render, plan: Plan, home: Path) -> None:
    with closing(listen(home, RELEASE)) as listener:
        client = connect(listener)
        with subprocess.Popen(draining(render, plan, home, RELEASE)) as drain:
            time.sleep(1.5)
            assert drain.poll() is None, "one that waits to be accepted is a visitor"
            accepted, _ = listener.accept()
            time.sleep(1.5)
            assert drain.poll() is None
            client.close()
            accepted.close()
            assert drain.wait(timeout=4) == 0
    units = f"asgi-shop@{RELEASE}.socket asgi-shop@{RELEASE}.service"
    assert (home / "called").read_text() == f"stop {units}\n--quiet reset-failed {units}\n"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("v1.4-0a1b2c3d4", id="longer at its end"),
        pytest.param("xv1.4-0a1b2c3d", id="longer at its beginning"),
        pytest.param("1.4-0a1b2c3d", id="shorter at its beginning"),
        # Of one commit with the tag v1.4 and the branch v1-4.
        pytest.param("v1_4-0a1b2c3d", id="the dot is a dot"),
    ],
)
def test_drain_does_not_wait_for_another_release(render: Render, plan: Plan, home: Path, other: str) -> None:
    with closing(listen(home, other)) as listener, closing(connect(listener)):
        argv = draining(render, plan, home, "v1.4-0a1b2c3d")
        assert subprocess.run(argv, timeout=4, check=False).returncode == 0


def test_drain_that_is_stopped_stops_nothing(render: Render, plan: Plan, home: Path) -> None:
    with closing(listen(home, RELEASE)) as listener, closing(connect(listener)):
        drain = subprocess.Popen(draining(render, plan, home, RELEASE))
        time.sleep(0.5)
        drain.terminate()
        drain.wait(timeout=3)
    assert not (home / "called").exists()


def test_drain_ends_at_its_limit(render: Render, plan: Plan, home: Path) -> None:
    with closing(listen(home, RELEASE)) as listener, closing(connect(listener)):
        started = time.monotonic()
        assert subprocess.run(draining(render, plan, home, RELEASE, limit=2), timeout=8, check=False).returncode == 0
        assert 2 <= time.monotonic() - started < 5
    assert (home / "called").exists()
