"""The plan of the hardening: what is accepted, the errors of the rest, and what follows from the options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_code import needed
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ports import behind_nginx, public_ports
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening.options import SWITCHES
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening.plan import (
    CORE_DUMPS,
    RESTARTS,
    SYSCTL,
    hardening_plan,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

Facts = Callable[[str], Any]


def planned(facts: Any, apps: Any = (), **arguments: Any) -> Any:
    resolved, errors = resolve(role_options("hardening"), arguments)
    assert errors == []
    options: Any = {name.removeprefix("hardening_"): value for name, value in resolved.items()}
    return hardening_plan(options, facts, public_ports(apps), behind_nginx(apps))


@pytest.mark.parametrize(
    "options",
    [
        {"hardening": False, "hardening_open": [{"port": 9100}], "hardening_firewall": False},
        {
            "hardening_open": [
                {"port": 9100, "allow": ["10.0.0.0/8", "2001:db8::/32"]},
                {"port": 51820, "protocol": "udp"},
            ]
        },
        {"hardening_firewall_rules": ['ip saddr { 10.0.0.1, 10.0.0.2 } udp dport 161 accept comment "snmp"']},
        {"hardening_sysctl_values": {"vm.swappiness": 10, "net.ipv4.conf.*.send_redirects": None}},
        {"hardening_reboot_at": "04:00", "hardening_journal_size": "500M"},
        {"hardening_reboot_at": "04:00", "hardening_updates": False},  # the time of restarts
        {"hardening_restart": "now"},
        {"hardening_bans": True, "hardening_ban_never": ["192.0.2.0/24"], "hardening_ban_minutes": 60},
        {"hardening_open": []},
    ],
)
def test_correct_options_have_no_errors(inventory: dict[str, Any], options: dict[str, Any]) -> None:
    assert inventory_errors({**inventory, **options}) == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"hardenning": False}, "hardenning: is not a variable of asgi.deploy; did you mean hardening?"),
        (
            {"hardening_firewal": False},
            "hardening_firewal: is not a variable of asgi.deploy; did you mean hardening_firewall?",
        ),
        ({"hardening_firewall": "of"}, "hardening_firewall: found 'of', expected true or false, as in true"),
        (
            {"hardening_open": [9100]},
            "hardening_open: found [9100], expected a list of dictionaries with port, protocol, allow",
        ),
        (
            {"hardening_open": [{"ports": 9100}]},
            "hardening_open: found {'ports': 9100}, expected entries such as {port: 9100, allow: [10.0.0.0/8]}",
        ),
        ({"hardening_open": [{"port": 0}]}, "hardening_open: found port 0, expected a number from 1 to 65535"),
        (
            {"hardening_open": [{"port": 9100, "from": []}]},
            "hardening_open: found 'from', expected port, protocol and allow",
        ),
        (
            {"hardening_open": [{"port": 9100, "protocol": "sctp"}]},
            "hardening_open: found protocol 'sctp', expected tcp or udp",
        ),
        (
            {"hardening_open": [{"port": 9100, "allow": ["10.0.0.1/8"]}]},
            "hardening_open: found '10.0.0.1/8', whose address has more bits than the network; write 10.0.0.0/8",
        ),
        (
            {"hardening_open": [{"port": 9100}, {"port": 9100, "protocol": "tcp"}]},
            "hardening_open: found port 9100 of tcp twice",
        ),
        (
            {"hardening_open": [{"port": 9100}], "hardening_close": [9100]},
            "hardening_close: port 9100 is opened by hardening_open; leave out one of them",
        ),
        (
            {"hardening_close": [443]},
            "hardening_close: found 443, which is open for visitors and for the CA; leave it out",
        ),
        (
            {"hardening_open": [{"port": 80, "allow": ["10.0.0.0/8"]}]},
            "hardening_open: found port 80, which is open to everyone for visitors and the CA; leave it out, "
            "and write site.allow for an application that is not for all of them",
        ),
        (
            {"hardening_firewall": False, "hardening_close": [111]},
            "hardening_close: has no effect with hardening_firewall: false; leave out one of them",
        ),
        (
            {"hardening_ban_minutes": 5},
            "hardening_ban_minutes: has no effect with hardening_bans: false; leave out one of them",
        ),
        (
            {"hardening_reboot_at": "4am"},
            "hardening_reboot_at: found '4am', expected a time, as in hardening_reboot_at: \"04:00\"",
        ),
        (
            {"hardening_reboot_at": "04:00", "hardening_updates": False, "hardening_restart": "never"},
            "hardening_reboot_at: has no effect with hardening_updates: false and hardening_restart: never; leave out "
            "one of them",
        ),
        (
            {"hardening_restart": "later"},
            "hardening_restart: found 'later', expected one of window, now, never, as in 'window'",
        ),
        (
            {"hardening_journal_size": "1GB"},
            "hardening_journal_size: found '1GB', expected a size as journald writes it, as in 1G",
        ),
        (
            {"hardening_sysctl_values": {"kernel.x\n": "x"}},
            "hardening_sysctl_values: found kernel.x\\n: x, expected names and values, as in vm.swappiness: 10",
        ),
        (
            {"hardening_services_off": ["cups", "ssh.service"]},
            "hardening_services_off: found 'cups', expected a unit, as in cups.service; "
            "found 'ssh.service', which the host needs to be reached",
        ),
        ({"hardening_confirm_timeout": 0}, "hardening_confirm_timeout: found 0, expected 10 to 3600 seconds"),
    ],
)
def test_wrong_options_are_reported(inventory: dict[str, Any], options: dict[str, Any], error: str) -> None:
    assert inventory_errors({**inventory, **options}) == [error]


@pytest.mark.parametrize(
    "rule",
    [
        "accept\ndrop",
        "tcp dport 25 accept }",
        "} chain other {",
        "tcp dport { 25 accept",
        "accept; drop",
        'comment "',
        "accept # all",
        "",
    ],
)
def test_text_of_several_rules_is_refused(inventory: dict[str, Any], rule: str) -> None:
    (error,) = inventory_errors({**inventory, "hardening_firewall_rules": [rule]})
    assert error.startswith(f"hardening_firewall_rules: found {rule!r}, expected one rule of nft on one line")


def test_everything_but_bans_is_on_by_default(facts: Facts) -> None:
    plan = planned(facts("13"))
    off = [switch for switch in SWITCHES if not plan[switch.removeprefix("hardening_")]]
    assert off == ["hardening_bans"]
    assert plan["desired_sysctl"] == {name: value for name, (value, _) in {**SYSCTL, **CORE_DUMPS}.items()}


def test_one_switch_turns_everything_off(facts: Facts) -> None:
    plan = planned(facts("13"), hardening=False, hardening_bans=True)
    assert not any(plan[switch.removeprefix("hardening_")] for switch in SWITCHES)
    assert (plan["desired_firewall"], plan["desired_sshd"], plan["desired_sysctl"], plan["desired_services"]) == (
        None,
        {},
        {},
        [],
    )


@pytest.mark.parametrize(
    ("options", "restarts", "at_once", "at"),
    [
        ({}, True, False, "04:00"),
        ({"hardening_reboot_at": "02:30"}, True, False, "02:30"),
        ({"hardening_restart": "now"}, True, True, "04:00"),
        ({"hardening_restart": "never"}, False, False, "04:00"),
        ({"hardening_restart": "now", "hardening": False}, False, False, "04:00"),
    ],
)
def test_restarts_go_by_their_mode(
    facts: Facts, options: dict[str, Any], restarts: bool, at_once: bool, at: str
) -> None:
    plan = planned(facts("13"), **options)
    assert (plan["restarts"], plan["restarts_at_once"], plan["restart_at"]) == (restarts, at_once, at)


def test_a_host_is_sent_the_code_that_it_keeps() -> None:
    """A task and an inspection install what they were sent themselves, so that nothing is sent twice."""
    kept = set(needed(RESTARTS))
    for sent in ("_host.tasks.harden", "_host.survey.inspections"):
        assert kept <= set(needed(sent)), sent


def test_ports_of_applications_without_nginx_are_open(facts: Facts, spec: dict[str, Any]) -> None:
    apps = [spec, {**spec, "name": "direct", "proxy": "none", "tls": {"port": 8443}}]
    apps += [{**spec, "name": "gone", "proxy": "none", "tls": {"port": 9443}, "state": "absent"}]
    plan = planned(facts("13"), apps)
    assert [item["port"] for item in plan["desired_firewall"]["web"]] == [80, 443, 443, 8443]
    assert plan["bans_web"] is True
    assert planned(facts("13"), apps[1:])["bans_web"] is False


def test_kernel_parameters_of_the_user_replace_defaults(facts: Facts) -> None:
    values = {"vm.swappiness": 10, "kernel.sysrq": None, "kernel.kptr_restrict": 1}
    parameters = planned(facts("13"), hardening_sysctl_values=values)["desired_sysctl"]
    assert (parameters["vm.swappiness"], parameters["kernel.kptr_restrict"]) == ("10", "1")
    assert "kernel.sysrq" not in parameters


def test_key_exchanges_are_those_that_sshd_knows(facts: Facts) -> None:
    assert planned(facts("13"))["key_exchanges"].startswith("mlkem768x25519-sha256,")
    assert planned(facts("14"))["key_exchanges"] == planned(facts("13"))["key_exchanges"]
    assert planned(facts("12"))["key_exchanges"].startswith("sntrup761x25519-sha512@openssh.com,")


def test_root_may_log_in_unless_it_is_forbidden(facts: Facts) -> None:
    assert "permitrootlogin" not in planned(facts("13"))["desired_sshd"]
    assert planned(facts("13"), hardening_ssh_root=False)["desired_sshd"]["permitrootlogin"] == "no"


def test_unsupported_system_is_refused(facts: Facts) -> None:
    with pytest.raises(ValueError, match="this host runs Debian 10"):
        planned(facts("10"))
