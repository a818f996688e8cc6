"""What roles and applications want to have looked at, and what comes of the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible_collections.asgi.deploy.plugins.action.survey import Look, told
from ansible_collections.asgi.deploy.plugins.module_utils.looks import LOOKS, parts
from ansible_collections.asgi.deploy.plugins.plugin_utils.rendering import RoleView
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain

View = Callable[..., RoleView]
PACKED: dict[str, Any] = {"source": {}, "wheelhouse": None, "archives": []}
CERTIFICATE = {"certificate_name": "shop", "certificate_domains": ["shop.example.com"], "certificate_given": None}


@pytest.fixture
def view(spec: dict[str, Any], facts: Callable[[str], dict[str, Any]]) -> View:
    def seen(role: str, **options: Any) -> RoleView:
        variables = {
            "ansible_facts": facts("13"),
            "asgi_apps": [spec],
            "app_spec": {**spec, **options},
            "certificate_email": "ops@example.com",
            **CERTIFICATE,
        }
        found = RoleView(DataLoader(), role, variables)
        found.add("_app_packed", PACKED)
        return found

    return seen


@pytest.mark.parametrize(
    ("role", "options", "kinds"),
    [
        ("nginx", {}, ["parts"]),
        ("hardening", {}, ["hardening"]),
        ("certificate", {}, ["parts"]),
        ("app", {}, ["parts", "release"]),
        ("app", {"state": "absent"}, ["parts", "removal"]),
    ],
)
def test_looks_are_such_as_the_host_takes(view: View, role: str, options: dict[str, Any], kinds: list[str]) -> None:
    looks = view(role, **options).value(f"_{role}_looks")
    assert [look["kind"] for look in looks.values()] == kinds
    for look in looks.values():
        result = ArgumentSpecValidator(LOOKS[look["kind"]][0]).validate(plain(look["options"]))
        assert result.error_messages == []


def test_what_is_looked_at_is_what_is_written(view: View, role_variable: Callable[..., Any]) -> None:
    own = view("nginx")
    written = role_variable("nginx", "_nginx_files", _nginx_plan=own.decision)
    assert plain(own.value("_nginx_looks")["host"]["options"]["files"]) == plain(written)


def test_parts_that_are_missing_here() -> None:
    wanted = {"packages": ["no-such-package"], "users": ["nobody", "no-such-user"], "no_users": ["nobody"]}
    options = ArgumentSpecValidator(LOOKS["parts"][0]).validate(wanted).validated_parameters
    found = parts(options)
    assert found["missing_packages"] == ["no-such-package"]
    assert found["missing_users"] == ["no-such-user"]
    assert found["present_users"] == ["nobody"]


LOOKED = [
    Look("role nginx", "nginx", "host", "parts", {}, {"decided": {"ports": [80]}}),
    Look("shop", "app", "host", "parts", {}, {}),
    Look("shop", "app", "release", "release", {}, {}),
]
SAME = {"missing_packages": [], "drift": [], "port_owners": {"80": "nginx"}}
SERVES = {"changed": False, "noted": True}


@pytest.mark.parametrize(
    ("answers", "due"),
    [
        ([SAME, {"drift": []}, SERVES], []),
        ([{**SAME, "drift": ["/etc/nginx/nginx.conf"]}, {"drift": []}, SERVES], ["role nginx"]),
        ([{**SAME, "port_owners": {"80": "apache2"}}, {"drift": []}, SERVES], ["role nginx"]),
        ([SAME, {"port_owners": {"443": "nginx"}}, SERVES], ["shop"]),
        ([SAME, {"drift": []}, {**SERVES, "changed": True}], ["shop"]),
        ([SAME, {"drift": ["/x"]}, {"failed": "git is not on this host"}], ["shop"]),
    ],
)
def test_who_has_something_to_do(answers: list[dict[str, Any]], due: list[str]) -> None:
    found = [dict(one) for one in answers]
    assert told(LOOKED, found, "web1", check_mode=False)["due"] == due
    assert told(LOOKED, found, "web1", check_mode=True)["due"] == ["role nginx", "shop"]


def test_what_was_found_is_by_role_and_application() -> None:
    result = told(LOOKED, [dict(SAME), {"drift": ["/x"]}, dict(SERVES)], "web1", check_mode=False)
    assert result["roles"]["nginx"]["due"] is False
    assert result["roles"]["nginx"]["decided"] == {"ports": [80]}
    assert result["apps"]["shop"]["host"]["due"] is True
    assert result["apps"]["shop"]["release"]["due"] is False


@pytest.mark.parametrize(
    ("host", "release", "due"),
    [
        ({"drift": []}, SERVES, []),
        ({"drift": []}, {**SERVES, "changed": True}, ["shop"]),
        ({"present_users": ["asgi-shop"]}, SERVES, ["role hardening", "shop"]),
    ],
)
def test_the_firewall_follows_what_others_move(host: dict[str, Any], release: dict[str, Any], due: list[str]) -> None:
    looks = [Look("role hardening", "hardening", "host", "hardening", {}, {}), *LOOKED[1:]]
    settled = {"parts": [], "refusals": [], "reboot_required": False}
    result = told(looks, [dict(settled), dict(host), dict(release)], "web1", check_mode=False)
    assert result["due"] == due
    assert result["roles"]["hardening"]["due"] is ("role hardening" in due)
