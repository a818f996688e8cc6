"""Files of the role app: nginx's site, the units of a release, gunicorn's configuration."""

from __future__ import annotations

import ast
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
from ansible.errors import AnsibleError
from ansible_collections.asgi.deploy.plugins.module_utils.layout import Layout
from ansible_collections.asgi.deploy.plugins.plugin_utils.plan import app_plan

Facts = Callable[[str], dict[str, Any]]
Render = Callable[..., str]
Plan = Callable[..., dict[str, Any]]
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
COMMAND = "alembic upgrade 'head; 100% $HOME'"


@pytest.fixture
def plan(spec: dict[str, Any], facts: Facts) -> Plan:
    return lambda major="13", **options: app_plan({**spec, **options}, facts(major))


@pytest.fixture
def site(render: Render, plan: Plan) -> Callable[[str], str]:
    return lambda major: render("app", "site.conf.j2", app_plan=plan(major))


def directives(text: str, name: str) -> list[str]:
    """The values of an nginx directive, in the order they are written."""
    return re.findall(rf"^\s*{name}\s+([^;{{]*);", text, re.MULTILINE)


def unit(text: str) -> ConfigParser:
    """A unit whose options are all there once; what may be there twice is looked for in the text."""
    parser = ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return parser


@pytest.mark.parametrize(
    ("major", "present", "absent"),
    [
        ("12", ["listen 443 ssl http2;", "listen [::]:443 ssl http2;"], ["http2 on;", "X25519MLKEM768"]),
        ("13", ["listen 443 ssl;", "listen [::]:443 ssl;", "http2 on;"], ["ssl http2"]),
    ],
)
def test_site_of_a_system(site: Callable[[str], str], major: str, present: list[str], absent: list[str]) -> None:
    text = site(major)
    assert [words for words in present if words not in text] == []
    assert [words for words in absent if words in text] == []


@pytest.mark.parametrize(
    ("major", "curves"),
    [("12", "X25519:prime256v1:secp384r1"), ("13", "X25519MLKEM768:X25519:prime256v1:secp384r1")],
)
def test_site_curves(site: Callable[[str], str], major: str, curves: str) -> None:
    assert directives(site(major), "ssl_ecdh_curve") == [curves]


@DEBIAN
def test_site_passes_on_no_claims_of_the_visitor(site: Callable[[str], str], major: str) -> None:
    headers = dict(value.split(None, 1) for value in directives(site(major), "proxy_set_header"))
    assert headers == {
        "Host": "$host",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": "$scheme",
        "X-Forwarded-Host": "$host",
        "X-Forwarded-Port": "$server_port",
        "X-Real-IP": "$remote_addr",
        "X-Request-ID": "$request_id",
        "Forwarded": '""',
        "Upgrade": "$http_upgrade",
        "Connection": "$asgi_connection",
    }
    assert "$proxy_add_x_forwarded_for" not in site(major)


@DEBIAN
def test_site_upstream(site: Callable[[str], str], major: str) -> None:
    """Connections to the application are kept, and not for long."""
    text = site(major)
    assert directives(text, "server") == ["unix:/srv/asgi/shop/current/app.sock"]
    assert directives(text, "keepalive") == ["32"]
    assert directives(text, "keepalive_time") == ["3s"]
    assert directives(text, "keepalive_timeout") == ["2s"]
    assert directives(text, "proxy_http_version") == ["1.1"]
    assert directives(text, "proxy_pass") == ["http://asgi_shop"]


@DEBIAN
def test_site_names_and_certificate(site: Callable[[str], str], major: str) -> None:
    text = site(major)
    assert directives(text, "server_name") == ["shop.example.com www.example.com"] * 2
    assert directives(text, "ssl_certificate") == ["/etc/letsencrypt/live/shop/fullchain.pem"]
    assert directives(text, "ssl_certificate_key") == ["/etc/letsencrypt/live/shop/privkey.pem"]
    assert directives(text, "return") == ["301 https://$host$request_uri"]
    assert directives(text, "include") == ["/etc/nginx/asgi/http.d/*.conf"]


@DEBIAN
def test_site_braces(site: Callable[[str], str], major: str) -> None:
    assert site(major).count("{") == site(major).count("}")


