"""The indexes that a uv.lock takes distributions from, where the project itself names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import subtable
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import entries, normalised, pins
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import plain_transport

_SCHEMES = ("https://", "http://")


def registries(lock: Mapping[str, Json], projects: Iterable[Mapping[str, Json]]) -> dict[str, str]:
    """Return the index of each distribution, as name==version, that comes from a `[[tool.uv.index]]` of the project.

    One that is the project's default, or that a setting of the user who locked named, is the main index of a host.

    Args:
        lock: tables of uv.lock.
        projects: tables of each pyproject.toml that may name indexes: of the application, and of its workspace.
    """
    named = {url for project in projects for url in _indexes(project)}
    found: dict[str, str] = {}
    packages = lock.get("package")
    for package in packages if isinstance(packages, list) else ():
        if not isinstance(package, dict):
            continue
        url = subtable(package, "source").get("registry")
        name, version = package.get("name"), package.get("version")
        if isinstance(name, str) and isinstance(version, str) and isinstance(url, str) and _address(url) in named:
            found[f"{normalised(name)}=={version}"] = url
    return found


def plain_registries(text: str, found: Mapping[str, str]) -> list[str]:
    """Return the indexes over a plain transport that requirements without a hash come from.

    Args:
        text: the requirements.
        found: the index of each distribution: see :func:`registries`.
    """
    names = [name for line in entries(text) if "--hash=" not in line for name in pins(line).items()]
    urls = [found.get(f"{name}=={version}") for name, version in names]
    return list(dict.fromkeys(url for url in urls if url and plain_transport(url)))


def _indexes(project: Mapping[str, Json]) -> list[str]:
    """Return the addresses of the indexes that a project names, without its default."""
    indexes = subtable(project, "tool", "uv").get("index")
    tables = [index for index in indexes if isinstance(index, dict)] if isinstance(indexes, list) else []
    urls = [index.get("url") for index in tables if index.get("default") is not True]
    return [_address(url) for url in urls if isinstance(url, str) and url.startswith(_SCHEMES)]


def _address(url: str) -> str:
    return url.rstrip("/")
