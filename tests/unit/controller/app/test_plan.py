"""The plan of an application from what the user wrote, and all that can be wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PATHS
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

Facts = Callable[[str], Any]


def test_defaults_are_in_the_plan(spec: dict[str, Any], facts: Facts) -> None:
    plan: dict[str, Any] = {**app_plan(spec, facts("13"))}
    assert plan.pop("serving")["command"].startswith("gunicorn ")
    assert not any(plan["settings"].pop("hooks").values())
    assert not any(plan.pop("settings").values())
    assert plan.pop("site")["names"] == spec["domains"]
    assert "PrivateUsers=yes" in plan.pop("sandbox_lines") and "PrivateUsers=yes" in plan.pop("build_lines")
    assert not any(value for value in plan.pop("sandbox").values())
    assert "\ngunicorn==27.0.1 " in plan.pop("server_lock")
    assert plan == {
        **spec,
        "version": "HEAD",
        "source": {
            "kind": "git",
            "url": "https://git.example.com/shop.git",
            "sha256": None,
            "name": None,
            "requirements": [],
            "subdirectory": None,
            "submodules": False,
            "signers": [],
            "deploy_key": None,
            "known_hosts": [],
            "plain_allowed": False,
        },
        "known_hosts": None,
        "insecure_transport": False,
        "plain_transports": [],
        "verify": None,
        "require_hashes": False,
        "packages": ["python3-venv", "git", "nftables"],
        "subdirectory": None,
        "submodules": False,
        "deploy_key": None,
        "archive": None,
        "directory": None,
        "directory_includes": [],
        "package": None,
        "package_indexes": [],
        "extras": [],
        "build": {"commands": [], "env": {}, "secrets": {}, "network": True},
        "apt": {"build": [], "run": []},
        "requirements": None,
        "dependency_groups": [],
        "dependency_keys": {},
        "index": None,
        "build_hosts": None,
        "python": "system",
        "python_mirror": None,
        "python_archive": None,
        "written": ["/var/lib/asgi/shop"],
        "wheelhouse": None,
        "state": "present",
        "remove_data": False,
        "env": {},
        "secrets": {},
        "launcher": "",
        "env_file": None,
        "environment": "",
        "python_path": [],
        "program_path": (
            "/srv/asgi/shop/releases/%i/site/bin:/srv/asgi/shop/releases/%i/venv/bin:/usr/local/bin:/usr/bin:/bin"
        ),
        "files": {},
        "storage": [],
        "cache": [],
        "links": {},
        "state_directories": ["asgi/shop"],
        "cache_directories": [],
        "static": {},
        "static_immutable": [],
        "static_places": ["/current/public", "/previous/public", "/kept/1/public", "/kept/2/public", "/kept/3/public"],
        "media": {
            "folders": {},
            "units": ["asgi-shop.media.service", "asgi-shop.media.socket"],
            "socket": "/run/asgi-deploy/media/shop.sock",
            "configuration": "/etc/asgi-deploy/media/shop.conf",
            "hidden": ["/etc/asgi-deploy", "/media", "/mnt", "/opt", "/run", "/srv", "/var"],
        },
        "sandbox_changes": {},
        "workers": 5,
        "workers_reason": "io_bound: 2 x 2 CPUs + 1",
        "workload": "io_bound",
        "memory_per_worker": 256,
        "limits": {"cpu": None, "memory": None, "tasks": None, "files": 65536},
        "database": None,
        "server_requirements": [
            "gunicorn==27.0.1",
            "uvicorn==0.54.0",
            "uvloop==0.23.0",
            "httptools==0.9.0",
            "websockets==17.4",
            "setproctitle==1.3.8",
            "python-json-logger==4.2.0",
        ],
        "server": "gunicorn",
        "factory": False,
        "log": {
            **{"format": "json", "level": "info", "levels": {}, "journal": "own"},
            **{"size": 100, "burst": 100_000, "access": None},
        },
        "journal": {"full": 89_600, "file": 12_800},
        "proxy": "nginx",
        "tls": {
            "port": 443,
            "certificate": None,
            "key": None,
            "minimum_version": "1.2",
            "ciphers": "ECDHE+AESGCM:ECDHE+CHACHA20",
            "client_certificates": "none",
            "client_ca": None,
        },
        "direct": None,
        "public_units": ["asgi-shop.public.socket", "asgi-shop.public.service"],
        "serving_folder": "/run/asgi-deploy/serving",
        "runtime_directory": "asgi-deploy/serving",
        "tls_folder": "/etc/asgi-deploy/tls/shop",
        "paths": PATHS,
        "health": {"liveness": None, "readiness": None, "metrics": None, "allow": []},
        "installer": "auto",
        "timeout": 30,
        "graceful_timeout": 30,
        "gate": {"path": "/", "status": ["2xx", "3xx", "4xx"], "timeout": 60, "successes": 3, "uptime": 0},
        "release_command": [],
        "exclusive": False,
        "needs": [],
        "release_timeout": 600,
        "processes": {},
        "jobs": {},
        "units": [],
        "watch": {"seconds": 5, "error_percent": 10, "errors": 5},
        "drain_timeout": 30,
        "drain_limit": 30,
        "lock_timeout": 60,
        "keep_releases": 5,
        "user": "asgi-shop",
        "prerequisite_units": ["network-online.target", "systemd-journald@asgi-shop.service"],
        "data": "/var/lib/asgi/shop",
        "access_log": "/var/log/nginx/asgi/shop.access.log",
        "home": "/srv/asgi/shop",
        "upstream": "/srv/asgi/shop/current/app.sock",
        "packed": None,
        "neighbour": False,
        "stopped": False,
        "port_goes_to": None,
        "port_stays": False,
        "nginx_default": None,
        "upstream_keepalive": {"connections": 256, "time": 3, "timeout": 2},
        "metadata": {"by_nft": True, "application": True, "ports": [], "outgoing": None},
        "metadata_directory": "asgi-metadata",
        "notices": [
            "the cloud's metadata service is closed to it; if it uses the machine's role, write "
            "sandbox: {metadata: true}, or else metadata: false, which ends this line"
        ],
        "host_memory": 4096,
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
def test_number_of_workers_has_a_reason(
    spec: dict[str, Any], facts: Facts, options: dict[str, Any], workers: int, reason: str
) -> None:
    plan = app_plan({**spec, **options}, facts("13"))
    assert (plan["workers"], plan["workers_reason"]) == (workers, reason)


def test_given_workers_need_no_facts_of_the_hardware(spec: dict[str, Any]) -> None:
    facts: Any = {"distribution": "Debian", "distribution_major_version": "12"}
    assert app_plan({**spec, "workers": 3}, facts)["workers"] == 3


def test_environment_file_has_the_variables(spec: dict[str, Any], facts: Facts) -> None:
    plan = app_plan({**spec, "env": {"B": "$x", "A": 1}}, facts("13"))
    assert plan["environment"] == 'A="1"\nB="\\$x"\n'


@pytest.mark.parametrize(
    ("written", "planned"),
    [
        (None, []),
        ("alembic upgrade head", ['"alembic" "upgrade" "head"']),
        ("sh -c 'echo 100% $HOME'", ['"sh" "-c" "echo 100%% $$HOME"']),
        ("seed 1,2", ['"seed" "1,2"']),
        (["alembic upgrade head", "seed 1,2"], ['"alembic" "upgrade" "head"', '"seed" "1,2"']),
    ],
)
def test_release_command_is_written_for_systemd(
    spec: dict[str, Any], facts: Facts, written: Any, planned: list[str]
) -> None:
    assert app_plan({**spec, "release_command": written}, facts("13"))["release_command"] == planned


@pytest.mark.parametrize(("options", "limit"), [(0, 6), (5, 6), (6, 6), (7, 7), (3600, 3600)])
def test_drain_lasts_as_long_as_idle_connections_of_nginx(
    spec: dict[str, Any], facts: Facts, options: int, limit: int
) -> None:
    assert app_plan({**spec, "drain_timeout": options}, facts("13"))["drain_limit"] == limit


@pytest.mark.parametrize(
    ("watch", "planned"),
    [
        ({}, {"seconds": 5, "error_percent": 10, "errors": 5}),
        ({"seconds": 0}, {"seconds": 0, "error_percent": 10, "errors": 5}),
        ({"error_percent": 50, "errors": 1}, {"seconds": 5, "error_percent": 50, "errors": 1}),
    ],
)
def test_watch_has_its_defaults(
    spec: dict[str, Any], facts: Facts, watch: dict[str, Any], planned: dict[str, int]
) -> None:
    assert app_plan({**spec, "watch": watch}, facts("13"))["watch"] == planned


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        pytest.param(
            {"distribution": "Fedora", "distribution_major_version": "43"},
            "this host runs Fedora 43, which is not supported: its SELinux keeps nginx from applications' sockets, "
            "and no policy allows it yet; take Debian",
            id="another system",
        ),
        pytest.param(
            {"distribution_major_version": "11"},
            "this host runs Debian 11; supported are Debian 12, Debian 13, Debian 14; "
            "for a derivative of one of them write which, as in asgi_like: debian-13",
            id="an older one",
        ),
    ],
)
def test_unsupported_system_is_refused(spec: dict[str, Any], facts: Facts, changes: Any, text: str) -> None:
    other: Any = {**facts("13"), **changes}
    with pytest.raises(ValueError) as error:
        app_plan(spec, other)
    assert str(error.value) == text


def test_mistakes_are_reported_together(spec: dict[str, Any], facts: Facts) -> None:
    with pytest.raises(ValueError) as error:
        app_plan({**spec, "module": "shop.main", "verison": "v1", "timeout": 0}, facts("13"))
    assert str(error.value).splitlines() == [
        "app shop: verison: is not an option; did you mean version?",
        "app shop: module: found 'shop.main', expected package.module:attribute, as in module: shop.main:app",
        "app shop: timeout: found 0, expected 1 to 3600 seconds",
    ]


def test_correct_inventory_has_no_errors(inventory: dict[str, Any]) -> None:
    assert inventory_errors(inventory) == []


@pytest.mark.parametrize(
    "variable",
    ["asgi_hosts", "nginx_worker_connections", "nginx_version", "asgi_team_contact"],
)
def test_known_and_foreign_variables_are_no_errors(inventory: dict[str, Any], variable: str) -> None:
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
            "asgi_apps[0]: found text, expected a dictionary with name, module, domains and a source such as git",
            id="list of names",
        ),
    ],
)
def test_missing_applications_are_an_error(inventory: dict[str, Any], apps: Any, error: str) -> None:
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
            {"release_command": {"alembic": "upgrade"}},
            ["asgi_apps[0] (shop).release_command: found {'alembic': 'upgrade'}, expected a list of text"],
            id="release command as a dictionary",
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
            {"server": "granian"},
            [
                "asgi_apps[0] (shop).server: found 'granian', expected one of gunicorn, gunicorn-asgi, uvicorn, "
                "gunicorn-wsgi, as in 'gunicorn'"
            ],
            id="server",
        ),
        pytest.param(
            {"settings": {"max_request": 1000}},
            ["asgi_apps[0] (shop).settings.max_request: is not an option; did you mean max_requests?"],
            id="misspelt setting",
        ),
        pytest.param(
            {"settings": {"hooks": {"post_frok": "shop.hooks:post_fork"}}},
            ["asgi_apps[0] (shop).settings.hooks.post_frok: is not an option; did you mean post_fork?"],
            id="misspelt hook",
        ),
        pytest.param(
            {"settings": {"bind": "0.0.0.0:8000", "threads": 4}},
            [
                "asgi_apps[0] (shop).settings.bind: is no setting of a release: the listener is systemd's, "
                "and only for nginx; leave it out, or write proxy: none to serve without nginx",
                "asgi_apps[0] (shop).settings.threads: found 4, which server: gunicorn does not take: "
                "an asgi worker has one event loop; write more workers",
            ],
            id="settings that a server is not given",
        ),
        pytest.param(
            {"settings": ["bind"]},
            ["asgi_apps[0] (shop).settings: found ['bind'], expected a dictionary"],
            id="settings as a list",
        ),
        pytest.param(
            {"settings": {"lifespan": True}},
            ["asgi_apps[0] (shop).settings.lifespan: found True, which YAML reads as true or false; put it in quotes"],
            id="on without quotes",
        ),
        pytest.param(
            {"log": {"level": "warn", "levels": {"shop": "loud"}}, "health": {"metrics": "/"}},
            [
                "asgi_apps[0] (shop).log.level: found 'warn', expected one of debug, info, warning, error, critical, "
                "as in 'info'",
                "asgi_apps[0] (shop).log.levels: found shop: loud, expected one of debug, info, warning, error, "
                "critical for each logger",
                "asgi_apps[0] (shop).health.metrics: found '/', expected a path of a URL other than /, as in /ready",
            ],
            id="logs and health",
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
def test_mistakes_in_an_application_are_reported(
    inventory: dict[str, Any], changes: dict[str, Any], errors: list[str]
) -> None:
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
def test_misspelt_variable_is_reported_with_the_right_name(inventory: dict[str, Any], written: str, meant: str) -> None:
    assert inventory_errors({**inventory, written: "x"}) == [
        f"{written}: is not a variable of asgi.deploy; did you mean {meant}?"
    ]


def test_misspelt_email_is_reported_with_the_right_name(inventory: dict[str, Any]) -> None:
    inventory["certificate_emial"] = inventory.pop("certificate_email")
    misspelt = "certificate_emial: is not a variable of asgi.deploy; did you mean certificate_email?"
    assert inventory_errors(inventory) == [misspelt, NO_EMAIL]


@pytest.mark.parametrize("email", [None, ""])
def test_missing_email_is_an_error(inventory: dict[str, Any], email: Any) -> None:
    assert inventory_errors({**inventory, "certificate_email": email}) == [NO_EMAIL]


GIVEN = {"certificate": "shop.pem", "key": "shop.key"}
READ = {path: {"content": ""} for path in GIVEN.values()}
TO_SHARE = "; to share it, each expects a path of its own, as in site: {path: /blog}"


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
            [f"asgi_apps[1]: domain 'www.example.com' is taken by asgi_apps[0] on the same host{TO_SHARE}"],
            id="domain",
        ),
        pytest.param(
            {"name": "blog", "domains": ["blog.example.com", "9.9.9.9"]},
            [
                "certificate_profile: is missing; Let's Encrypt gives certificates for addresses, as 9.9.9.9 of "
                "asgi_apps[1], only with certificate_profile: shortlived"
            ],
            id="one address",
        ),
        pytest.param(
            {"name": "blog", "domains": "www.example.com"},
            [f"asgi_apps[1]: domain 'www.example.com' is taken by asgi_apps[0] on the same host{TO_SHARE}"],
            id="domain written as text",
        ),
        pytest.param(
            {"name": "blog", "domains": ["www.example.com"], "proxy": "none", "tls": {"port": 8443, **GIVEN}},
            ["asgi_apps[1]: domain 'www.example.com' is taken by asgi_apps[0] on the same host"],
            id="domain without nginx",
        ),
        pytest.param(
            {"name": "blog", "domains": ["a.example.com"], "site": {"redirect_from": ["www.example.com"]}},
            [f"asgi_apps[1]: domain 'www.example.com' is taken by asgi_apps[0] on the same host{TO_SHARE}"],
            id="another name",
        ),
    ],
)
def test_collisions_of_two_applications_are_errors(
    inventory: dict[str, Any], changes: dict[str, Any], errors: list[str]
) -> None:
    inventory["asgi_apps"].append({**inventory["asgi_apps"][0], **changes})
    assert inventory_errors(inventory, READ) == errors


def test_two_applications_cannot_both_have_an_address(inventory: dict[str, Any]) -> None:
    shop = inventory["asgi_apps"][0]
    inventory |= {"certificate_source": "self-signed", "certificate_email": None}
    shop["domains"] = ["shop.example.com", "9.9.9.9"]
    blog = {**shop, "name": "blog", "domains": ["2620:fe::9"]}
    assert inventory_errors({**inventory, "asgi_apps": [shop, blog]}) == [
        "asgi_apps[1]: has an address in domains, as asgi_apps[0] has; TLS does not say which one a visitor asks for: "
        "give all addresses of a host to one application"
    ]


@pytest.mark.parametrize(
    ("first", "second", "errors"),
    [
        pytest.param(
            {"proxy": "none", "tls": {**GIVEN, "port": 8443}},
            {"proxy": "none", "tls": {**GIVEN, "port": 9443}},
            [],
            id="two",
        ),
        pytest.param({}, {"proxy": "none", "tls": {**GIVEN, "port": 8443}}, [], id="one next to nginx"),
        pytest.param(
            {"proxy": "none", "tls": {**GIVEN, "port": 8443}},
            {"proxy": "none", "tls": {**GIVEN, "port": 8443}},
            ["asgi_apps[1]: port 8443 is taken by asgi_apps[0] on the same host"],
            id="one port twice",
        ),
        pytest.param(
            {},
            {"proxy": "none", "tls": GIVEN},
            [
                "asgi_apps[1]: port 443 is nginx's, because of asgi_apps[0] on the same host; "
                "write another tls.port, and tls.certificate and tls.key instead of asking the CA on port 80"
            ],
            id="nginx's port",
        ),
        pytest.param(
            {},
            {"proxy": "none", "tls": {"port": 8443}},
            [
                "asgi_apps[1]: port 80 is nginx's, because of asgi_apps[0] on the same host; "
                "write another tls.port, and tls.certificate and tls.key instead of asking the CA on port 80"
            ],
            id="the port of the challenge",
        ),
        pytest.param({"state": "absent"}, {"proxy": "none"}, [], id="nginx's application is absent"),
        pytest.param(
            {"proxy": "none", "tls": {"port": 8443}},
            {"proxy": "none", "tls": {"port": 9443}},
            [],
            id="two that ask the CA",
        ),
    ],
)
def test_collisions_of_ports_are_errors(
    inventory: dict[str, Any], first: dict[str, Any], second: dict[str, Any], errors: list[str]
) -> None:
    shop = inventory["asgi_apps"][0]
    inventory["asgi_apps"] = [{**shop, **first}, {**shop, "name": "blog", "domains": ["blog.example.com"], **second}]
    assert inventory_errors(inventory, READ) == errors


@pytest.mark.parametrize("options", [{"certificate_challenge": "dns"}, {"certificate_source": "self-signed"}])
def test_port_80_is_free_if_the_ca_does_not_ask_there(inventory: dict[str, Any], options: dict[str, Any]) -> None:
    direct = {"name": "blog", "domains": ["blog.example.com"], "proxy": "none", "tls": {"port": 8443}}
    inventory["asgi_apps"].append({**inventory["asgi_apps"][0], **direct})
    inventory |= {**options, "certificate_dns_hooks": {"auth": "/usr/local/bin/dns", "cleanup": "/usr/local/bin/dns"}}
    assert [error for error in inventory_errors(inventory) if "port 80" in error] == []


def test_given_certificate_needs_no_email(inventory: dict[str, Any]) -> None:
    del inventory["certificate_email"]
    inventory["asgi_apps"][0].update(proxy="none", tls=GIVEN)
    assert inventory_errors(inventory, READ) == []
    inventory["asgi_apps"][0].update(proxy="nginx", tls={})
    assert inventory_errors(inventory, READ) == [NO_EMAIL]


@pytest.mark.parametrize(
    ("ca", "errors"),
    [
        ("ca.pem", []),
        ("none.pem", ["certificate_ca_file: found 'none.pem', which is no file on the controller ({base}/none.pem)"]),
        ("", []),
        ("a\nb", ["certificate_ca_file: found 'a\\nb', expected a path on the controller"]),
    ],
)
def test_file_that_a_role_needs_must_exist(
    inventory: dict[str, Any], tmp_path: Path, ca: str, errors: list[str]
) -> None:
    (tmp_path / "ca.pem").touch()
    inventory["certificate_ca_file"] = ca
    actual = inventory_errors(inventory, base=str(tmp_path))
    assert actual[: len(errors)] == [error.format(base=tmp_path) for error in errors]
    assert bool(actual) == bool(errors)


def test_two_applications_without_a_name_do_not_collide(inventory: dict[str, Any]) -> None:
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
def test_wrong_value_of_a_role_is_reported(inventory: dict[str, Any], variable: str, value: Any, error: str) -> None:
    actual = inventory_errors({**inventory, variable: value})
    assert [text.split(", as in")[0] for text in actual] == [error]


def test_version_that_yaml_reads_as_a_number_is_refused(inventory: dict[str, Any]) -> None:
    """`version: 1.10` without quotes is 1.1, which may well be another tag."""
    inventory["asgi_apps"][0]["version"] = 1.10
    assert len(inventory_errors(inventory)) == 1


def test_mistakes_everywhere_are_reported_at_once(inventory: dict[str, Any]) -> None:
    del inventory["certificate_email"]
    shop = inventory["asgi_apps"][0]
    del shop["module"]
    inventory["asgi_apps"].append({**shop, "git": "shop"})
    actual = inventory_errors({**inventory, "asgi_host": "x"})
    assert [error.split(":")[0] for error in actual] == [
        "asgi_host",
        "asgi_apps[0] (shop).module",
        "asgi_apps[1] (shop).module",
        "asgi_apps[1] (shop).git",
        "asgi_apps[1]",
        "asgi_apps[1]",
        "asgi_apps[1]",
        "certificate_email",
    ]


def test_all_that_an_empty_inventory_lacks_is_reported() -> None:
    assert inventory_errors({}) == [f"asgi_apps: is missing; {A_LIST}", NO_EMAIL]


def test_debian_packages_of_the_entry_are_installed(spec: dict[str, Any], facts: Facts) -> None:
    packages = app_plan({**spec, "apt": {"build": ["gcc", "libpq-dev"], "run": ["libpq5"]}}, facts("13"))["packages"]
    assert set(packages) - set(app_plan(spec, facts("13"))["packages"]) == {"gcc", "libpq-dev", "libpq5"}


def test_a_list_is_short_for_the_commands_of_a_build(spec: dict[str, Any], facts: Facts) -> None:
    plan = app_plan({**spec, "build": ["npm ci", "npm run build"]}, facts("13"))
    assert plan["build"] == {"commands": ["npm ci", "npm run build"], "env": {}, "secrets": {}, "network": True}