def test_socket(render: Render, plan: Plan) -> None:
    text = render("app", "app.socket.j2", app_plan=plan())
    assert dict(unit(text)["Socket"]) == {
        "ListenStream": "/srv/asgi/shop/releases/%i/app.sock",
        "SocketUser": "root",
        "SocketGroup": "www-data",
        "SocketMode": "0660",
        "RemoveOnStop": "yes",
    }


def test_service_hangs_on_its_socket(render: Render, plan: Plan) -> None:
    section = unit(render("app", "app.service.j2", app_plan=plan()))["Unit"]
    assert section["Requires"] == "asgi-shop@%i.socket"
    assert "asgi-shop@%i.socket" in section["After"].split()
    assert not {"PartOf", "BindsTo", "Before"} & set(section)


def test_service(render: Render, plan: Plan) -> None:
    text = render("app", "app.service.j2", app_plan=plan(graceful_timeout=40))
    service = unit(text)["Service"]
    home = "/srv/asgi/shop/releases/%i"
    expected = {
        "User": "asgi-shop",
        "Group": "asgi-shop",
        "KillMode": "mixed",
        "TimeoutStopSec": "51",
        "Restart": "always",
        "WorkingDirectory": f"{home}/src",
        "EnvironmentFile": f"{home}/environment",
        "ExecStart": f"{home}/venv/bin/gunicorn --config={home}/gunicorn.conf.py shop.main:app",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectSystem": "strict",
    }
    assert {name: service.get(name) for name in expected} == expected
    assert "Environment=ASGI_APP=shop ASGI_RELEASE=%i\n" in text


def test_service_lets_a_worker_finish_before_it_is_ended(render: Render, plan: Plan) -> None:
    for seconds in (1, 30, 3600):
        service = unit(render("app", "app.service.j2", app_plan=plan(graceful_timeout=seconds)))["Service"]
        assert int(service["TimeoutStopSec"]) > seconds


def settings(text: str) -> dict[str, Any]:
    """What a configuration of gunicorn sets to a literal value."""
    found = {}
    for node in ast.parse(text).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.targets[0], ast.Name)
        ):
            found[node.targets[0].id] = node.value.value
    return found


def test_gunicorn(render: Render, plan: Plan) -> None:
    text = render("app", "gunicorn.conf.py.j2", app_plan=plan(workers=3, timeout=20, graceful_timeout=40))
    compile(text, "gunicorn.conf.py", "exec")
    assert settings(text) == {
        "IDLE": 2,
        "workers": 3,
        "timeout": 20,
        "graceful_timeout": 46,
        "keepalive": 65,
        "proc_name": "shop",
        "worker_tmp_dir": "/dev/shm",
        "control_socket_disable": True,
        "forwarded_allow_ips": "*",
    }
    assert '"timeout_graceful_shutdown": 40,' in text


def test_gunicorn_binds_nothing(render: Render, plan: Plan) -> None:
    tree = ast.parse(render("app", "gunicorn.conf.py.j2", app_plan=plan()))
    assert "bind" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_gunicorn_keeps_connections_longer_than_nginx(render: Render, plan: Plan) -> None:
    """Were it to close first, a request that nginx has just sent would be lost."""
    wanted = plan()
    found = settings(render("app", "gunicorn.conf.py.j2", app_plan=wanted))
    assert found["keepalive"] > wanted["upstream_keepalive"]["time"] + wanted["upstream_keepalive"]["timeout"]


