"""Where an application comes from: what its options mean together, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import host_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import IndexEntry, SourceEntry
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import SourcePlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.python_archives import mirror_host
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import resolve_path
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import Packages

# The kinds of sources, each with an example; exactly one is needed.
SOURCES = {
    "git": "git: https://git.example.com/shop.git",
    "archive": "archive: {path: dist/shop-1.4.2.tar.gz}",
    "directory": "directory: ../shop",
    "package": "package: shop==1.4.2",
}
# Options of some kinds of sources. Only what the user wrote counts: defaults say nothing.
_BELONG = {
    "directory_includes": ("directory",),
    "subdirectory": ("git", "archive", "directory"),
    "submodules": ("git",),
    "deploy_key": ("git",),
    "known_hosts": ("git",),
    "verify": ("git",),
    "build": ("git", "archive", "directory"),
    "requirements": ("git", "archive", "directory"),
    "dependency_groups": ("git", "archive", "directory"),
    "dependency_keys": ("git", "archive", "directory"),
    "require_hashes": ("git", "archive", "directory"),
    "version": ("git", "archive", "directory"),
}
_SUFFIX = re.compile(r"(\.tar(\.(gz|xz|bz2))?|\.t[gxb]z2?|\.zip)$")
_SSH = re.compile(r"ssh://|[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:")


def source_errors(app: Mapping[str, Json], spec: Mapping[str, Json], where: str) -> list[str]:
    """Return what is wrong with the options of a source together.

    Args:
        app: resolved options, right or wrong.
        spec: what the user wrote.
        where: what precedes the name of an option in a message.
    """
    if app.get("state") == "absent":
        return []
    written = [key for key in SOURCES if spec.get(key) is not None]
    if len(written) != 1:
        found = f"found {' and '.join(written)} together" if written else "is missing"
        choices = "; ".join(SOURCES.values())
        return [f"{where}{written[0] if written else 'git'}: {found}; expected exactly one source, such as {choices}"]
    kind, url = written[0], app.get("git")
    errors = [
        f"{where}{key}: is for {', '.join(kinds)}, and has no effect on {kind}; leave it out"
        for key, kinds in _BELONG.items()
        if kind not in kinds
        and spec.get(key) not in (None, False)
        # With keys for dependencies these are for the servers of those, too.
        and not (key == "known_hosts" and spec.get("dependency_keys"))
    ]
    if app.get("deploy_key") and isinstance(url, str) and url and not _SSH.match(url):
        errors.append(
            f"{where}deploy_key: is an SSH key, and has no effect on {url}; write git: git@git.example.com:shop.git"
        )
    return errors + _archive_errors(spec.get("archive"), where) + _index_errors(app, where)


def _archive_errors(archive: Json, where: str) -> list[str]:
    """Return the errors of the options of an archive together."""
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


def _index_errors(app: Mapping[str, Json], where: str) -> list[str]:
    """Return the errors of the options of an index together."""
    index, sandbox = app.get("index"), app.get("sandbox")
    outgoing = sandbox.get("outgoing") if isinstance(sandbox, Mapping) else None
    if index is None and outgoing is not None and not app.get("wheelhouse"):
        return [
            f"{where}sandbox.outgoing: bounds what builds reach, too, and no index is named that they may ask; write "
            "index: {hosts: [pypi.example.com, files.example.com]} with the hosts of the index that the host asks, or "
            "wheelhouse"
        ]
    if not isinstance(index, Mapping):
        return []
    errors = []
    if not index["url"] and not index["hosts"]:
        errors.append(f"{where}index.url: is missing; expected text, as in url: https://pypi.example.com/simple")
    elif not index["url"] and (index["username"] or index["password"]):
        errors.append(f"{where}index.url: is missing; expected where username and password are for, or neither of them")
    if index["password"] and not index["username"]:
        errors.append(f"{where}index.username: is missing; expected who the password is of, as in username: __token__")
    return errors


def file_errors(app: AppOptions, where: str, base: str | None, wheelhouse: bool = True) -> list[str]:
    """Return what an application needs from the controller and is not there; with `wheelhouse` also its wheels."""
    if app["state"] == "absent":
        return []
    errors = []
    path = app["archive"]["path"] if app["archive"] else None
    if path and not (file := resolve_path(path, base)).is_file():
        errors.append(f"{where}archive.path: found {path!r}, but {file} is no file on the controller")
    directory = app["directory"]
    if directory and not (folder := resolve_path(directory, base)).is_dir():
        errors.append(f"{where}directory: found {directory!r}, but {folder} is no folder on the controller")
    wheels = app["wheelhouse"]
    if wheelhouse and wheels and not any((folder := resolve_path(wheels, base)).glob("*.whl")):
        errors.append(
            f"{where}wheelhouse: found {wheels!r}, but {folder} on the controller holds no wheel; "
            "ansible-playbook asgi.deploy.wheelhouse fills it"
        )
    return errors


def source_plan(app: AppOptions, spec: Mapping[str, Json]) -> SourcePlan:
    """Return the source of the release, and what the release is called.

    Args:
        app: its options.
        spec: what the user wrote.
    """
    source: SourceEntry = {
        "kind": "archive",
        "url": None,
        "sha256": None,
        "name": None,
        "requirements": [],
        "subdirectory": app["subdirectory"],
        "submodules": False,
        "signers": [],
        "deploy_key": None,
        "known_hosts": app["known_hosts"] or [],
        "plain_allowed": False,
    }
    if app["git"]:
        signers = app["verify"]["signers"] if app["verify"] else []
        source |= {
            "kind": "git",
            "url": app["git"],
            "submodules": app["submodules"],
            "signers": signers,
            "deploy_key": app["deploy_key"],
            # A signed commit names all that belongs to it.
            "plain_allowed": bool(app["insecure_transport"] or signers),
        }
        return {"source": source, "version": app["version"], "extras": app["extras"]}
    if app["package"]:
        name, version = app["package"][0].split("==")
        extras = sorted({*re.findall(r"[\w.-]+", name.partition("[")[2]), *app["extras"]})
        requirement = f"{name.partition('[')[0]}{'[' + ','.join(extras) + ']' if extras else ''}=={version}"
        # In another order they are the same release.
        source |= {"kind": "package", "requirements": [requirement, *sorted(app["package"][1:])]}
        # The requirement names the extras: no pyproject.toml is searched for them.
        return {"source": source, "version": version, "extras": []}
    url, path = (app["archive"]["url"], app["archive"]["path"]) if app["archive"] else (None, None)
    name = _file_name(url or path or app["directory"] or "application")
    source |= {"url": url, "sha256": app["archive"]["sha256"] if app["archive"] else None, "name": name}
    version = str(spec.get("version") or _SUFFIX.sub("", name))
    return {"source": source, "version": version, "extras": app["extras"]}


def index_plan(app: AppOptions) -> IndexEntry | None:
    """Return the index that takes the place of the host's own, with its user and password."""
    index = app["index"]
    if not index or not index["url"]:
        return None
    return {"url": index["url"], "username": index["username"], "password": index["password"]}


