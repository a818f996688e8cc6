"""Files of the role hardening."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.replaced_libraries import decide_restart_time
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening.plan import RESTARTS

Facts = Callable[[str], Any]
Render = Callable[..., str]
Verify = Callable[..., None]


@pytest.fixture(name="on_host")
def variables(facts: Facts, spec: dict[str, Any]) -> dict[str, Any]:
    return {"ansible_facts": facts("13"), "asgi_apps": [spec]}


def parts(desired_state: Callable[..., Any], **variables: Any) -> dict[str, dict[str, Any]]:
    return {part["name"]: part for part in desired_state("hardening", **variables)["parts"]}


def test_units_are_right(render: Render, verify: Verify, on_host: dict[str, Any]) -> None:
    verify(
        {
            "asgi-hardening-undo.service": render("hardening", "undo.service.j2", **on_host).replace(
                "ExecStart=/var/lib/asgi-deploy/hardening/undo/run", "ExecStart=/bin/true"
            ),
            "asgi-hardening-undo.timer": render("hardening", "undo.timer.j2", **on_host),
            "asgi-sysctl.service": render("hardening", "sysctl.service.j2", **on_host),
            "asgi-restart.service": render("hardening", "restart.service.j2", **on_host),
            "asgi-restart.timer": render("hardening", "restart.timer.j2", **on_host),
        }
    )


def test_root_may_be_shut_out(render: Render, on_host: dict[str, Any]) -> None:
    assert "PermitRootLogin" not in render("hardening", "sshd.conf.j2", **on_host)
    assert "PermitRootLogin no\n" in render("hardening", "sshd.conf.j2", hardening_ssh_root=False, **on_host)


def test_every_parameter_has_its_rule(render: Render, on_host: dict[str, Any]) -> None:
    lines = render("hardening", "sysctl.conf.j2", **on_host).splitlines()
    values = [line for line in lines if line.startswith("-")]
    assert "-net.ipv4.conf.*.send_redirects = 0" in values
    assert all(lines[lines.index(line) - 1].startswith("# ") for line in values)


def test_reboots_only_at_a_given_time(render: Render, on_host: dict[str, Any]) -> None:
    assert 'Automatic-Reboot "false";' in render("hardening", "apt.conf.j2", **on_host)
    text = render("hardening", "apt.conf.j2", hardening_reboot_at="04:00", **on_host)
    assert 'Automatic-Reboot "true";' in text
    assert 'Automatic-Reboot-Time "04:00";' in text


@pytest.mark.parametrize(("variables", "at"), [({}, "04:00"), ({"hardening_reboot_at": "02:30"}, "02:30")])
def test_restarts_come_at_the_time_of_a_reboot(
    render: Render, on_host: dict[str, Any], variables: dict[str, str], at: str
) -> None:
    timer = render("hardening", "restart.timer.j2", **on_host, **variables)
    assert f"\nOnCalendar=*-*-* {at}:00\n" in timer
    assert decide_restart_time(timer, hook=False) == {"mode": "window", "at": at}


def test_the_program_of_restarts_is_what_the_service_starts(
    render: Render, desired_state: Callable[..., Any], on_host: dict[str, Any]
) -> None:
    program = f"ansible_collections.asgi.deploy.plugins.module_utils.{RESTARTS}"
    assert f"\nExecStart=/usr/bin/python3 -m {program}\n" in render("hardening", "restart.service.j2", **on_host)
    assert RESTARTS in parts(desired_state, **on_host)["restart"]["modules"]


@pytest.mark.parametrize("mode", ["window", "now", "never"])
def test_apt_restarts_only_at_once(desired_state: Callable[..., Any], on_host: dict[str, Any], mode: str) -> None:
    actual = parts(desired_state, hardening_restart=mode, **on_host)
    assert (actual["restart"]["on"], actual["restart at once"]["on"]) == (mode != "never", mode == "now")
    (hook,) = actual["restart at once"]["files"]
    assert hook["path"] == "/etc/apt/apt.conf.d/61asgi-restart"
    assert "systemctl start --no-block asgi-restart.service || true" in hook["content"]


@pytest.mark.parametrize("major", ["12", "13"])
def test_each_part_can_be_undone(desired_state: Callable[..., Any], facts: Facts, major: str) -> None:
    proxy = "http://ops:hunter2@proxy.example.com:3128"
    more: dict[str, Any] = {"hardening_bans": True, "hardening_restart": "now", "asgi_http_proxy": proxy}
    on = parts(desired_state, ansible_facts=facts(major), **more)
    off = parts(desired_state, ansible_facts=facts(major), hardening=False)
    assert on.keys() == off.keys()
    for name, part in on.items():
        assert part["on"] and not off[name]["on"], name
        assert [file["path"] for file in part.get("files", [])] == [file["path"] for file in off[name].get("files", [])]
        # What the distribution runs by itself is left running.
        ours = {unit for unit in part.get("enabled", []) if unit.startswith(("asgi-", "fail2ban"))}
        assert ours <= set(off[name].get("ends", [])), name


def test_the_way_back_is_written_first(desired_state: Callable[..., Any], on_host: dict[str, Any]) -> None:
    assert next(iter(parts(desired_state, **on_host))) == "undo"


def test_updates_use_the_proxy_whose_password_is_only_for_root(desired_state: Callable[..., Any], facts: Facts) -> None:
    proxy = "http://ops:hunter2@proxy.example.com:3128"
    found = parts(desired_state, ansible_facts=facts("13"), asgi_http_proxy=proxy)["proxy"]
    kept, *drop_ins = found["files"]
    assert (kept["path"], kept["mode"]) == ("/etc/asgi-deploy/updates-environment", "0600")
    assert f'https_proxy="{proxy}"\n' in kept["secret_content"] and "content" not in kept
    assert [drop_in["path"].split("/")[-2] for drop_in in drop_ins] == [
        "apt-daily.service.d",
        "apt-daily-upgrade.service.d",
    ]
    assert all("EnvironmentFile=/etc/asgi-deploy/updates-environment" in drop_in["content"] for drop_in in drop_ins)
    assert "hunter2" not in str(drop_ins)
