"""Kernel parameters: what differs, what is fixed, what goes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening import sysctl


@pytest.fixture(name="root")
def kernel(tmp_path: Path) -> Path:
    """Write the parameters of a host with two interfaces."""
    for name, value in {
        "net/ipv4/conf/all/rp_filter": "0\n",
        "net/ipv4/conf/eth0.100/rp_filter": "1\n",
        "net/ipv4/ip_local_port_range": "32768\t60999\n",
        "kernel/sysrq": "438\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(value)
    return tmp_path


def test_only_what_differs(root: Path) -> None:
    expected = {"net.ipv4.conf.*.rp_filter": "1", "net.ipv4.ip_local_port_range": "32768 60999", "kernel.no_such": "1"}
    state = sysctl.inspect(expected, {}, root=root)
    assert state.differ == {"net/ipv4/conf/all/rp_filter": "1"}
    assert state.found == {"net/ipv4/conf/all/rp_filter": "0"}
    assert sysctl.apply(state, root) == []
    assert sysctl.inspect(expected, {}, root=root) == sysctl.Parameters()


def test_what_is_read_only_is_reported(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: "sysrq" not in str(path))
    state = sysctl.inspect({"kernel.sysrq": "0"}, {}, root=root)
    assert (state.differ, state.fixed) == ({}, ["kernel/sysrq"])


def test_what_the_kernel_refused_is_not_tried_again(root: Path) -> None:
    assert sysctl.inspect({"kernel.sysrq": "0"}, {}, {"kernel/sysrq": "0"}, root).fixed == ["kernel/sysrq"]
    assert sysctl.inspect({"kernel.sysrq": "1"}, {}, {"kernel/sysrq": "0"}, root).differ == {"kernel/sysrq": "1"}


def test_undone(root: Path) -> None:
    former = {"kernel/sysrq": "16", "net/ipv4/conf/gone/rp_filter": "0"}
    assert sysctl.inspect({}, former, root=root).differ == {"kernel/sysrq": "16"}
    assert sysctl.inspect({"kernel.sysrq": "0"}, former, root=root).differ == {"kernel/sysrq": "0"}
