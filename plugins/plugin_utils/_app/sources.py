"""Where an application comes from: what the options of it mean together, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import host_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import resolve_path
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import Packages

# How each is written; exactly one of them is needed.
SOURCES = {
    "git": "git: https://git.example.com/shop.git",
    "archive": "archive: {path: dist/shop-1.4.2.tar.gz}",
    "directory": "directory: ../shop",
    "package": "package: shop==1.4.2",
}
# Options that say something about some sources only; `given` decides, for a default says nothing.
_BELONG = {
    "subdirectory": ("git", "archive", "directory"),
    "submodules": ("git",),
    "deploy_key": ("git",),
    "known_hosts": ("git",),
    "verify": ("git",),
    "require_hashes": ("git", "archive", "directory"),
    "version": ("git", "archive", "directory"),
}
_SUFFIX = re.compile(r"(\.tar(\.(gz|xz|bz2))?|\.t[gxb]z2?|\.zip)$")
_SSH = re.compile(r"ssh://|[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:")


def source_errors(app: Mapping[str, Any], spec: Mapping[str, Any], where: str) -> list[str]:
    """What is wrong with the options of a source among themselves; `spec` is what the user wrote."""
    if app.get("state") == "absent":
        return []
    given = [key for key in SOURCES if spec.get(key) is not None]
    if len(given) != 1:
        found = f"found {' and '.join(given)} together" if given else "is missing"
        choices = "; ".join(SOURCES.values())
        return [f"{where}{given[0] if given else 'git'}: {found}; expected exactly one source, such as {choices}"]
    kind = given[0]
    errors = [
        f"{where}{key}: is for {', '.join(kinds)}, and has no effect on {kind}; leave it out"
        for key, kinds in _BELONG.items()
        if kind not in kinds and spec.get(key) not in (None, False)
    ]
    if app.get("deploy_key") and app.get("git") and not _SSH.match(app["git"]):
        errors.append(
            f"{where}deploy_key: is an SSH key, and has no effect on {app['git']}; "
            "write git: git@git.example.com:shop.git"
        )
    return errors + _archive_errors(spec.get("archive"), where) + _index_errors(app, where)


def _archive_errors(archive: Any, where: str) -> list[str]:
    if not isinstance(archive, Mapping):
        return []
    url, path = archive.get("url"), archive.get("path")
    if bool(url) == bool(path):
        return [
            f"{where}archive: found {'both' if url else 'neither'} url and path; expected one of them, as in archive: "
            "{url: https://example.com/shop-1.4.2.tar.gz, sha256: …} or archive: {path: dist/shop-1.4.2.tar.gz}"
        ]
    if url and not archive.get("sha256"):
        return [
            f"{where}archive.sha256: is missing; what a host fetches is unpacked only if it is what you meant; "
            f"expected what `sha256sum {_file_name(str(url))}` prints"
        ]
    return []


def _index_errors(app: Mapping[str, Any], where: str) -> list[str]:
    index, outgoing = app.get("index"), app["sandbox"]["outgoing"]
    if index is None and outgoing is not None and not app["wheelhouse"]:
        return [
            f"{where}sandbox.outgoing: bounds what builds reach, too, and no index is named that they may ask; write "
            "index: {hosts: [pypi.example.com, files.example.com]} with the hosts of the index that the host asks, or "
            "wheelhouse"
        ]
    if index is None:
        return []
    errors = []
    if not index["url"] and not index["hosts"]:
        errors.append(f"{where}index.url: is missing; expected text, as in url: https://pypi.example.com/simple")
    elif not index["url"] and (index["username"] or index["password"]):
        errors.append(f"{where}index.url: is missing; expected where username and password are for, or neither of them")
    if index["password"] and not index["username"]:
        errors.append(f"{where}index.username: is missing; expected who the password is of, as in username: __token__")
    return errors


def file_errors(app: Mapping[str, Any], where: str, base: str | None, wheelhouse: bool = True) -> list[str]:
    """What an application needs from the controller and is not there; a wheelhouse only where it shall be filled."""
    if app.get("state") == "absent":
        return []
    errors = []
    path = (app.get("archive") or {}).get("path")
    if path and not (file := resolve_path(path, base)).is_file():
        errors.append(f"{where}archive.path: found {path!r}, but {file} is no file on the controller")
    directory = app.get("directory")
    if directory and not (folder := resolve_path(directory, base)).is_dir():
        errors.append(f"{where}directory: found {directory!r}, but {folder} is no folder on the controller")
    wheels = app.get("wheelhouse")
    if wheelhouse and wheels and not any((folder := resolve_path(wheels, base)).glob("*.whl")):
        errors.append(
            f"{where}wheelhouse: found {wheels!r}, but {folder} on the controller holds no wheel; "
            "ansible-playbook asgi.deploy.wheelhouse fills it"
        )
    return errors


def source_plan(app: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """What the release module is told of the source, and what the release is called."""
    if app.get("git"):
        source = {key: app[key] for key in ("subdirectory", "submodules", "deploy_key")}
        source["known_hosts"] = app["known_hosts"] or []
        signers = app["verify"]["signers"] if app["verify"] else []
        # What was signed names all that belongs to it.
        source["plain_allowed"] = bool(app["insecure_transport"] or signers)
        return {"source": {"kind": "git", "url": app["git"], "signers": signers, **source}}
    if app.get("package"):
        name, version = app["package"].split("==")
        extras = sorted({*re.findall(r"[\w.-]+", name.partition("[")[2]), *app["extras"]})
        wanted = f"{name.partition('[')[0]}{'[' + ','.join(extras) + ']' if extras else ''}=={version}"
        source = {"kind": "package", "requirement": wanted}
        # The requirement names them: they are not to be looked for in a pyproject.toml.
        return {"source": source, "version": version, "extras": []}
    archive = app.get("archive") or {}
    name = _file_name(archive.get("url") or archive.get("path") or app.get("directory") or "application")
    source = {
        "kind": "archive",
        "url": archive.get("url"),
        "sha256": archive.get("sha256"),
        "name": name,
        "subdirectory": app["subdirectory"],
    }
    return {"source": source, "version": str(spec.get("version") or _SUFFIX.sub("", name))}


def index_plan(app: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the index that takes the place of the host's own: where it is, and who asks."""
    index = app["index"]
    return {key: index[key] for key in ("url", "username", "password")} if index and index["url"] else None


def build_hosts(app: Mapping[str, Any]) -> list[str] | None:
    """Return the hosts that builds reach where the application's own connections are bounded; else nothing: all.

    Those of `git` and `index`, and what `index.hosts` names. With a wheelhouse no index is asked.
    """
    if app["sandbox"]["outgoing"] is None:
        return None
    index = app["index"] or {}
    urls = [app["git"], None if app["wheelhouse"] else index.get("url")]
    return list(dict.fromkeys([*filter(None, (host_of(url) for url in urls if url)), *index.get("hosts", ())]))


def source_packages(app: Mapping[str, Any], packages: Packages) -> list[str]:
    """Return the packages that a host needs to fetch the source of an application."""
    if not app.get("git"):
        return []
    return [packages.git, *([packages.signatures] if app["verify"] and app["verify"]["signers"] else [])]


def _file_name(place: str) -> str:
    """The last part of a URL's or a file's path."""
    path = urlsplit(place).path if "://" in place else str(Path(place).expanduser().absolute())
    return PurePosixPath(path).name or "application"
