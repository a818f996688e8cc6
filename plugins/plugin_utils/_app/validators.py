"""Rules for the values of an application's options: see _common/validators.py."""

from __future__ import annotations

import re
import shlex
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import host_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.dependency_names import ORDER, PYLOCK
from ansible_collections.asgi.deploy.plugins.module_utils._shared.dependency_names import kind_of as dependency_kind
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.known_hosts import key_content
from ansible_collections.asgi.deploy.plugins.module_utils._shared.log_levels import LEVELS
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import normalised
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import UNIT_SUFFIXES
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import kind_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import CONTROL, domain

# The longest environment string of execve(2), with its name, the = and the NUL: MAX_ARG_STRLEN of Linux.
ENV_MAX = 131_072
SECRET_MIN = 8  # shorter ones could not be masked in output without masking half of it
SECRET_MAX = 65_536
SECRETS_MAX = 524_288  # of all together; systemd gives a unit 1 MiB of credentials at most
# Read before the application's own code runs, or by what starts it.
_TOO_EARLY = re.compile(r"PYTHON.*|LD_.*|PATH|HOME|WORKERS|JOURNAL_STREAM|PROMETHEUS_MULTIPROC_DIR|SPT_NOENV")
RESERVED_ENV = {"ASGI_APP", "ASGI_RELEASE", "ASGI_PROCESS", "ASGI_JOB", "ASGI_RUNTIME", "CREDENTIALS_DIRECTORY"}
WORKERS_MAX = 1024
GIT_SCHEMES = ("https", "http", "ssh", "git", "file")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/@+-]{0,199}")
_SCP = re.compile(r"[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^\s\\]+")
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STATUS = re.compile(r"[1-5](xx|[0-9]{2})")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,_-]+\])?(==[A-Za-z0-9.+!]+)?")
_INCLUDED = re.compile(r"[A-Za-z0-9._*+@ -]+(/[A-Za-z0-9._*+@ -]+)*/?")
_SUBDIRECTORY = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=\s:,-]+\n-----END [A-Z ]*PRIVATE KEY-----")
_PUBLIC_KEY = re.compile(r"(\S+) ([A-Za-z0-9+/]+=*)( [ -~]*)?")
_QUOTED = re.compile(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"")  # what a shell takes as it is
_DEBIAN_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{1,99}(?<!-)")  # apt would take one that ends in - away
_EXTRA = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PYTHON = re.compile(r"system|3\.\d{1,2}|(/[A-Za-z0-9._+-]+)+")
_HOST = re.compile(r"(?![0-9]+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_UNIT = re.compile(r"[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]+)?")  # no instance of a template without a name
_PROGRAM = re.compile(r"(/[A-Za-z0-9._+-]+)+|[A-Za-z0-9_][A-Za-z0-9._+-]*")
_TITLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_PYTHON_PATH = re.compile(r"[A-Za-z0-9._+/-]+(:[A-Za-z0-9._+/-]+)*")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def git(value: str) -> str | None:
    """Return what is wrong with a repository."""
    expected = "expected a repository, as in git: https://git.example.com/shop.git"
    if re.search(r"\s", value) or _UNPRINTABLE.search(value):
        return f"found {value!r}, {expected}"
    if value.startswith("/") or (_SCP.fullmatch(value) and not value.startswith("-")):
        return None
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError:  # an address in brackets that is none, a port that is no number
        return f"found {value!r}, {expected}"
    if url.password is not None or (url.username is not None and url.scheme in ("http", "https")):
        clean = url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()
        what = "a user or a token" if url.password is None else "a password"
        return f"holds {what}; keep it in root's ~/.netrc on the host and write git: {clean}"
    if (
        port == 0
        or url.scheme not in GIT_SCHEMES
        or (url.scheme != "file" and host_of(value) is None)
        or (url.hostname or "").endswith(".")
        or not url.path.strip("/")
    ):
        return f"found {value!r}, {expected}"
    return None


def subdirectory(value: str) -> str | None:
    """Return what is wrong with a folder of the source."""
    if _SUBDIRECTORY.fullmatch(value) and not {".", ".."}.intersection(value.split("/")):
        return None
    return f"found {value!r}, expected a folder of the source, as in subdirectory: backend"


def deploy_key(value: str) -> str | None:
    """Return what is wrong with a private key; never its text."""
    if _KEY.fullmatch(value.strip()):
        return None
    return (
        "found something else than a private key; expected its text, "
        "as in deploy_key: \"{{ lookup('ansible.builtin.file', 'keys/shop') }}\""
    )


