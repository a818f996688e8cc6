"""What an attacker in an application's process tries, and what the sandbox is to answer.

The same code, run by root outside of any sandbox, must get further: that shows that an attack is one.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.integration.cloud import ADDRESSES, ask_by_tcp, ask_by_udp

# Numbers of system calls that the C library has no functions for: syscalls(2).
CALLS = """\
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
KEYCTL, BPF, USERFAULTFD = {"x86_64": (250, 321, 323), "aarch64": (219, 280, 282)}[platform.machine()]
def checked(value):
    if value < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return value
"""
# A program that an attacker brought along.
DROPPED = """\
import os, shutil, subprocess
path = os.path.join({folder!r}, "dropped")
shutil.copy("/bin/true", path)
os.chmod(path, 0o700)
try:
    result = subprocess.run([path]).returncode
finally:
    os.unlink(path)
"""
PROCESSES = """\
import os
def owner(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"ASGI_APP=NEIGHBOUR" in file.read()
    except OSError:
        return False
result = [pid for pid in os.listdir("/proc") if pid.isdigit() and owner(pid)]
if not result:
    raise LookupError("no such process is to be seen")
""".replace("NEIGHBOUR", "neighbour")


@dataclass(frozen=True)
class Attack:
    """Code, and the errors of which one must end it."""

    what: str
    code: str
    errors: tuple[str, ...]
    harmless: bool = True  # for root to do on a host that shares a kernel; others are root's in `make test-vm`


ABSENT, DENIED, READ_ONLY = ("FileNotFoundError",), ("PermissionError",), ("OSError", "PermissionError")
NO_UNIX = "OSError"  # builds have no sockets of that kind


def read(path: str) -> str:
    return f"open({path!r}, 'rb').read(1)"


def write(path: str) -> str:
    """Append nothing, which takes the same right as something."""
    return f"open({path!r}, 'ab').close()"


def dropped(path: str) -> str:
    """Make a file, and remove it again."""
    return f"import os; open({path!r}, 'xb').close(); os.unlink({path!r})"


def listed(path: str) -> str:
    return f"import os; result = sorted(os.listdir({path!r})); assert result"


def connect(path: str) -> str:
    return f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})"


def call(expression: str) -> str:
    return f"{CALLS}checked({expression})"


OTHERS = [
    Attack("read another application's code", read("/srv/asgi/neighbour/current/src/prey/main.py"), ABSENT),
    Attack("read another application's environment file", read("/srv/asgi/neighbour/current/environment"), ABSENT),
    Attack("read another application's storage", listed("/var/lib/asgi-storage/neighbour"), ABSENT),
    Attack("read another application's data", "import os; os.listdir('/var/lib/asgi/neighbour')", ABSENT),
    Attack(
        "speak to another application's socket", connect("/srv/asgi/neighbour/current/app.sock"), (*ABSENT, NO_UNIX)
    ),
    Attack("see another application's process and its environment", PROCESSES, ("LookupError",)),
    Attack(
        "see which applications there are",
        "import os; assert 'neighbour' in os.listdir('/srv/asgi')",
        ("AssertionError",),
    ),
    Attack("read what others have logged", listed("/var/log/journal"), DENIED),
    Attack("log as another application", connect("/run/systemd/journal.asgi-neighbour/stdout"), (*ABSENT, NO_UNIX)),
    Attack("see who has a journal", listed("/run/systemd/journal.asgi-neighbour"), ABSENT),
    Attack("read another application's key", read("/etc/asgi-deploy/tls/neighbour/combined.pem"), ABSENT),
]

HOST = [
    Attack("read /etc/shadow", read("/etc/shadow"), DENIED),
    Attack("look into /root", "import os; os.listdir('/root')", DENIED),
    Attack("look into /home", "import os; assert os.listdir('/home')", (*DENIED, "AssertionError")),
    Attack("read the key of its own certificate", read("/etc/asgi-deploy/tls/attacked/combined.pem"), ABSENT),
    Attack("read what certbot keeps", "import os; os.listdir('/var/lib/asgi-deploy/certbot')", DENIED),
    Attack("read the host's SSH key", read("/etc/ssh/ssh_host_ed25519_key"), DENIED),
    Attack("read its own environment file", read("/srv/asgi/attacked/current/environment"), DENIED),
    Attack("change its own code", write("/srv/asgi/attacked/current/src/prey/main.py"), READ_ONLY),
    Attack("change its own virtual environment", write("/srv/asgi/attacked/current/venv/pyvenv.cfg"), READ_ONLY),
    Attack(
        "make another release the live one",
        "import os; os.symlink('x', '/srv/asgi/attacked/mine'); os.unlink('/srv/asgi/attacked/mine')",
        READ_ONLY,
    ),
    Attack("have every shell run something", dropped("/etc/profile.d/dropped.sh"), READ_ONLY),
    Attack("have systemd run something", dropped("/etc/systemd/system/dropped.service"), READ_ONLY),
    Attack("replace a program", write("/usr/bin/env"), READ_ONLY),
    Attack("see the environment of the first process", read("/proc/1/environ"), ABSENT),
    Attack("change the kernel's settings", write("/proc/sys/net/ipv4/ip_forward"), READ_ONLY),
    Attack("move processes between cgroups", write("/sys/fs/cgroup/cgroup.procs"), READ_ONLY),
]

PRIVILEGES = [
    Attack("become root", "import os; os.setuid(0)", DENIED),
    Attack(
        "become root by sudo",
        "import subprocess; subprocess.run(['sudo', '-n', 'true'], check=True)",
        ("CalledProcessError",),
    ),
    Attack(
        "leave a program that makes others its user",
        "import os; open('/tmp/suid', 'w').close(); os.chmod('/tmp/suid', 0o4755); os.unlink('/tmp/suid')",
        DENIED,
    ),
    Attack("signal processes of others", "import os; os.kill(1, 0)", DENIED),
    Attack(
        "read another process's memory",
        CALLS + "import subprocess\n"
        "child = subprocess.Popen(['sleep', '5'])\n"
        "try:\n    checked(libc.ptrace(0x4206, child.pid, 0, 0))\n"  # PTRACE_SEIZE
        "finally:\n    child.kill()",
        DENIED,
    ),
    Attack("load a kernel module", call("libc.init_module(b'x', 1, b'')"), DENIED, harmless=False),
    Attack("remove a kernel module", call("libc.delete_module(b'x', 0)"), DENIED, harmless=False),
    # BPF_MAP_CREATE of an array: its type, and the sizes of keys, of values and of itself.
    Attack(
        "load a program into the kernel",
        call("libc.syscall(BPF, 0, (ctypes.c_uint32 * 18)(2, 4, 4, 1), 72)"),
        DENIED,
    ),
    Attack(
        "mount",
        call("libc.mount(b'none', b'/mnt', b'tmpfs', 0, 0)") + "; checked(libc.umount(b'/mnt'))",
        DENIED,
    ),
    Attack("have a user namespace", call("libc.unshare(0x10000000)"), DENIED),
    Attack("have a network of its own", call("libc.unshare(0x40000000)"), DENIED),
    Attack("use the kernel's keyrings", call("libc.syscall(KEYCTL, 0, -3, 1)"), DENIED),
    Attack("handle page faults, as exploits do", call("libc.syscall(USERFAULTFD, 1)"), DENIED),
    Attack(
        "read the kernel's log", call("libc.klogctl(3, ctypes.create_string_buffer(64), 64)"), DENIED, harmless=False
    ),
    Attack("open the host's memory", read("/dev/mem"), ABSENT, harmless=False),
    Attack(
        "set the clock", "import time; time.clock_settime(time.CLOCK_REALTIME, time.time())", DENIED, harmless=False
    ),
    Attack("take the host's name", "import socket; socket.sethostname(socket.gethostname())", DENIED),
    Attack("go before others", "import os; os.nice(-5)", DENIED),
]

NETWORK = [
    Attack("forge packets", "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", DENIED),
    Attack("listen to the network", "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", READ_ONLY),
    Attack(
        "ask the kernel about the network",
        "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        READ_ONLY,
    ),
    Attack(
        "listen on a port below 1024",
        "import socket; socket.socket().bind(('127.0.0.1', 997))",
        DENIED,
    ),
    Attack("speak to D-Bus", connect("/run/dbus/system_bus_socket"), (*DENIED, *ABSENT, NO_UNIX)),
    Attack("speak to systemd", connect("/run/systemd/private"), (*DENIED, *ABSENT, NO_UNIX, "ConnectionRefusedError")),
]

# Shut while it serves; what builds its environment compiles, and runs what it has compiled.
SERVING = [
    Attack("read what releases are built from", "import os; os.listdir('/var/cache/asgi')", DENIED),
    Attack("write code into memory", "import mmap; mmap.mmap(-1, 4096, prot=7)", DENIED),
    Attack("run a program from /tmp", DROPPED.format(folder="/tmp"), DENIED),
    Attack("run a program from /dev/shm", DROPPED.format(folder="/dev/shm"), DENIED),
    Attack("run a program from its storage", DROPPED.format(folder="/var/lib/asgi-storage/attacked/uploads"), DENIED),
    Attack(
        "run a program from memory",
        "import os, subprocess\n"
        "file = os.memfd_create('dropped')\n"
        "os.write(file, open('/bin/true', 'rb').read())\n"
        "subprocess.run([f'/proc/self/fd/{file}'], pass_fds=[file], check=True)",
        DENIED,
    ),
    Attack("read what visitors of others ask for", listed("/var/log/nginx/asgi"), DENIED),
    Attack("read the sites of others", listed("/etc/nginx/asgi/sites"), (*DENIED, *ABSENT)),
    Attack("read the units of others", listed("/etc/systemd/system"), (*DENIED, "AssertionError")),
    Attack("keep others from a lock", "open('/run/lock/dropped', 'w').close()", (*DENIED, *READ_ONLY)),
    Attack(
        "stop the renewal of all certificates",
        "import fcntl, os\n"
        "fcntl.flock(os.open('/run/asgi-certificates.lock', os.O_RDONLY | os.O_CREAT), fcntl.LOCK_SH | fcntl.LOCK_NB)",
        (*DENIED, *READ_ONLY),
    ),
    Attack("run a program from its own folder", DROPPED.format(folder="/var/lib/asgi/attacked"), DENIED),
]

REFUSED_AT_ONCE = ("ConnectionRefusedError",)
CLOUD = [
    *(
        Attack(f"ask for credentials of the machine's role at {address}", ask_by_tcp(address), REFUSED_AT_ONCE)
        for address in ADDRESSES
    ),
    Attack("ask the metadata service by UDP", ask_by_udp(ADDRESSES[0]), (*DENIED, *REFUSED_AT_ONCE)),
    Attack(
        "ask the metadata service by an address of IPv6",
        "import socket; socket.socket(socket.AF_INET6).connect(('::ffff:169.254.169.254', 80))",
        REFUSED_AT_ONCE,
    ),
]
ATTACKS = [*OTHERS, *HOST, *PRIVILEGES, *NETWORK, *SERVING, *CLOUD]
# What would let it work on in the application, whose code it could change by files that it has open.
HANDED_OVER = [
    Attack(
        "hand open files to the application",
        "import socket; socket.socket(socket.AF_UNIX).bind('\\0handed-over')",
        ("OSError",),
    ),
    Attack("fill a journal", connect("/run/systemd/journal/stdout"), (*ABSENT, NO_UNIX)),
    Attack("change what other applications are built from", listed("/var/cache/asgi/packages/neighbour"), ABSENT),
]
# Against another application's build, which is at work at the same time; its process is known by its control group.
NEIGHBOURS_BUILD = "asgi-neighbour.build"
LEFT = "of-the-neighbours-build"  # a file that it leaves in its folder of temporary files
SIGNALLED = f"""\
import os, subprocess
def mine(pid):
    try:
        with open(f"/proc/{{pid}}/cgroup") as file:
            return {NEIGHBOURS_BUILD!r} not in file.read()
    except OSError:
        return pid in own
def alive(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
own = [int(name) for name in os.listdir("/proc") if name.isdigit()]
newest = subprocess.Popen(["true"])
newest.wait()
result = [pid for pid in range(2, newest.pid) if alive(pid) and not mine(pid)]
if not result:
    raise LookupError("no such process can be signalled")
"""
BETWEEN_BUILDS = [
    Attack("signal another build", SIGNALLED, ("LookupError",)),
    Attack(
        "see another build's process and its environment",
        PROCESSES.replace("ASGI_APP=neighbour", "HOME=/var/cache/asgi/packages/neighbour"),
        ("LookupError",),
    ),
    Attack("take the index's password from another build", read("/var/cache/asgi/build/neighbour/environment"), ABSENT),
    Attack(
        "write what another build takes from its cache",
        "open('/var/cache/asgi/packages/neighbour/dropped', 'w').close()",
        ABSENT,
    ),
    Attack("write into another build's environment", listed("/srv/asgi/neighbour/venvs"), ABSENT),
    Attack(
        "find another build's temporary files",
        f"import glob; assert glob.glob('/tmp/**/{LEFT}', recursive=True)",
        ("AssertionError",),
    ),
]
BUILDING = [*OTHERS, *HOST, *PRIVILEGES, *NETWORK, *HANDED_OVER, *CLOUD, *BETWEEN_BUILDS]


ELSEWHERE = "elsewhere.test"  # a name that the host knows, of another one
OTHER = "OTHER-HOST"  # stands for the other one's address
SENT = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ({address}, {port}))"
CONNECTED = "import socket; socket.create_connection(({address!r}, 22), timeout=3).close()"
NAME_SERVER = "next(line.split()[1] for line in open('/etc/resolv.conf') if line.startswith('nameserver'))"
DROPPED_PACKET = ("PermissionError", "TimeoutError")  # of the first one of TCP the program may hear nothing
# By which a build takes elsewhere what it has read.
OUTGOING = [
    Attack("connect to another host", CONNECTED.format(address=OTHER), DROPPED_PACKET),
    Attack("send to another host", SENT.format(address=repr(OTHER), port=9), DENIED),
    Attack("ask a name server", SENT.format(address=NAME_SERVER, port=53), DENIED),
    Attack("connect to the host itself", CONNECTED.format(address="127.0.0.1"), DROPPED_PACKET),
    Attack("send to the host itself", SENT.format(address="'127.0.0.1'", port=9), DENIED),
    Attack("find another host by its name", f"import socket; socket.getaddrinfo({ELSEWHERE!r}, 22)", ("gaierror",)),
]
