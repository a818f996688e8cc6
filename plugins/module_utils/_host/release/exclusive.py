"""A server that cannot run next to its next release, as it opens a port or holds a lock.

The old release ends before the new one starts, and its listener stays: requests wait there. If the new release passes
its gate, it gets these requests as well; if not, the old one is started again and answers them.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import Instance
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import SERVING, Layout

_TICK = 0.05  # seconds
_WAITS = "start-pre"  # the substate of a service whose ExecStartPre= runs
_PROPERTIES = "ActiveState,SubState,InvocationID,Result,ExecMainCode,ExecMainStatus"
_GRACE = 5.0  # seconds that a service may be failed
_IDLE = 5  # seconds without a connection, until nothing is passed on any more
_ROOT = "/proc/1/root"  # the first process sees all, as for a pause
# A release that is held by a run that was killed starts again,
# unless the new release runs or is live.
HELD = """\
# Written by asgi.deploy. Another release is started in the place of this one; requests wait until this file is gone.
[Service]
ExecStartPre=+/bin/sh -c 'r={root}; while test -e "$$r{file}" && {{ test -e "$$r/proc/{run}" || \
  test -e "$$r{other}" || test "$$(readlink "$$r{current}")" != "{link}"; }}; do sleep 0.1; done'
TimeoutStartSec=infinity
"""
FORWARD = """\
# Written by asgi.deploy. Passes on what waits at the listener of a release to the one that serves in its place.
[Unit]
Description={app}: requests to {old} go to {new}

[Service]
Type=exec
Sockets={listener}
ExecStart=/usr/lib/systemd/systemd-socket-proxyd --exit-idle-time={idle} --connections-max=16384 {socket}
LimitNOFILE=131072
CapabilityBoundingSet=
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
PrivateNetwork=yes
PrivateTmp=yes
ProtectHome=yes
ProtectProc=invisible
ProtectSystem=strict
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
SystemCallFilter=@system-service
"""


def needs_exclusion(store: Store, *releases: str | None) -> bool:
    """Return whether one of these releases must not run at the same time as another one, by their records."""
    return any(store.record(name).get("settings", {}).get("exclusive") for name in releases if name)


def hold(layout: Layout, release: str, other: str) -> None:
    """End a release's service once it has done its work; later requests wait at its listener.

    Args:
        layout: of the application.
        release: the release.
        other: the one that is started in its place.

    Raises:
        DeployError: the service does not end.
    """
    instance, file = Instance(layout, release), Path(layout.held(release))
    unit = instance.units["service"]
    file.parent.mkdir(parents=True, exist_ok=True)
    texts = {
        "root": _ROOT,
        "file": file,
        "run": os.getpid(),
        "other": SERVING / f"{layout.app}@{other}",
        "current": layout.current,
    }
    write(file, HELD.format(link=f"releases/{release}", **texts).encode())
    systemd.daemon_reload()
    systemd.stop(instance.units["drain"])
    systemd.reset_failed(unit)
    systemd.start(instance.units["socket"])
    before = systemd.show(unit, properties=_PROPERTIES)[0].properties.get("InvocationID")
    # Also one that waits already, as what it waits for may be a run that was killed.
    systemd.restart_soon(unit)
    failed = 0.0
    while failed < _GRACE:
        time.sleep(_TICK)
        state = systemd.show(unit, properties=_PROPERTIES)[0]
        if state.properties.get("SubState") == _WAITS and state.properties.get("InvocationID") != before:
            return
        # It fails for a moment if it has to be killed, and starts again then.
        failed = failed + _TICK if state.failed else 0.0
    raise DeployError(f"{unit} does not wait for the next release: {state.ending()}")


def is_held(layout: Layout, release: str) -> bool:
    """Return whether a release waits for the end of another one."""
    return Path(layout.held(release)).exists()


def start_again(store: Store, release: str) -> str | None:
    """Start a release that was held again; it answers what waits. Return what is wrong with it, or None."""
    instance, began = Instance(store.layout, release), time.time()
    instance.start()
    try:
        if recorded := store.record(release).get("settings"):
            instance.pass_gate(ReleaseSettings.from_record({"settings": recorded}).gate, began)
    except DeployError as error:
        return error.reason
    return None


def hand_over(layout: Layout, release: str, to: str) -> None:
    """Stop a release that is held, and pass on what waits at its listener to another one, which serves."""
    instance, forward = Instance(layout, release), Path(layout.forward(release))
    if instance.is_running():
        texts = {
            "app": layout.app,
            "old": release,
            "new": to,
            "listener": instance.units["socket"],
            "idle": f"{_IDLE}s",
        }
        write(forward, FORWARD.format(socket=layout.socket_path(to), **texts).encode())
        systemd.daemon_reload()
        systemd.start(forward.name)
    # The listener has no name any more then, and what passes on has its connections.
    instance.stop()
    instance.mark_ready()
    forward.unlink(missing_ok=True)
    instance.remove_hold()  # systemd reads its units again, without the other one, too
