"""What has something to do, from what was found."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.pending import (
    differs,
    packages,
    port_conflicts,
    refuses,
    take,
    venvs,
)

PARTS: dict[str, Any] = {
    "missing_packages": [],
    "drift": [],
    "pending_certificates": {},
    "port_owners": {"80": "nginx"},
}
RELEASE = {"changed": False, "noted": True, "health": ""}
HARDENING: dict[str, Any] = {"parts": [], "refusals": [], "reboot_required": False}


@pytest.mark.parametrize(
    ("kind", "actual"),
    [("parts", PARTS), ("release", RELEASE), ("removal", {"changed": False}), ("hardening", HARDENING)],
)
def test_nothing_differs(kind: str, actual: Any) -> None:
    assert not differs(kind, actual)


@pytest.mark.parametrize(
    ("kind", "actual"),
    [
        ("parts", {**PARTS, "missing_packages": ["nginx"]}),
        ("parts", {**PARTS, "drift": ["/etc/nginx/nginx.conf"]}),
        ("parts", {**PARTS, "inactive_units": ["nginx.service"]}),
        ("parts", {**PARTS, "missing_users": ["asgi-shop"]}),
        ("parts", {**PARTS, "present_users": ["asgi-shop"]}),
        ("parts", {**PARTS, "outdated_venvs": ["/opt/asgi/certbot"]}),
        ("parts", {**PARTS, "missing_archives": ["0a1b"]}),
        ("parts", {**PARTS, "pending_certificates": {"shop": "there is none"}}),
        ("parts", {**PARTS, "lineages": ["shop"]}),
        ("parts", {**PARTS, "unmet_needs": ["postgresql.service is not there"]}),
        ("parts", {**PARTS, "port_conflicts": ["80"]}),
        ("release", {**RELEASE, "changed": True}),
        ("release", {**RELEASE, "noted": False}),
        ("release", {**RELEASE, "health": "v1 is live, but not well: GET /ready: no answer within 2 s"}),
        ("release", {"failed": "the repository does not answer"}),
        ("removal", {"changed": True}),
        ("hardening", {**HARDENING, "parts": ["firewall"]}),
        ("hardening", {**HARDENING, "refusals": ["hardening_ssh: …"]}),
        ("hardening", {**HARDENING, "reboot_required": True}),
        ("hardening", {"failed": "sshd is not on this host"}),
    ],
)
def test_something_differs(kind: str, actual: Any) -> None:
    assert differs(kind, actual)


@pytest.mark.parametrize(
    ("role", "owners", "conflicts"),
    [
        ("nginx", {"80": "nginx", "443": "nginx"}, []),
        (
            "nginx",
            {"80": "apache2", "443": "caddy"},
            [
                f"port {port} of web1 is taken by {program}; nginx needs it."
                " Stop that program or move it to another port, then run again. Nothing was changed."
                for port, program in ((443, "caddy"), (80, "apache2"))
            ],
        ),
        ("nginx", {}, []),
        ("app", {"443": "systemd"}, []),
        (
            "app",
            {"443": "nginx"},
            [
                "port 443 of web1 is taken by nginx; shop needs it to serve without nginx."
                " Remove nginx or write another tls.port, then run again. Nothing was changed."
            ],
        ),
    ],
)
def test_port_conflicts(role: str, owners: dict[str, str], conflicts: list[str]) -> None:
    assert port_conflicts(role, "shop", "web1", owners) == conflicts


@pytest.mark.parametrize("actual", [{"unmet_needs": ["x"]}, {"refusals": ["x"]}, {"port_conflicts": ["80"]}])
def test_nothing_is_installed_where_a_role_refuses(actual: Any) -> None:
    assert refuses(actual)
    assert packages([("nginx", {"missing_packages": ["nginx"]}), ("hardening", actual)]) == ([], [])


def test_packages_are_in_groups_as_they_are_needed() -> None:
    actual: list[tuple[str, Any]] = [
        ("hardening", {"missing_packages": ["nftables", "openssl", "git", "systemd-timesyncd"]}),
        ("nginx", {"missing_packages": ["nginx", "openssl"]}),
        ("app", {"changed": True}),
        ("app", {"missing_packages": ["git", "python3-venv"]}),
        ("certificate", {"missing_packages": ["openssl", "python3-venv"]}),
    ]
    assert packages(actual) == (
        ["nginx", "openssl", "python3-venv", "systemd-timesyncd"],
        [["git"], ["nftables"]],
    )
    assert packages(actual[:1]) == (["systemd-timesyncd"], [["git", "nftables", "openssl"]])
    assert packages(actual[3:4]) == (["python3-venv"], [["git"]]), "it may bring another Python along"


CERTBOT: Any = {"path": "/opt/asgi/certbot", "requirements": "certbot==1 --hash=sha256:0\n", "wheelhouse": None}
SHIPPED: Any = {**CERTBOT, "path": "/opt/other", "wheelhouse": "0" * 64}
BOTH = {"outdated_venvs": [CERTBOT["path"], SHIPPED["path"]]}


@pytest.mark.parametrize(
    ("actual", "built"),
    [
        ([BOTH], [CERTBOT]),  # for the other wheels have yet to be shipped
        ([BOTH, BOTH], [CERTBOT]),
        ([{"outdated_venvs": []}], []),
        ([BOTH, {"refusals": ["x"]}], []),
        ([{"failed": "x"}], []),
    ],
)
def test_environments_that_are_built_during_the_installation_of_packages(
    actual: list[Any], built: list[dict[str, Any]]
) -> None:
    assert venvs(([CERTBOT, SHIPPED], item) for item in actual) == built


def test_wheels_of_one_application_are_for_the_program_of_all() -> None:
    """Who has none of its own may have no index either."""
    looks: list[Any] = [([{**CERTBOT, "wheelhouse": wheels}], BOTH) for wheels in (None, "0" * 64)]
    assert venvs(looks) == [] and venvs(looks[::-1]) == []


def test_what_is_installed_for_all_is_no_work_of_theirs() -> None:
    looks: list[Any] = [{"missing_packages": ["nginx", "own"]}, {"changed": True}, dict(BOTH)]
    take(["nginx"], [CERTBOT], looks)
    assert looks == [{"missing_packages": ["own"]}, {"changed": True}, {"outdated_venvs": [SHIPPED["path"]]}]
