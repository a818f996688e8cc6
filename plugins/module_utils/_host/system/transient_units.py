"""Transient units: programs that systemd-run runs once."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from subprocess import CompletedProcess

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal, memory
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PYTHON

_SHARE = re.compile(r"(?<=[:,]size=)([0-9]+)%")  # of the memory
# systemd escapes other characters in the file that it keeps of such a unit, and not all versions read them back
# correctly: 252 keeps the backslash before a $, a ; and a quote, and 257 reads two $ for one.
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./~-]+")
_NOT_RUN = range(200, 246)  # exit statuses of systemd itself, as in systemd.exec(5)
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
    """Return the command that runs another one as a unit, which a daemon-reload does not change.

    A daemon-reload may come at any time, as when a package is installed, even before the unit has started.

    Args:
        unit: its name.
        argv: the command, with its program's path.
        properties: of the unit, as lines of its section Service.
        options: of systemd-run.
    """
    lines = (f"--property={lasting_property(line)}" for line in properties)
    return ["systemd-run", "--quiet", f"--unit={unit}", *options, *lines, "--", *_lasting_words(argv)]


def _lasting_words(argv: Sequence[str]) -> list[str]:
    if all(map(_PLAIN.fullmatch, argv)):
        return list(argv)
    return [PYTHON, "-I", "-S", "-c", _ENCODED, base64.b64encode(json.dumps(list(argv)).encode()).decode()]


def with_journal(done: CompletedProcess[str], unit: str, began: float) -> CompletedProcess[str]:
    """Return the result of a program that ran as a unit, with lines of the journal where systemd could not start it.

    Args:
        done: the result of systemd-run.
        unit: its name.
        began: when it was started, in seconds of the epoch.
    """
    if done.returncode in _NOT_RUN and not (done.stderr.strip() or done.stdout.strip()):
        done.stderr = journal.read([unit], _REASON, began)
    return done


def lasting_property(line: str) -> str:
    """Return a property that a daemon-reload does not change.

    systemd (252 to 257 at least) keeps a transient unit in a file, where it doubles each percent sign. In options of
    TemporaryFileSystem it does not undo that, and no unit starts with a size of 50%%; so a size is written in bytes.
    """
    if not line.startswith("TemporaryFileSystem="):
        return line
    return _SHARE.sub(lambda share: str(memory.total() * int(share[1]) // 100), line)
