"""The users that the cloud's metadata service is closed to, the means, and what a plan says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.metadata_addresses import CLOSED_ADDRESSES
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan

Planned = Callable[..., dict[str, Any]]
DENIED = [f"IPAddressDeny={address}" for address in CLOSED_ADDRESSES]
CLOSED = (
    "the cloud's metadata service is closed to it; if it uses the machine's role, write sandbox: {metadata: true}, "
    "or else metadata: false, which ends this line"
)


@pytest.fixture
def planned(spec: dict[str, Any], facts: Callable[[str], Any]) -> Planned:
    def planned(more: Any = None, options: dict[str, Any] | None = None, **sandbox: Any) -> Any:
        bounded: dict[str, Any] = {"index": {"hosts": ["pypi.example.com"]}} if "outgoing" in sandbox else {}
        here: Any = {**facts("13"), **(more or {})}
        return app_plan({**spec, **bounded, **(options or {}), "sandbox": sandbox}, here)

    return planned


def denied(plan: dict[str, Any], lines: str) -> list[str]:
    return [line for line in plan[lines] if line.startswith("IPAddressDeny=")]


@pytest.mark.parametrize(
    ("metadata", "closed", "notices"), [(None, True, [CLOSED]), (False, True, []), (True, False, [])]
)
def test_rules_close_it_until_the_entry_opens_it(
    planned: Planned, metadata: bool | None, closed: bool, notices: list[str]
) -> None:
    plan = planned({"nftables": True}, metadata=metadata)
    assert plan["metadata"] == {"by_nft": True, "application": closed, "ports": [], "outgoing": None}
    assert plan["notices"] == notices
    assert "nftables" in plan["packages"]
    assert denied(plan, "sandbox_lines") == denied(plan, "build_lines") == []


def test_rules_close_the_public_socket_of_an_application_without_nginx(planned: Planned) -> None:
    plan = planned(options={"proxy": "none", "tls": {"port": 8443}})
    assert plan["metadata"]["ports"] == [8443]


@pytest.mark.parametrize("metadata", [None, True])
def test_rules_bound_connections_that_no_unit_can_bound(planned: Planned, metadata: bool | None) -> None:
    options, outgoing = {"proxy": "none", "tls": {"port": 8443}}, ["10.0.0.0/8", "169.254.169.254"]
    if not metadata:
        outgoing.pop()
    plan = planned({"nftables": True}, options, metadata=metadata, outgoing=outgoing)
    assert plan["metadata"]["outgoing"] == outgoing
    behind_nginx = planned({"nftables": True}, metadata=metadata, outgoing=outgoing)
    assert behind_nginx["metadata"]["outgoing"] is None


def test_without_nft_nothing_bounds_the_public_socket_and_the_plan_says_so(planned: Planned) -> None:
    notice = (
        "it can reach other hosts than those of sandbox.outgoing, by the socket of its visitors: the kernel of this "
        "host takes no rules of nft"
    )
    direct = {"proxy": "none"}
    for metadata, outgoing in ((False, []), (True, ["169.254.169.254"])):
        plan = planned({"nftables": False}, direct, metadata=metadata, outgoing=outgoing)
        assert plan["metadata"]["outgoing"] is None
        assert plan["notices"][0] == notice
        assert notice not in planned({"nftables": True}, direct, metadata=metadata, outgoing=outgoing)["notices"]
        assert notice not in planned({"nftables": False}, metadata=metadata, outgoing=outgoing)["notices"]
    assert planned({"nftables": False}, direct, metadata=False)["notices"] == []


def test_units_close_it_without_nft(planned: Planned) -> None:
    plan = planned({"nftables": False, "nameservers": ["192.0.2.53"]}, metadata=False)
    assert plan["metadata"] == {"by_nft": False, "application": True, "ports": [], "outgoing": None}
    assert denied(plan, "sandbox_lines") == denied(plan, "build_lines") == DENIED
    assert "nftables" not in plan["packages"]
    assert plan["notices"] == []


def test_only_the_application_can_have_it_open_without_nft(planned: Planned) -> None:
    plan = planned({"nftables": False}, metadata=True)
    assert (denied(plan, "sandbox_lines"), denied(plan, "build_lines")) == ([], DENIED)


def test_without_nft_the_name_server_stays_open_and_the_plan_says_so(planned: Planned) -> None:
    plan = planned({"nftables": False, "nameservers": ["169.254.169.254"]}, metadata=False)
    assert denied(plan, "sandbox_lines") == denied(plan, "build_lines") == DENIED[1:]
    assert plan["notices"] == [
        "169.254.169.254 of the cloud's metadata service stays open: the kernel of this host takes no rules of nft, "
        "and resolv.conf or sandbox.outgoing has that address"
    ]


def test_without_nft_a_wide_network_holds_it_open_and_the_plan_says_so(planned: Planned) -> None:
    plan = planned({"nftables": False}, metadata=False, outgoing=["100.64.0.0/10"])
    assert [notice.split(" of ")[0] for notice in plan["notices"]] == ["100.100.100.200"]
    assert planned({"nftables": True}, metadata=False, outgoing=["100.64.0.0/10"])["notices"] == []


@pytest.mark.parametrize(
    "outgoing", [["169.254.169.254"], ["169.254.0.0/16"], ["::/0"], ["10.0.0.0/8", "fd00:ec2::254"]]
)
def test_metadata_service_in_the_list_of_networks_stays_open(planned: Planned, outgoing: list[str]) -> None:
    assert not planned(metadata=True, outgoing=outgoing)["metadata"]["application"]
