"""The command lines on a host, as every user there can read them in /proc."""

from __future__ import annotations

import shlex

from tests.lab import Host

UNIT, FILE = "seen", "/root/seen"
# One process, which writes each line once: a loop of cat and sleep takes a quarter of a processor.
PROGRAM = f"""
import glob, time
seen = set()
with open("{FILE}", "wb") as out:
    while True:
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as file:
                    line = file.read()
            except OSError:
                continue
            if line not in seen:
                seen.add(line)
                out.write(line + b"\\n")
                out.flush()
        time.sleep(0.01)
"""


def watch(host: Host) -> None:
    """Begin to write down what can be read; what was written before is lost."""
    forget(host)
    host.run(f"systemd-run --quiet --unit={UNIT} python3 -c {shlex.quote(PROGRAM)}")
    host.run(f"until grep -q . {FILE} 2>/dev/null; do sleep 0.1; done", timeout=30)


def read(host: Host) -> str:
    """End that, and return what could be read since."""
    host.run(f"systemctl stop {UNIT}", check=False)
    return host.run(f"tr '\\0' ' ' <{FILE}", timeout=60).stdout


def forget(host: Host) -> None:
    """End that, and remove what was written down."""
    host.run(f"systemctl stop {UNIT} 2>/dev/null; rm -f {FILE}", check=False)
