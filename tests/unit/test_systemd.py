"""What `systemctl show` prints."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.systemd import Unit, parse_show

SERVICE = """\
Id=asgi-shop@v1-0a1b2c3d.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=static
NRestarts=2
ExecMainStatus=0
ExecMainCode=0
Result=success
NeedDaemonReload=yes
"""
BOOT = """\
Id=asgi-boot@shop.service
LoadState=loaded
ActiveState=failed
SubState=failed
UnitFileState=enabled
NRestarts=0
ExecMainStatus=3
ExecMainCode=1
Result=exit-code
NeedDaemonReload=no
"""
MISSING = """\
Id=asgi-shop@v2-ffffffff.socket
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
NeedDaemonReload=no
"""


def flags(unit: Unit) -> dict[str, object]:
    return {name: getattr(unit, name) for name in ("present", "active", "enabled", "failed", "restarts", "stale")}


def test_parse_show() -> None:
    service, boot, missing = parse_show(f"{SERVICE}\n{BOOT}\n{MISSING}", ["service", "boot", "missing"])
    assert (service.name, boot.name, missing.name) == ("service", "boot", "missing")
    nothing = {"present": False, "active": False, "enabled": False, "failed": False, "restarts": 0, "stale": False}
    assert flags(service) == {**nothing, "present": True, "active": True, "restarts": 2, "stale": True}
    assert flags(boot) == {**nothing, "present": True, "enabled": True, "failed": True}
    assert flags(missing) == nothing


def test_value_with_an_equals_sign() -> None:
    (unit,) = parse_show("Id=a.service\nDescription=a=b\n", ["a.service"])
    assert unit.properties == {"Id": "a.service", "Description": "a=b"}


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"ExecMainCode": "1", "ExecMainStatus": "3", "Result": "exit-code"}, "its process ended with status 3"),
        ({"ExecMainCode": "2", "ExecMainStatus": "9", "Result": "oom-kill"}, "its result is oom-kill"),
        ({}, "its result is ?"),
    ],
)
def test_ending(properties: dict[str, str], text: str) -> None:
    assert Unit("a.service", properties).ending() == text


@pytest.mark.parametrize(
    ("text", "names", "message"),
    [
        pytest.param("", ["a.service"], "systemctl show told of 0 units instead of 1", id="nothing"),
        pytest.param(SERVICE, ["a", "b"], "systemctl show told of 1 units instead of 2", id="one less"),
        pytest.param(f"{SERVICE}\n{BOOT}", ["a"], "systemctl show told of 2 units instead of 1", id="one more"),
    ],
)
def test_units_that_were_not_asked_for(text: str, names: list[str], message: str) -> None:
    with pytest.raises(DeployError) as error:
        parse_show(text, names)
    assert str(error.value) == message


def test_no_units() -> None:
    assert parse_show("", []) == []