def build_hosts(app: AppOptions) -> list[str] | None:
    """Return the hosts that builds reach where the application's own connections are bounded; else None, for all.

    They are those of `git`, `dependency_keys`, `index`, `package_indexes` and `python_mirror`, and those that
    `index.hosts` names. With a wheelhouse no index is asked.
    """
    if app["sandbox"]["outgoing"] is None:
        return None
    index = app["index"]
    urls = [app["git"], *app["dependency_keys"], index["url"] if index and not app["wheelhouse"] else None]
    urls += [index["url"] for index in app["package_indexes"].values()]
    named = [*(index["hosts"] if index else []), *filter(None, [mirror_host(app)])]
    return list(dict.fromkeys([*filter(None, (host_of(url) for url in urls if url)), *named]))


def source_packages(app: AppOptions, packages: Packages) -> list[str]:
    """Return the packages that a host needs to fetch the source of an application, and of dependencies by key."""
    if not app["git"]:
        return [packages.git] if app["dependency_keys"] else []
    return [packages.git, *([packages.signatures] if app["verify"] and app["verify"]["signers"] else [])]


def _file_name(place: str) -> str:
    """Return the last part of the path of a URL or a file."""
    path = urlsplit(place).path if "://" in place else str(Path(place).expanduser().absolute())
    return PurePosixPath(path).name or "application"
