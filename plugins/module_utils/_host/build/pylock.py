"""The requirements that a pylock.toml stands for (PEP 751)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_files import DependencyOptions
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

_HASH = re.compile(r"[0-9a-f]{64,128}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")
_CHOICES = re.compile(r"\b(?:extras|dependency_groups)\b")
_VERSION = "1."


def requirements(lock: Mapping[str, Json], options: DependencyOptions, file: str) -> str:
    """Return the text of requirements of a lock, each with its hashes.

    Args:
        lock: its tables.
        options: of the entry.
        file: its path, for messages.

    Raises:
        DeployError: it is no such lock, or has something that requirements cannot say.
    """
    if not str(lock.get("lock-version", "")).startswith(_VERSION):
        raise DeployError(f"{file}: found lock-version {lock.get('lock-version')!r}, expected '1.0'")
    packages = lock.get("packages")
    if not isinstance(packages, list) or not all(isinstance(package, dict) for package in packages):
        raise DeployError(f"{file} has no packages; write it by uv export --format=pylock.toml, or pdm lock")
    if options.extras or options.groups:
        raise DeployError(
            f"{file} is read without extras and dependency groups; leave extras and dependency_groups out, and lock "
            "with those that are needed, or use a uv.lock"
        )
    return "".join(_requirement(package, file) for package in packages if isinstance(package, dict))


def _requirement(package: Mapping[str, Json], file: str) -> str:
    """Return the lines of one package."""
    name, version, marker = (str(package.get(key) or "") for key in ("name", "version", "marker"))
    if not _WORD.fullmatch(name) or (version and not _WORD.fullmatch(version)) or "\n" in marker:
        raise DeployError(f"{file}: found the package {name!r} {version!r}, expected a name and a version")
    if _CHOICES.search(marker):
        raise DeployError(
            f"{file}: {name} depends on extras or dependency groups ({marker}), which are not chosen here; lock "
            "without them, as by uv export --format=pylock.toml --no-dev"
        )
    condition = f" ; {marker}" if marker else ""
    source = package.get("archive") or package.get("vcs")
    if isinstance(source, dict):
        url = _repository(source, name, file) if "vcs" in package else _text(source, "url", name, file)
        hashes = [] if "vcs" in package else _hashes([source])
        return _lines(f"{name} @ {url}{condition}", hashes)
    if "directory" in package:
        raise DeployError(f"{file}: {name} is a directory, which no hash fixes; use a uv.lock, or leave it out")
    wheels = package.get("wheels")
    files = [package.get("sdist"), *(wheels if isinstance(wheels, list) else [])]
    if not version:
        raise DeployError(f"{file}: {name} has no version; lock again")
    hashes = _hashes([one for one in files if isinstance(one, dict)])
    if not hashes:
        raise DeployError(f"{file}: {name} has no hashes; lock again")
    return _lines(f"{name}=={version}{condition}", hashes)


def _lines(requirement: str, hashes: list[str]) -> str:
    return " \\\n    ".join([requirement, *(f"--hash={value}" for value in hashes)]) + "\n"


def _hashes(files: list[dict[str, Json]]) -> list[str]:
    """Return the SHA-2 hashes of files, as `sha256:…`."""
    found = []
    for file in files:
        hashes = file.get("hashes")
        for algorithm in ("sha256", "sha384", "sha512"):
            value = hashes.get(algorithm) if isinstance(hashes, dict) else None
            if isinstance(value, str) and _HASH.fullmatch(value):
                found.append(f"{algorithm}:{value}")
                break
    return sorted(set(found))


def _repository(source: Mapping[str, Json], name: str, file: str) -> str:
    kind, url = _text(source, "type", name, file), _text(source, "url", name, file)
    commit, folder = _text(source, "commit-id", name, file), source.get("subdirectory")
    return f"{kind}+{url}@{commit}" + (f"#subdirectory={folder}" if isinstance(folder, str) else "")


def _text(table: Mapping[str, Json], key: str, name: str, file: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not re.fullmatch(r"\S+", value):
        raise DeployError(f"{file}: {name} has {key} {value!r}, expected a text without spaces; lock again")
    return value
