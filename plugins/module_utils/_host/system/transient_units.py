"""Transient units: what runs once, by systemd-run."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from subprocess import CompletedProcess

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal, memory
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PYTHON

_SHARE = re.compile(r"(?<=[:,]size=)([0-9]+)%")  # of the memory
# Other signs are escaped in the file that systemd keeps of such a unit. Not all versions read them back as they were:
# 252 keeps the backslash before a $, a ; and a quote, and 257 has two $ for one.
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./~-]+")
_NOT_RUN = range(200, 246)  # exit statuses that are systemd's own, as in systemd.exec(5)
_REASON = 6  # lines of the journal
_ENCODED = """\
import base64, json, os, sys
argv = json.loads(base64.b64decode(sys.argv[1]))
try:
    os.execv(argv[0], argv)
except OSError as error:
    print(argv[0], error.strerror, file=sys.stderr)
    sys.exit(203)
"""


def command(unit: str, argv: Sequence[str], properties: Iterable[str], *options: str) -> list[str]:
    """The command that runs another one as a unit, which is what it was also after a daemon-reload.

    That may come at any time, as when a package is installed: also before the unit has started.

    Args:
        unit: its name.
        argv: the command, with its program's path.
        properties: of the unit, as in lines of its section Service.
        options: of systemd-run.
    """
    lines = (f"--property={lasting_property(line)}" for line in properties)
    return ["systemd-run", "--quiet", f"--unit={unit}", *options, *lines, "--", *_lasting_words(argv)]


def _lasting_words(argv: Sequence[str]) -> list[str]:
    if all(map(_PLAIN.fullmatch, argv)):
        return list(argv)
    return [PYTHON, "-I", "-S", "-c", _ENCODED, base64.b64encode(json.dumps(list(argv)).encode()).decode()]


def with_journal(done: CompletedProcess[str], unit: str, began: float) -> CompletedProcess[str]:
    """What came of a program that ran as a unit; where it did not even begin systemd tells why, in the journal."""
    if done.returncode in _NOT_RUN and not (done.stderr.strip() or done.stdout.strip()):
        done.stderr = journal.read([unit], _REASON, began)
    return done


def lasting_property(line: str) -> str:
    """A property that is the same after a daemon-reload.

    systemd (252 to 257 at least) keeps a transient unit in a file, where it doubles each percent sign. It does not make
    one of two again in options of TemporaryFileSystem, and no unit starts with a size of 50%%; so it is in bytes here.
    """
    if not line.startswith("TemporaryFileSystem="):
        return line
    return _SHARE.sub(lambda share: str(memory.total() * int(share[1]) // 100), line)
