"""The result of a survey: which roles and applications have something to do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.result import survey_result
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.survey_types import Inspected, PlannedInspection


def result_of(inspections: list[PlannedInspection], observed: list[Any], check_mode: bool) -> Any:
    """Return the result for inspections and what a host reports of them."""
    seen = [Inspected(*pair) for pair in zip(inspections, observed, strict=True)]
    return survey_result(seen, ["shop"], "web1", check_mode)


INSPECTIONS = [
    PlannedInspection("role nginx", "nginx", "host", "parts", {}, {"ports": [80]}),
    PlannedInspection("shop", "app", "host", "parts", {}, {}),
    PlannedInspection("shop", "app", "release", "release", {}, {}),
]
SAME = {"missing_packages": [], "drift": [], "port_owners": {"80": "nginx"}}
SERVES = {"changed": False, "noted": True}


@pytest.mark.parametrize(
    ("answers", "pending"),
    [
        ([SAME, {"drift": []}, SERVES], []),
        ([{**SAME, "drift": ["/etc/nginx/nginx.conf"]}, {"drift": []}, SERVES], ["role nginx"]),
        ([{**SAME, "port_owners": {"80": "apache2"}}, {"drift": []}, SERVES], ["role nginx"]),
        ([SAME, {"port_owners": {"443": "nginx"}}, SERVES], ["shop"]),
        ([SAME, {"drift": []}, {**SERVES, "changed": True}], ["shop"]),
        ([SAME, {"drift": ["/x"]}, {"failed": "git is not on this host"}], ["shop"]),
    ],
)
def test_roles_and_applications_with_something_to_do(answers: list[Any], pending: list[str]) -> None:
    actual = [dict(answer) for answer in answers]
    assert result_of(INSPECTIONS, actual, check_mode=False)["pending"] == pending
    assert result_of(INSPECTIONS, actual, check_mode=True)["pending"] == ["role nginx", "shop"]


def test_what_was_found_is_by_role_and_application() -> None:
    result = result_of(INSPECTIONS, [dict(SAME), {"drift": ["/x"]}, dict(SERVES)], check_mode=False)
    assert result["roles"]["nginx"]["pending"] is False
    assert result["roles"]["nginx"]["decided"] == {"ports": [80]}
    assert result["apps"]["shop"]["host"]["pending"] is True
    assert result["apps"]["shop"]["release"]["pending"] is False


@pytest.mark.parametrize(
    ("host", "release", "pending"),
    [
        ({"drift": []}, SERVES, []),
        ({"drift": []}, {**SERVES, "changed": True}, ["shop"]),
        ({"present_users": ["asgi-shop"]}, SERVES, ["role hardening", "shop"]),
    ],
)
def test_the_firewall_follows_what_others_move(
    host: dict[str, Any], release: dict[str, Any], pending: list[str]
) -> None:
    looks = [PlannedInspection("role hardening", "hardening", "host", "hardening", {}, {}), *INSPECTIONS[1:]]
    settled = {"parts": [], "refusals": [], "reboot_required": False}
    result = result_of(looks, [dict(settled), dict(host), dict(release)], check_mode=False)
    assert result["pending"] == pending
    assert result["roles"]["hardening"]["pending"] is ("role hardening" in pending)


def test_what_the_hardening_refuses_is_reported_by_itself() -> None:
    looks = [PlannedInspection("role hardening", "hardening", "host", "hardening", {}, {}), *INSPECTIONS[1:]]
    refused = {"parts": [], "refusals": ["hardening_firewall: ufw is active on this host"], "reboot_required": False}
    result = result_of(looks, [refused, {"drift": []}, dict(SERVES)], check_mode=False)
    assert result["refusals"] == ["role hardening: hardening_firewall: ufw is active on this host"]
    # So that serve.yml is entered, which begins with it.
    assert result["pending"] == ["role hardening"]