def signers(value: list[str]) -> str | None:
    """Return what is wrong with public SSH keys."""
    expected = "expected a public SSH key as its .pub file has it, as in ssh-ed25519 AAAAC3Nz… ops@example.com"
    if not value:
        return f"found an empty list, {expected}"
    return "; ".join(f"found {key!r}, {expected}" for key in value if not _is_public_key(key)) or None


def _is_public_key(line: str) -> bool:
    """Return whether a line is a public SSH key."""
    key = _PUBLIC_KEY.fullmatch(line.strip())
    return key is not None and key_content(key[1], key[2]) is not None


def directory_includes(value: list[str]) -> str | None:
    """Return what is wrong with paths in a folder on the controller."""

    def is_path(item: str) -> bool:
        return bool(_INCLUDED.fullmatch(item)) and not {".", ".."}.intersection(item.split("/"))

    others = [item for item in value if not is_path(item)]
    return (
        f"found {', '.join(map(repr, others))}, expected paths in the folder that directory names, as in "
        "directory_includes: [frontend/dist]"
        if others
        else None
    )


def package(value: list[str]) -> str | None:
    """Return what is wrong with distributions."""
    expected = "expected a distribution and its exact version, as in package: shop==1.4.2"
    if others := [item for item in value if not (_REQUIREMENT.fullmatch(item) and "==" in item)]:
        more = ", or with its plugins package: [shop==1.4.2, shop-mail==1.0]" if len(value) > 1 else ""
        return f"found {', '.join(map(repr, others))}, {expected}{more}"
    names = [normalised(re.split(r"[\[=]", item)[0]) for item in value]
    if twice := [item for item, name in zip(value, names, strict=True) if names.count(name) > 1]:
        return f"found {' and '.join(twice)}, which is one distribution twice; leave one out"
    return None if value else f"found no distribution, {expected}"


def extras(value: list[str]) -> str | None:
    """Return what is wrong with names of extras."""
    others = [item for item in value if not _EXTRA.fullmatch(item)]
    return f"found {', '.join(map(repr, others))}, expected names, as in extras: [postgres]" if others else None


def debian_packages(value: list[str]) -> str | None:
    """Return what is wrong with names of Debian packages."""
    wrong = [item for item in value if not _DEBIAN_PACKAGE.fullmatch(item)]
    return f"found {', '.join(map(repr, wrong))}, expected names of packages, as in [gcc, libpq-dev]" if wrong else None


def dependency_groups(value: list[str]) -> str | None:
    """Return what is wrong with names of dependency groups."""
    others = [item for item in value if not _EXTRA.fullmatch(item)]
    return f"found {', '.join(map(repr, others))}, expected names, as in dependency_groups: [prod]" if others else None


def dependency_file(value: str) -> str | None:
    """Return what is wrong with the path of a file that lists dependencies."""
    name = value.rpartition("/")[2]
    listed = name in ORDER or name.endswith((".txt", ".in")) or dependency_kind(name) == PYLOCK
    if listed and subdirectory(value) is None:
        return None
    return (
        f"found {value!r}, expected the path of a requirements file, or one of {', '.join(ORDER)}, below the source's "
        "top, as in requirements: requirements/production.txt"
    )


def hosts(value: list[str]) -> str | None:
    """Return what is wrong with names of hosts that builds may reach; those of a local network have no dot."""
    if twice := sorted({item for item in value if value.count(item) > 1}):
        return f"found {', '.join(twice)} twice"
    others = [item for item in value if not _HOST.fullmatch(item)]
    errors = (domain(item) for item in others)
    return "; ".join(filter(None, errors)) or None


def python(value: str) -> str | None:
    """Return what is wrong with a version of Python or its path."""
    if _PYTHON.fullmatch(value):
        return None
    return f'found {value!r}, expected system, a version or an absolute path, as in python: "3.13"'


def version(value: str) -> str | None:
    """Return what is wrong with a tag, branch or commit."""
    if not _REF.fullmatch(value) or ".." in value or value.endswith(("/", ".", ".lock")) or "//" in value:
        return f"found {value!r}, expected a tag, branch or commit, as in version: v1.4.2"
    return None


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
        elif _UNPRINTABLE.search(str(item)):
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


def requirements(value: list[str]) -> str | None:
    """Return what is wrong with requirements of the server."""
    others = [item for item in value if not _REQUIREMENT.fullmatch(item)]
    return (
        f"found {', '.join(map(repr, others))}, expected name or name==version, as in gunicorn==27.0.1"
        if others
        else None
    )


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
