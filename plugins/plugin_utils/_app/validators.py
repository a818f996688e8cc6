"""Rules for the values of an application's options: see _common/validators.py."""

from __future__ import annotations

import re
import shlex
import ssl
from collections.abc import Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.log_levels import LEVELS
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import UNIT_SUFFIXES
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import kind_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import CONTROL, UNPRINTABLE

# The longest environment string of execve(2), with its name, the = and the NUL: MAX_ARG_STRLEN of Linux.
ENV_MAX = 131_072
SECRET_MIN = 8  # shorter ones could not be masked in output without masking half of it
SECRET_MAX = 65_536
SECRETS_MAX = 524_288  # of all together; systemd gives a unit 1 MiB of credentials at most
# Read before the application's own code runs, or by what starts it.
_TOO_EARLY = re.compile(r"PYTHON.*|LD_.*|PATH|HOME|WORKERS|JOURNAL_STREAM|PROMETHEUS_MULTIPROC_DIR|SPT_NOENV")
RESERVED_ENV = {"ASGI_APP", "ASGI_RELEASE", "ASGI_PROCESS", "ASGI_JOB", "ASGI_RUNTIME", "CREDENTIALS_DIRECTORY"}
WORKERS_MAX = 1024
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STATUS = re.compile(r"[1-5](xx|[0-9]{2})")
_QUOTED = re.compile(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"")  # what a shell takes as it is
_UNIT = re.compile(r"[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]+)?")  # no instance of a template without a name
_PROGRAM = re.compile(r"(/[A-Za-z0-9._+-]+)+|[A-Za-z0-9_][A-Za-z0-9._+-]*")
_TITLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_PYTHON_PATH = re.compile(r"[A-Za-z0-9._+/-]+(:[A-Za-z0-9._+/-]+)*")


def module(value: str) -> str | None:
    """Return what is wrong with the name of an application in a module."""
    if _MODULE.fullmatch(value):
        return None
    if _DOTTED.fullmatch(value):
        return f"found {value!r}, expected package.module:attribute, as in module: {value}:app"
    return f"found {value!r}, expected package.module:attribute, as in module: shop.main:app"


