"""What a type cannot say: the rules for the values of an application's options.

Each rule takes a value and gives what is wrong with it, or nothing. What they let through is safe in paths, unit files,
nginx files and command lines.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils.layout import NAME_MAX

Rule = Callable[[Any], "str | None"]

# How the options that every application needs are written.
EXAMPLES = {
    "name": "shop",
    "git": "https://git.example.com/shop.git",
    "module": "shop.main:app",
    "domains": "[shop.example.com]",
}

RESERVED_NAMES = {"boot"}
RESERVED_ENV = {"ASGI_APP", "ASGI_RELEASE"}
GIT_SCHEMES = ("https", "http", "ssh", "git", "file")

_NAME = re.compile(r"[a-z](-?[a-z0-9])*")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/@+-]{0,199}")
_SCP = re.compile(r"[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^\s\\]+")
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH = re.compile(r"/[A-Za-z0-9/._~%?&=+-]*")
_STATUS = re.compile(r"[1-5](xx|[0-9]{2})")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,_-]+\])?(==[A-Za-z0-9.+!]+)?")
_SIZE = re.compile(r"[0-9]{1,9}[kKmMgG]?")
_EMAIL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_URL = re.compile(r"https://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9/._~%?&=+-]*)?")
_PROGRAM = re.compile(r"(/[A-Za-z0-9._+-]+)+|[A-Za-z0-9_][A-Za-z0-9._+-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def name(value: str) -> str | None:
    if value in RESERVED_NAMES:
        return f"found {value!r}, which is the name of a unit of ours; choose another"
    if len(value) > NAME_MAX or not _NAME.fullmatch(value):
        return (
            f"found {value!r}, expected at most {NAME_MAX} lower-case letters, digits and single hyphens, "
            "beginning with a letter, as in name: shop"
        )
    return None


def git(value: str) -> str | None:
    expected = "expected a repository, as in git: https://git.example.com/shop.git"
    if re.search(r"\s", value) or _UNPRINTABLE.search(value):
        return f"found {value!r}, {expected}"
    if value.startswith("/") or (_SCP.fullmatch(value) and not value.startswith("-")):
        return None
    try:
        url = urlsplit(value)
    except ValueError:  # an address in brackets that is none
        return f"found {value!r}, {expected}"
    if url.password is not None:
        clean = url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()
        return f"holds a password; keep it in root's ~/.netrc on the host and write git: {clean}"
    if url.scheme not in GIT_SCHEMES or not (url.hostname or url.scheme == "file") or not url.path.strip("/"):
        return f"found {value!r}, {expected}"
    return None


def version(value: str) -> str | None:
    if not _REF.fullmatch(value) or ".." in value or value.endswith(("/", ".", ".lock")) or "//" in value:
        return f"found {value!r}, expected a tag, branch or commit, as in version: v1.4.2"
    return None


def module(value: str) -> str | None:
    if _MODULE.fullmatch(value):
        return None
    if _DOTTED.fullmatch(value):
        return f"found {value!r}, expected package.module:attribute, as in module: {value}:app"
    return f"found {value!r}, expected package.module:attribute, as in module: shop.main:app"


def domain(value: str) -> str | None:
    if not value.isascii():
        try:
            return f"found {value!r}, expected its ASCII form, {value.encode('idna').decode()!r}"
        except UnicodeError:
            pass
    labels = value.split(".")
    if len(value) > 253 or len(labels) < 2 or labels[-1].isdigit() or not all(map(_LABEL.fullmatch, labels)):
        hint = ""
        if value != value.lower() and domain(value.lower()) is None:
            hint = f", in lower case: {value.lower()}"
        elif "//" in value:
            hint = ", without scheme and path"
        return f"found {value!r}, expected a host name{hint or ', as in shop.example.com'}"
    return None


def domains(value: list[str]) -> str | None:
    if not value:
        return "found an empty list, expected at least one host name, as in domains: [shop.example.com]"
    twice = sorted({item for item in value if value.count(item) > 1})
    if twice:
        return f"found {', '.join(twice)} twice"
    return "; ".join(filter(None, map(domain, value))) or None


def env(value: Mapping[str, Any]) -> str | None:
    wrong = []
    for key, item in value.items():
        if not _ENV.fullmatch(key):
            wrong.append(f"{key!r} is no name of an environment variable: letters, digits and underscores")
        elif key in RESERVED_ENV:
            wrong.append(f"{key} is set by the release itself; leave it out")
        elif isinstance(item, (Mapping, list)) or item is None:
            wrong.append(f"{key} is no text but {type(item).__name__}")
        elif _UNPRINTABLE.search(str(item)):
            wrong.append(f"{key} holds a control character")
    return "; ".join(wrong) or None


def workers(value: str) -> str | None:
    if value == "auto" or (value.isascii() and value.isdigit() and 1 <= int(value[:5]) <= 1024):
        return None
    return f"found {value!r}, expected auto or a number from 1 to 1024, as in workers: auto"


def path(value: str) -> str | None:
    return None if _PATH.fullmatch(value) else f"found {value!r}, expected an absolute path of a URL, as in /ready"


def statuses(value: list[str]) -> str | None:
    if value and all(map(_STATUS.fullmatch, value)):
        return None
    return f"found {value!r}, expected numbers or classes of HTTP status, as in [200] or [2xx, 3xx]"


def requirements(value: list[str]) -> str | None:
    wrong = [item for item in value if not _REQUIREMENT.fullmatch(item)]
    return (
        f"found {', '.join(map(repr, wrong))}, expected name or name==version, as in gunicorn==27.0.1"
        if wrong
        else None
    )


def command(value: str) -> str | None:
    if _CONTROL.search(value):
        return f"found {value!r}, expected one line"
    try:
        words = shlex.split(value)
    except ValueError as error:
        return f"found {value!r}, which is not written as for a shell: {error}"
    if not words:
        return f"found {value!r}, expected a command, as in alembic upgrade head"
    if not _PROGRAM.fullmatch(words[0]):
        return (
            f"found {value!r}, which begins with no program's name or absolute path; "
            "a script of the application is run as in sh bin/migrate.sh"
        )
    return None


def between(least: int, most: int, unit: str) -> Rule:
    def rule(value: int) -> str | None:
        return None if least <= value <= most else f"found {value}, expected {least} to {most} {unit}"

    return rule


def size(value: str) -> str | None:
    return None if _SIZE.fullmatch(value) else f"found {value!r}, expected a size as nginx writes it, as in 16m"


def email(value: str) -> str | None:
    return None if _EMAIL.fullmatch(value) else f"found {value!r}, expected an address, as in ops@example.com"


def https_url(value: str) -> str | None:
    return None if _URL.fullmatch(value) else f"found {value!r}, expected a URL that begins with https://"


def controller_file(value: str) -> str | None:
    return None if Path(value).is_file() else f"found {value!r}, which is no file on the controller"


APP: dict[str, Rule] = {
    "name": name,
    "git": git,
    "version": version,
    "module": module,
    "domains": domains,
    "env": env,
    "workers": workers,
    "memory_per_worker": between(8, 1_048_576, "MiB"),
    "server_requirements": requirements,
    "timeout": between(1, 3600, "seconds"),
    "graceful_timeout": between(1, 3600, "seconds"),
    "gate.path": path,
    "gate.status": statuses,
    "gate.timeout": between(1, 3600, "seconds"),
    "gate.uptime": between(0, 3600, "seconds"),
    "gate.successes": between(1, 1000, "answers"),
    "release_command": command,
    "release_timeout": between(1, 86_400, "seconds"),
    "watch.seconds": between(0, 3600, "seconds"),
    "watch.error_percent": between(0, 100, "percent"),
    "watch.errors": between(1, 1_000_000, "errors"),
    "drain_timeout": between(0, 86_400, "seconds"),
    "lock_timeout": between(0, 86_400, "seconds"),
    "keep_releases": between(1, 100, "releases"),
}


NGINX: dict[str, Rule] = {
    "nginx_worker_connections": between(64, 1_048_576, "connections"),
    "nginx_client_max_body_size": size,
}

CERTIFICATE: dict[str, Rule] = {
    "certificate_name": name,
    "certificate_domains": domains,
    "certificate_email": email,
    "certificate_directory": https_url,
    "certificate_ca_file": controller_file,
}

ROLES = {"app": APP, "nginx": NGINX, "certificate": CERTIFICATE}


def rule_errors(role: str, options: Mapping[str, Any], where: str = "") -> list[str]:
    """What the rules of a role say of its resolved options; options without a value were reported before."""
    errors = []
    for key, rule in ROLES[role].items():
        value: Any = options
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None and (wrong := rule(value)):
            errors.append(f"{where}{key}: {wrong}")
    return errors
