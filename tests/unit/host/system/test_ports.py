"""Who listens: text of /proc, and this process itself."""

from __future__ import annotations

import os
import socket
import time
from contextlib import closing
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import parse_tcp_listeners, port_owners

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 18123 1 ffff8f5a42f51180 100 0 0 10 0                     
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000   998        0 18200 1 ffff8f5a42f51a40 100 0 0 10 0                     
   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 18124 1 ffff8f5a42f52300 100 0 0 10 0                     
   3: 0A00020F:01BB 0202000A:D5C2 01 00000000:00000000 02:000A8C3B 00000000     0        0 20001 2 ffff8f5a42f52bc0 20 4 31 10 -1                    
   4: 0A00020F:0016 0202000A:C350 06 00000000:00000000 03:00001234 00000000     0        0 0 3 ffff8f5a42f53480                                      
"""  # noqa: E501, W291

TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 18125 1 ffff8f5a4 100 0 0 10 0
"""  # noqa: E501


@pytest.mark.parametrize(
    ("text", "listeners"),
    [
        pytest.param(TCP, {80: {"18123", "18124"}, 8080: {"18200"}}, id="IPv4"),
        pytest.param(TCP6, {443: {"18125"}}, id="IPv6"),
        pytest.param(TCP.splitlines()[0], {}, id="only a header"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_parse_tcp_listeners(text: str, listeners: dict[int, set[str]]) -> None:
    assert parse_tcp_listeners(text) == listeners


def comm() -> str:
    return Path("/proc/self/comm").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize(
    ("family", "address"),
    [pytest.param(socket.AF_INET, "127.0.0.1", id="IPv4"), pytest.param(socket.AF_INET6, "::1", id="IPv6")],
)
def test_owner_of_a_port(family: int, address: str) -> None:
    with closing(socket.socket(family)) as server:
        server.bind((address, 0))
        port = server.getsockname()[1]
        assert port_owners([port]) == {}
        server.listen()
        assert port_owners([port]) == {port: comm()}
    # The socket lives on for as long as another program inspects the descriptors of this one.
    deadline = time.monotonic() + 10
    while port_owners([port]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert port_owners([port]) == {}


def test_descriptor_that_closes_in_between_hides_no_owner() -> None:
    """Listing /proc/self/fd takes the lowest free descriptor, which is closed again when it is inspected."""
    free = os.open("/dev/null", os.O_RDONLY)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        os.close(free)
        port = server.getsockname()[1]
        assert server.fileno() > free
        assert port_owners([port]) == {port: comm()}