def env(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with environment variables."""
    errors = []
    for key, item in value.items():
        if not _ENV.fullmatch(key):
            errors.append(_no_variable(key))
        elif key in RESERVED_ENV:
            errors.append(f"{key} is set by the release itself; leave it out")
        elif key == "GUNICORN_CMD_ARGS":
            errors.append(f"{key} would go past all that is checked here; write settings: {{…}}")
        elif isinstance(item, (Mapping, list)) or item is None:
            errors.append(f"{key} is no text but {kind_of(item)}")
        elif UNPRINTABLE.search(str(item)):
            errors.append(f"{key} holds a control character")
        elif len(key) + len(str(item).encode()) + 2 > ENV_MAX:
            errors.append(f"{key} is longer than a program can be given; write it in files")
        elif key == "PYTHONPATH" and not _PYTHON_PATH.fullmatch(str(item)):
            errors.append(f"{key} is no list of folders with colons between them, as in {key}: lib:vendor/lib")
    return "; ".join(errors) or None


def _no_variable(key: str) -> str:
    """Return the error for a key that is no name; what follows a = is not shown, as it may be a value of a file."""
    name = f"{key.partition('=')[0]}=…" if "=" in key else key
    return f"{name!r} is no name of an environment variable: letters, digits and underscores"


def secrets(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with secrets; never a value."""
    errors = []
    for key, item in value.items():
        if not _ENV.fullmatch(key) or len(key) > 128:
            errors.append(_no_variable(key))
        elif key in RESERVED_ENV or key == "GUNICORN_CMD_ARGS" or _TOO_EARLY.fullmatch(key):
            errors.append(f"{key} is read before secrets are there, and is none; write it in env or leave it out")
        elif not isinstance(item, str):
            quotes = "; put it in quotes" if isinstance(item, (int, float)) else ""
            errors.append(f"{key} is no text but {kind_of(item)}{quotes}")
        elif not SECRET_MIN <= len(item.encode()) <= SECRET_MAX:
            size = len(item.encode())
            why = "; a short one can be guessed" if 0 < size < SECRET_MIN else ""
            errors.append(f"{key} is {size} bytes long, expected {SECRET_MIN} to {SECRET_MAX}{why}")
        elif "\0" in item:
            errors.append(f"{key} holds a NUL, which no environment variable can")
    if not errors and (size := sum(len(str(item).encode()) for item in value.values())) > SECRETS_MAX:
        errors.append(f"they are {size} bytes long together, expected at most {SECRETS_MAX}")
    return "; ".join(errors) or None


def workers(value: str) -> str | None:
    """Return what is wrong with a number of workers."""
    if value == "auto" or is_count(value):
        return None
    return f"found {value!r}, expected auto or a number from 1 to 1024, as in workers: auto"


def statuses(value: list[str]) -> str | None:
    """Return what is wrong with HTTP status and classes of it."""
    if value and all(map(_STATUS.fullmatch, value)):
        return None
    return f"found {value!r}, expected numbers or classes of HTTP status, as in [200] or [2xx, 3xx]"


def command(value: str) -> str | None:
    """Return what is wrong with a command."""
    if CONTROL.search(value):
        return f"found {value!r}, expected one line"
    try:
        words = shlex.split(value)
    except ValueError as error:
        return f"found {value!r}, which is not written as for a shell: {error}"
    if not words:
        return f"found {value!r}, expected a command, as in alembic upgrade head"
    if operator := _operator(value):
        return (
            f"found {value!r}, in which {operator} would be an argument, as no shell runs it; write it as "
            f"sh -c {shlex.quote(value)}, or in quotes where the program is to get it"
        )
    if not _PROGRAM.fullmatch(words[0]):
        return (
            f"found {value!r}, which begins with no program's name or absolute path; "
            "a script of the application is run as in sh bin/migrate.sh"
        )
    return None


def commands(value: list[str]) -> str | None:
    """Return what is wrong with commands."""
    return "; ".join(filter(None, map(command, value))) or None


def _operator(value: str) -> str | None:
    """Return the first operator of a shell that stands outside of quotes in a command.

    >>> _operator("alembic upgrade head && python -m shop.seed"), _operator("echo 'a && b'")
    ('&&', None)
    """
    found = re.search(r"[&|;<>]+", _QUOTED.sub("", value))
    return found[0] if found else None


def unit(value: str) -> str | None:
    """Return what is wrong with the name of a unit."""
    kinds = f"{', '.join(UNIT_SUFFIXES[:-1])} or {UNIT_SUFFIXES[-1]}"
    stem = value[: value.rfind(".")] if value.endswith(UNIT_SUFFIXES) else ""
    if len(value) <= 255 and _UNIT.fullmatch(stem):
        return None
    if "." not in value and _UNIT.fullmatch(value):
        return f"found {value!r}, expected the unit's whole name, as in {value}.service"
    return f"found {value!r}, expected the name of a unit that ends with {kinds}, as in postgresql.service"


def units(value: list[str]) -> str | None:
    """Return what is wrong with names of units."""
    if twice := sorted({item for item in value if value.count(item) > 1}):
        return f"found {', '.join(twice)} twice"
    return "; ".join(filter(None, map(unit, value))) or None


def levels(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with levels of loggers."""
    others = [f"{name}: {level}" for name, level in value.items() if str(level) not in LEVELS]
    return f"found {', '.join(others)}, expected one of {', '.join(LEVELS)} for each logger" if others else None


def function(value: str) -> str | None:
    """Return what is wrong with the name of a function in a module."""
    return None if _MODULE.fullmatch(value) else f"found {value!r}, expected package.module:function"


def hooks(value: Mapping[str, str | None]) -> str | None:
    """Return what is wrong with functions that are hooks."""
    errors = [f"{name}: {error}" for name, item in value.items() if item is not None and (error := function(item))]
    return "; ".join(errors) or None


def title(value: str) -> str | None:
    """Return what is wrong with the title of processes."""
    return None if _TITLE.fullmatch(value) else f"found {value!r}, expected letters, digits, dots, hyphens and spaces"


def ciphers(value: str) -> str | None:
    """Return what OpenSSL on the controller says; names of TLS 1.3 choose nothing there, and would leave no cipher."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.set_ciphers(value)
    except ssl.SSLError:
        return (
            f"found {value!r}, of which OpenSSL knows no cipher for TLS 1.2, as in ECDHE+AESGCM; "
            "those of TLS 1.3 are always on and are not listed"
        )
    return None


def is_count(value: str) -> bool:
    """Return whether a text is a number of workers."""
    return value.isascii() and value.isdigit() and 1 <= int(value[:5]) <= WORKERS_MAX