def test_boot(render: Render) -> None:
    text = render("app", "boot.service.j2")
    assert unit(text)["Unit"]["ConditionPathExists"] == "/srv/asgi/%i/current"
    assert unit(text)["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.parametrize("name", ["site.conf.j2", "gunicorn.conf.py.j2", *KINDS.values()])
def test_undefined_is_an_error(render: Render, name: str) -> None:
    with pytest.raises(AnsibleError, match=r"object of type 'dict' has no attribute"):
        render("app", name, app_plan={})


@pytest.mark.parametrize("name", ["site.conf.j2", "gunicorn.conf.py.j2", "boot.service.j2", *KINDS.values()])
def test_text(render: Render, plan: Plan, name: str) -> None:
    text = render("app", name, app_plan=plan(release_command=COMMAND))
    assert text.startswith("# Written by asgi.deploy, role app")
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert "{{" not in text and "{%" not in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


@pytest.fixture
def units(render: Render, plan: Plan, tmp_path: Path) -> dict[str, str]:
    """The units of a release whose programs are there."""
    programs = tmp_path / "releases" / RELEASE / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("gunicorn", "alembic"):
        (programs / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    wanted = {**plan(release_command=str(programs / COMMAND)), "home": str(tmp_path)}
    return {Layout("shop").unit(kind, RELEASE): render("app", name, app_plan=wanted) for kind, name in KINDS.items()}


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
def test_systemd_would_tell_a_mistake(units: dict[str, str], verify: Verify, mistake: tuple[str, str]) -> None:
    with pytest.raises(AssertionError, match=mistake[1].split("=")[-1]):
        verify({name: text.replace(*mistake) for name, text in units.items()})


def test_systemd_takes_the_boot_unit(render: Render, verify: Verify) -> None:
    verify({"asgi-boot@shop.service": render("app", "boot.service.j2")})


def sandbox(text: str) -> list[str]:
    """The lines that say what a process may do and what it sees."""
    return text[text.index("User=") :].splitlines()


def test_release_command_sees_what_the_application_sees(render: Render, plan: Plan) -> None:
    wanted = plan(release_command=COMMAND)
    service, command = (render("app", KINDS[kind], app_plan=wanted) for kind in ("service", "command"))
    assert sandbox(command) == sandbox(service)
    assert {"PrivateUsers=yes", "ProtectSystem=strict", "StateDirectory=asgi/shop"} <= set(sandbox(command))


def test_release_command(render: Render, plan: Plan) -> None:
    text = render("app", "command.service.j2", app_plan=plan(release_command=COMMAND, release_timeout=90))
    service = unit(text)["Service"]
    home = "/srv/asgi/shop/releases/%i"
    expected = {
        "Type": "oneshot",
        "ExecStart": '"alembic" "upgrade" "head; 100%% $$HOME"',
        "TimeoutStartSec": "90",
        "ExecSearchPath": f"{home}/venv/bin:/usr/local/bin:/usr/bin:/bin",
        "User": "asgi-shop",
        "WorkingDirectory": f"{home}/src",
        "EnvironmentFile": f"{home}/environment",
    }
    assert {name: service.get(name) for name in expected} == expected
    assert not {"Restart", "RemainAfterExit"} & set(service)
    assert "Install" not in unit(text)


@pytest.mark.parametrize(
    ("command", "kinds"),
    [(None, {"service", "socket", "drain"}), (COMMAND, {"service", "socket", "drain", "command"})],
)
def test_units_of_a_release(role_variable: Variable, plan: Plan, command: str | None, kinds: set[str]) -> None:
    units = role_variable("app", "_app_units", app_plan=plan(release_command=command))
    assert set(units) == kinds <= set(Layout.KINDS)
    assert all(text.startswith("# Written by asgi.deploy") for text in units.values())


def test_drain(render: Render, plan: Plan) -> None:
    text = render("app", "drain.service.j2", app_plan=plan(drain_timeout=90))
    service = unit(text)["Service"]
    assert service["ExecStart"] == "/bin/sh /srv/asgi/shop/releases/%i/drain.sh"
    assert (service["Type"], service["TimeoutStartSec"]) == ("oneshot", "infinity")
    assert not {"User", "Restart", "RemainAfterExit", "PrivateNetwork"} & set(service)


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory whose sockets have short paths."""
    with tempfile.TemporaryDirectory(prefix="asgi-") as folder:
        yield Path(folder)


def draining(render: Render, plan: Plan, home: Path, release: str, limit: int = 30) -> list[str]:
    """The script that drains a release, in its place, with a systemctl that only tells what it was called with."""
    folder = home / "releases" / release
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "drain.sh"
    script.write_text(render("app", "drain.sh.j2", app_plan={**plan(), "home": str(home), "drain_limit": limit}))
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
