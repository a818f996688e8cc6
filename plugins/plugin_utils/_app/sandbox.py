"""What an application's processes may do and see: lines of systemd.exec(5) and systemd.resource-control(5).

All units of an application have the same lines. Each option of `sandbox` allows something, or forbids more, as
`outgoing` does; docs/sandbox.md says what each line stops.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import (
    CACHE,
    CERTBOT_STATE,
    CONFIGURATION,
    DATA,
    JOURNALS,
    LETSENCRYPT,
    NGINX_LOGS,
    PROGRAMS,
    ROOT,
    STORAGE,
    UNITS,
    Layout,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import metadata_service
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions, SandboxOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import Rule, networks

# Folders with an entry for each application; those of other applications cannot be seen.
PER_APPLICATION = (str(ROOT), str(DATA), str(STORAGE))
OURS = str(CONFIGURATION)
# What releases are built from.
CACHES = str(CACHE)
# Paths that no application needs: file modes already protect some; others say something about other applications.
HIDDEN = (
    *(
        "/boot",
        str(LETSENCRYPT),
        str(CERTBOT_STATE),
        "/etc/sudoers.d",
        "/var/backups",
        CACHES,
        "/run/lock",
        "/run/ssh-unix-local",
    ),
    *("/etc/nginx", str(UNITS), str(NGINX_LOGS), *map(str, JOURNALS)),
)
# The folder of sockets of systemd and its services, also those of journals. Only these parts of it are visible: the
# sockets of the resolver, a folder by which programs see that systemd runs, and the socket by which a service reports
# its state to systemd.
SYSTEMD = "/run/systemd"
RESOLVER, BOOTED, NOTIFY, HOST_JOURNAL = (f"{SYSTEMD}/{name}" for name in ("resolve", "system", "notify", "journal"))
# A program that can speak to D-Bus can ask root's services for something.
DBUS = "/run/dbus"

# The kernel's own default for tmpfs; systemd's would be a tenth of the memory, too little for /dev/shm.
SHARED_MEMORY = "TemporaryFileSystem=/dev/shm:mode=1777,nosuid,nodev,noexec,size=50%"

# Calls of @system-service that change owner, limits and priorities, use keyrings, or handle page faults: exploits of
# the kernel use these.
DENIED_CALLS = "@privileged @resources @keyring userfaultfd"
# Calls that create files in memory, which could be run: no mount forbids it.
MEMORY_FILES = "memfd_create memfd_secret"
# Calls of the sandboxes of browsers, and of bubblewrap, in a namespace of their own.
NAMESPACE_CALLS = "@mount @setuid setgroups capset"

FAMILIES = {"netlink": "AF_NETLINK", "can": "AF_CAN", "bluetooth": "AF_BLUETOOTH", "vsock": "AF_VSOCK", "alg": "AF_ALG"}

# systemd-analyze syscall-filter, of 252.
CALL_GROUPS = frozenset(
    (
        *("aio", "basic-io", "chown", "clock", "cpu-emulation", "debug", "default", "file-system", "io-event", "ipc"),
        *("keyring", "known", "memlock", "module", "mount", "network-io", "obsolete", "pkey", "privileged", "process"),
        *("raw-io", "reboot", "resources", "setuid", "signal", "swap", "sync", "system-service", "timer"),
    )
)

# The sandbox of builds, which compile and run what they have compiled.
_BUILDS: SandboxOptions = {
    "jit": True,
    "run_stored": False,
    "outgoing": None,
    "metadata": None,
    "write": [],
    "devices": [],
    "groups": [],
    "namespaces": False,
    "sockets": [],
    "dbus": False,
    "syscalls": [],
}

_POWERFUL = frozenset(("root", "sudo", "adm", "shadow", "disk", "docker", "lxd", "systemd-journal", "www-data"))

_PATH = re.compile(r"(/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)+")
_GROUP = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_CALL = re.compile(r"[a-z][a-z0-9_]{1,63}")
# Folders where writing would undo the sandbox, or that belong to another program.
_NOT_TO_WRITE = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    str(PROGRAMS),
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
)
_OWN_FOLDERS = (*PER_APPLICATION, CACHES)
_HOMES = ("/home", "/root")


def devices(value: Sequence[str]) -> str | None:
    """Return what is wrong with paths of devices."""
    others = [path for path in value if not (_PATH.fullmatch(path) and path.startswith("/dev/"))]
    return f"found {_listed(others)}, expected paths of devices, as in [/dev/dri/renderD128]" if others else None


def groups(value: Sequence[str]) -> str | None:
    """Return what is wrong with names of groups."""
    others = [name for name in value if not _GROUP.fullmatch(name)]
    if others:
        return f"found {_listed(others)}, expected names of groups, as in [render]"
    powerful = sorted(_POWERFUL.intersection(value))
    if powerful:
        return f"found {', '.join(powerful)}, whose members can become root or reach other applications; leave it out"
    return None


def folders(value: Sequence[str]) -> str | None:
    """Return what is wrong with folders that may be written."""
    return "; ".join(filter(None, map(_folder, value))) or None


def _folder(value: str) -> str | None:
    """Return what is wrong with a folder that may be written."""
    if not _PATH.fullmatch(value):
        return f"found {value!r}, expected an absolute path, as in /mnt/exports"
    if _below(value, _HOMES):
        return f"found {value!r}, but no home is to be seen; write storage: [media], or take a folder elsewhere"
    if _below(value, _OWN_FOLDERS) or any(_below(folder, (value,)) for folder in _OWN_FOLDERS):
        return f"found {value!r}, where applications are kept apart; write storage: [media], or take a folder elsewhere"
    if _below(value, _NOT_TO_WRITE):
        return f"found {value!r}, which belongs to the system; expected a folder such as /mnt/exports"
    return None


def calls(value: Sequence[str]) -> str | None:
    """Return what is wrong with names of system calls, or of groups of them."""
    others = [
        name for name in value if not (name[1:] in CALL_GROUPS if name.startswith("@") else _CALL.fullmatch(name))
    ]
    if not others:
        return None
    known = ", ".join(f"@{name}" for name in sorted(CALL_GROUPS))
    return f"found {_listed(others)}, expected system calls, as in [ptrace], or of their groups: {known}"


def sockets(value: Sequence[str]) -> str | None:
    """Return what is wrong with kinds of sockets."""
    others = [name for name in value if name not in FAMILIES]
    return f"found {_listed(others)}, expected of {', '.join(FAMILIES)}" if others else None


RULES: dict[str, Rule] = {
    "sandbox.outgoing": networks,
    "sandbox.devices": devices,
    "sandbox.groups": groups,
    "sandbox.write": folders,
    "sandbox.syscalls": calls,
    "sandbox.sockets": sockets,
}


def changes(options: SandboxOptions) -> dict[str, Json]:
    """Return the options that differ from the sandbox that an application has by default."""
    values = cast("dict[str, Json]", options)
    return {name: value for name, value in values.items() if value or (name == "outgoing" and value is not None)}


def directives(app: AppOptions, layout: Layout, written: Sequence[str], direct: bool, facts: Facts) -> list[str]:
    """Return the lines of a unit's section Service.

    Args:
        app: the application's options.
        layout: of the application.
        written: the directories on the host that the application writes.
        direct: whether it serves without nginx, and so reads its own certificate.
        facts: the host's.
    """
    options = app["sandbox"]
    own_folders = (str(layout.home), str(layout.data), str(layout.storage))
    return [
        *_privileges(options),
        *_view(options, own_folders, str(layout.tls) if direct else None),
        f"BindReadOnlyPaths=-{NOTIFY}",
        # systemd puts the namespace's sockets in the place of the host's.
        f"BindReadOnlyPaths={HOST_JOURNAL}" if app["log"]["journal"] == "host" else f"LogNamespace={layout.journal}",
        *([] if options["run_stored"] else [f"NoExecPaths=/tmp /var/tmp {' '.join((*written, *options['write']))}"]),
        *_devices(options),
        *_network_lines(options),
        *metadata_service.unit_lines(app, facts),
        *_calls(options),
    ]


def building(layout: Layout, facts: Facts) -> list[str]:
    """Return the lines of a unit that builds an application's environment.

    A build runs code of packages that have no wheel: it compiles, runs what it has compiled, and speaks to indexes and
    repositories. It sees nothing that the application stores. It shares the host's network with the application; as it
    has no sockets of the kind AF_UNIX, it cannot pass open files or connections to the application by an abstract one.
    It reaches no socket of a journal: what it prints is read while it runs, up to a size.
    """
    options = _BUILDS
    return [
        *_privileges(options),
        *_view(options, (str(layout.home),), None, (*PER_APPLICATION, OURS, CACHES)),
        *_devices(options),
        *_network_lines(options, ()),
        *metadata_service.build_lines(facts),
        *_calls(options),
    ]


def _privileges(options: SandboxOptions) -> list[str]:
    """Return the lines that take privileges away."""
    return [
        *([f"SupplementaryGroups={' '.join(options['groups'])}"] if options["groups"] else []),
        "UMask=0077",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "AmbientCapabilities=",
        "PrivateUsers=yes",
        "LockPersonality=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        f"RestrictNamespaces={'no' if options['namespaces'] else 'yes'}",
        f"MemoryDenyWriteExecute={'no' if options['jit'] else 'yes'}",
        "KeyringMode=private",
        "LimitCORE=0",
    ]


def _view(
    options: SandboxOptions,
    own_folders: Sequence[str],
    tls: str | None,
    apart: Sequence[str] = (*PER_APPLICATION, OURS),
) -> list[str]:
    """Return the lines that say what can be seen and written; of folders `apart` only what is bound into them."""
    home, *kept = own_folders
    hidden = [*(path for path in HIDDEN if path not in apart), *([] if options["dbus"] else [DBUS])]
    return [
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "ProtectProc=invisible",
        "ProtectClock=yes",
        "ProtectHostname=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "ProtectControlGroups=yes",
        "PrivateMounts=yes",
        "PrivateTmp=yes",
        "PrivateIPC=yes",
        "RemoveIPC=yes",
        *(f"TemporaryFileSystem={folder}:ro,mode=0755" for folder in (*apart, SYSTEMD, BOOTED)),
        SHARED_MEMORY,
        f"BindReadOnlyPaths={home} -{RESOLVER}",
        *([f"BindReadOnlyPaths={tls}"] if tls else []),
        *(f"BindPaths=-{folder}" for folder in kept),
        f"InaccessiblePaths={' '.join(f'-{folder}' for folder in hidden)}",
        *([f"ReadWritePaths={' '.join(options['write'])}"] if options["write"] else []),
    ]


def _devices(options: SandboxOptions) -> list[str]:
    """Return the lines of devices: the few that every program needs, and those of the option."""
    lines = [line for path in options["devices"] for line in (f"DeviceAllow={path} rw", f"BindPaths={path}")]
    return ["PrivateDevices=yes", "DevicePolicy=closed", *lines]


def _network_lines(options: SandboxOptions, local: Sequence[str] = ("AF_UNIX",)) -> list[str]:
    """Return the lines of sockets and networks."""
    families = [*local, "AF_INET", "AF_INET6", *(FAMILIES[name] for name in options["sockets"])]
    lines = [f"RestrictAddressFamilies={' '.join(families)}"]
    if options["outgoing"] is not None:
        # A line for each: systemd-run takes localhost only by itself.
        lines.append("IPAddressDeny=any")
        lines += [f"IPAddressAllow={network}" for network in ("localhost", *options["outgoing"])]
    return lines


def _calls(options: SandboxOptions) -> list[str]:
    """Return the lines of system calls."""
    return [
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        f"SystemCallFilter=~{DENIED_CALLS}",
        *([] if options["run_stored"] or options["jit"] else [f"SystemCallFilter=~{MEMORY_FILES}"]),
        *([f"SystemCallFilter={NAMESPACE_CALLS}"] if options["namespaces"] else []),
        *([f"SystemCallFilter={' '.join(options['syscalls'])}"] if options["syscalls"] else []),
        "SystemCallErrorNumber=EPERM",
    ]


def _below(path: str, folders_above: Sequence[str]) -> bool:
    """Return whether a path is one of the folders or below one."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders_above)


def _listed(values: Sequence[str]) -> str:
    """Return values for a message."""
    return ", ".join(map(repr, values))
