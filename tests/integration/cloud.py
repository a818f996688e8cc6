"""A metadata service as clouds have one, next to a test host: it answers a word at each of its addresses.

By TCP as well as by UDP, at the port of web servers and at that of name servers, also after a reboot of the host. It is
in a network of its own, so that it is none of the host's programs.
"""

from __future__ import annotations

from tests.lab import Host

ADDRESSES = ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "fd00:ec2::254")
UNIT = "cloud.service"
SERVER = f"""\
import socket, threading
ADDRESSES = {ADDRESSES!r}
def streams(server):
    while True:
        with server.accept()[0] as visitor:
            visitor.sendall(b"token")
def packets(server):
    while True:
        server.sendto(b"token", server.recvfrom(512)[1])
for address in ADDRESSES:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in (80, 53):
        for kind, serve in ((socket.SOCK_STREAM, streams), (socket.SOCK_DGRAM, packets)):
            server = socket.socket(family, kind)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((address, port))
            if kind == socket.SOCK_STREAM:
                server.listen()
            threading.Thread(target=serve, args=(server,)).start()
"""
# The host's addresses on the way there are of ranges for documentation.
NETWORK = f"""\
set -e
ip netns delete cloud 2>/dev/null || true
ip netns add cloud
ip link add cloud0 type veth peer name cloud1 netns cloud
ip -n cloud link set cloud1 up
ip address add 192.0.2.1/32 dev cloud0
ip address add 2001:db8:c::1/128 dev cloud0 nodad
ip link set cloud0 up
for address in {" ".join(ADDRESSES)}; do
    ip -n cloud address add "$address" dev cloud1 $(test "${{address#*:}}" = "$address" || echo nodad)
    ip route replace "$address" dev cloud0
done
ip -n cloud route add default dev cloud1
ip -n cloud -6 route add default dev cloud1
"""
_TEXT = """\
[Unit]
After=network-online.target
Wants=network-online.target
[Service]
ExecStartPre=/bin/sh /usr/local/lib/cloud.sh
ExecStart=/usr/sbin/ip netns exec cloud python3 /usr/local/lib/cloud.py
[Install]
WantedBy=multi-user.target
"""


def have_metadata_service(host: Host) -> None:
    """Start it, and wait until it answers."""
    host.run("cat >/usr/local/lib/cloud.py", stdin=SERVER)
    host.run("cat >/usr/local/lib/cloud.sh", stdin=NETWORK)
    host.run(f"cat >/etc/systemd/system/{UNIT}", stdin=_TEXT)
    host.run(f"systemctl daemon-reload && systemctl enable --quiet --now {UNIT}")
    wait_for_metadata_service(host)


def wait_for_metadata_service(host: Host) -> None:
    last = ask_by_tcp(ADDRESSES[-1], 53)
    host.run(f"until python3 -c '{last}' 2>/dev/null; do sleep 0.1; done", timeout=60)


def ask_by_tcp(address: str, port: int = 80) -> str:
    """Return code that leaves in `result` what the service answers."""
    return (
        f'import socket; result = socket.create_connection(("{address}", {port}), timeout=3).recv(9).decode(); '
        'assert result == "token"'
    )


def ask_by_udp(address: str, port: int = 80) -> str:
    """Return the same by UDP."""
    family = "AF_INET6" if ":" in address else "AF_INET"
    return (
        f"import socket; asking = socket.socket(socket.{family}, socket.SOCK_DGRAM); asking.settimeout(3); "
        f'asking.connect(("{address}", {port})); asking.send(b"x"); result = asking.recv(9).decode()'
    )


def came_of(host: Host, code: str, user: str = "root", properties: tuple[str, ...] = ()) -> str:
    """Run code as a user in a unit; return the name of the error, or what it left in `result`."""
    tried = f"try:\n    {code}\nexcept OSError as error:\n    result = type(error).__name__\nprint(result)\n"
    options = " ".join(f"--property={item}" for item in (f"User={user}", *properties))
    done = host.run(f"systemd-run --quiet --pipe --wait --collect {options} python3 -", stdin=tried)
    return done.stdout.strip()
