"""Rules for the options of where an application and its dependencies come from: see _common/validators.py."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import host_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.dependency_names import ORDER, PYLOCK
from ansible_collections.asgi.deploy.plugins.module_utils._shared.dependency_names import kind_of as dependency_kind
from ansible_collections.asgi.deploy.plugins.module_utils._shared.known_hosts import key_content
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import normalised
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import UNPRINTABLE, domain

GIT_SCHEMES = ("https", "http", "ssh", "git", "file")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/@+-]{0,199}")
_SCP = re.compile(r"[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^\s\\]+")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,_-]+\])?(==[A-Za-z0-9.+!]+)?")
_INCLUDED = re.compile(r"[A-Za-z0-9._*+@ -]+(/[A-Za-z0-9._*+@ -]+)*/?")
_SUBDIRECTORY = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=\s:,-]+\n-----END [A-Z ]*PRIVATE KEY-----")
_PUBLIC_KEY = re.compile(r"(\S+) ([A-Za-z0-9+/]+=*)( [ -~]*)?")
_DEBIAN_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{1,99}(?<!-)")  # apt would take one that ends in - away
_EXTRA = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PYTHON = re.compile(r"system|3\.\d{1,2}|(/[A-Za-z0-9._+-]+)+")
_HOST = re.compile(r"(?![0-9]+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def git(value: str) -> str | None:
    """Return what is wrong with a repository."""
    expected = "expected a repository, as in git: https://git.example.com/shop.git"
    if re.search(r"\s", value) or UNPRINTABLE.search(value):
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


def requirements(value: list[str]) -> str | None:
    """Return what is wrong with requirements of the server."""
    others = [item for item in value if not _REQUIREMENT.fullmatch(item)]
    return (
        f"found {', '.join(map(repr, others))}, expected name or name==version, as in gunicorn==27.0.1"
        if others
        else None
    )
