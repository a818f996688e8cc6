"""Changes of the firewall and of sshd that a new connection has to confirm.

Copies of the former files are kept, and a timer restores them unless a new connection confirms the changes. The same
happens at boot: a host that goes down before the confirmation comes up as it was.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared import layout

STATE = Path(layout.HARDENING)
UNDO = Path(layout.UNDO)
RULES = Path(layout.FIREWALL_RULES)
FIREWALL = "asgi-firewall.service"
WATCH = "asgi-firewall-watch.service"  # loads its rules again when a program has deleted them
TIMER = "asgi-hardening-undo.timer"
SSHD_SETTINGS = Path(layout.SSHD_SETTINGS)

UNDO_SCRIPT = """\
#!/bin/sh
# Restores the firewall and sshd's settings: no new connection has confirmed them since they were changed.
{restore}
if [ -e {rules} ]; then
    systemctl --no-block try-reload-or-restart {firewall}
else
    systemctl --no-block stop {firewall}
fi
{take}
rm -rf {undo}
"""


def keep_undo(take: Iterable[Sequence[str]]) -> None:
    """Copy what is about to be changed; copies of a run that was cut off are older, and stay.

    Args:
        take: verbs of systemctl and units, by which sshd reads its settings.
    """
    if UNDO.exists():
        return
    scratch = UNDO.with_suffix(".new")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700, parents=True)
    restore = []
    for path in (RULES, SSHD_SETTINGS):
        if path.exists():
            shutil.copy2(path, scratch / path.name)
            restore.append(f"cp -p {shlex.quote(str(UNDO / path.name))} {shlex.quote(str(path))}")
        else:
            restore.append(f"rm -f {shlex.quote(str(path))}")
    commands = [shlex.join(["systemctl", "--no-block", *verb]) for verb in take]
    text = UNDO_SCRIPT.format(
        restore="\n".join(restore), take="\n".join(commands), rules=RULES, firewall=FIREWALL, undo=UNDO
    )
    write(scratch / "run", text.encode(), 0o700)
    scratch.rename(UNDO)


def confirm() -> bool:
    """Make final what was changed on trial; return whether anything was."""
    if not UNDO.exists():
        return False
    systemd.stop(TIMER)
    if RULES.exists():
        systemd.enable(FIREWALL)
    shutil.rmtree(UNDO)
    return True
