"""What is added to the tree of a release: files, persistent directories, and folders that nginx serves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain, combinations
from pathlib import PurePosixPath

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions, StaticFolder
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AdditionsPlan

PATH_MAX = 200
KINDS = ("content", "src", "template")
STATIC_OPTIONS = ("folder", "immutable")

# They decide what is installed, which happens before files are added.
INSTALLED_FROM = ("uv.lock", "requirements.txt", "pyproject.toml", "setup.py", "setup.cfg")

_PART = re.compile(r"[A-Za-z0-9._@+-]+")
_PREFIX = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9._-]*)+/")


def inside(path: Json) -> str | None:
    """Return what is wrong with a path in the tree."""
    parts = path.split("/") if isinstance(path, str) else [""]
    if len(str(path)) > PATH_MAX or not all(_PART.fullmatch(part) and part not in (".", "..") for part in parts):
        return f"found {path!r}, expected a path inside the release's tree, as in config/settings.toml"
    return None


def files(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with files that are added."""
    errors = [error for path, entry in value.items() if (error := inside(path) or _file(path, entry))]
    return "; ".join([*errors, *nested(value)]) or None


def _file(path: str, entry: Json) -> str | None:
    """Return what is wrong with a file that is added."""
    expected = f"expected one of {', '.join(KINDS)}, as in {path}: {{src: settings.toml}}"
    if path in INSTALLED_FROM:
        return f"{path} decides what is installed; it belongs into the source"
    if not isinstance(entry, Mapping):
        return f"{path} is no dictionary, {expected}"
    if len(entry) != 1 or next(iter(entry)) not in KINDS:
        return f"{path} has {', '.join(map(repr, entry)) or 'nothing'}, {expected}"
    kind, text = next(iter(entry.items()))
    if not isinstance(text, str) or (kind != "content" and not text):
        return f"the {kind} of {path} is no text; put it in quotes"
    return None


def stored(value: list[str]) -> str | None:
    """Return what is wrong with directories and files that the application writes."""
    paths = [path.removesuffix("/") for path in value]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    errors = [*filter(None, map(inside, paths)), *(f"found {path!r} twice" for path in twice)]
    return "; ".join([*errors, *nested(set(paths))]) or None


def is_file(entry: str) -> bool:
    """Return whether an entry of `storage` or `cache` is a file: its name has a suffix, and no slash is at its end.

    >>> [is_file(entry) for entry in ("db.sqlite3", "media", ".cache", "conf.d/", "var/state.json")]
    [True, False, False, False, True]
    """
    return not entry.endswith("/") and bool(PurePosixPath(entry).suffix)


def static(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with folders that nginx serves."""
    errors = [error for prefix, entry in value.items() if (error := _static(prefix, entry))]
    return "; ".join([*errors, *nested(value)]) or None


def is_prefix(value: str) -> bool:
    """Return whether a text is the beginning of URLs, with a slash at both ends."""
    return bool(_PREFIX.fullmatch(value)) and len(value) <= PATH_MAX


def _static(prefix: str, entry: Json) -> str | None:
    """Return what is wrong with a folder that nginx serves."""
    if not is_prefix(prefix):
        return (
            f"found {prefix!r}, expected the beginning of URLs with a slash at both ends, as in /static/: public/static"
        )
    if isinstance(entry, str):
        entry = {"folder": entry}
    if not isinstance(entry, Mapping) or "folder" not in entry or not set(entry) <= set(STATIC_OPTIONS):
        return (
            f"{prefix} expects a folder of the source, as in {prefix}: public/static "
            f"or {prefix}: {{folder: dist/assets, immutable: true}}"
        )
    if not isinstance(entry.get("immutable", False), bool):
        return (
            f"immutable of {prefix} is neither true nor false, as in {prefix}: {{folder: dist/assets, immutable: true}}"
        )
    error = inside(entry["folder"])
    return f"{prefix}: {error}" if error else None


def nested(paths: Iterable[str]) -> list[str]:
    """Return an error for each of the paths that is below another one."""
    return [
        f"{inner} lies in {outer}"
        for first, second in combinations(sorted(paths), 2)
        for outer, inner in (sorted((first, second), key=len),)
        if inner.startswith(outer.rstrip("/") + "/")
    ]


def tree_errors(app: AppOptions) -> list[str]:
    """Return what is wrong with additions together that are right by themselves; each begins with an option's name."""
    storage, cache = ([entry.removesuffix("/") for entry in app[option]] for option in ("storage", "cache"))
    links = dict.fromkeys(storage, "storage") | dict.fromkeys(cache, "cache")
    both = [f"cache: {path} is in storage as well" for path in cache if path in storage]
    errors = both + [f"cache: {error}" for error in nested(links) if error not in chain(nested(storage), nested(cache))]
    if app["static"] and app["proxy"] == "none":
        errors.append("static: is nginx's to serve, and proxy: none has no nginx; leave one of the two out")
    for path, option in links.items():
        errors += [
            f"files: {file} lies in {path}, which is {option} and belongs to the application"
            for file in app["files"]
            if _overlap(file, path)
        ]
        errors += [
            f"static: the folder {folder} of {prefix} meets {path}, which is {option}; nginx serves nothing that the "
            "application can write"
            for prefix, folder in folders(app["static"]).items()
            if _overlap(folder, path)
        ]
    return errors


def additions_plan(app: AppOptions, layout: Layout) -> AdditionsPlan:
    """Return links and folders of the tree, and the directories that systemd creates for the application.

    A file has a directory of its own, which bears its name: SQLite writes its journal next to the file itself, where a
    link to it leads.
    """
    entries = [(entry, layout.storage) for entry in app["storage"]] + [(entry, layout.cache) for entry in app["cache"]]
    folders_of = {entry: top / entry for entry, top in entries}
    places = {entry: place / place.name if is_file(entry) else place for entry, place in folders_of.items()}
    return {
        "links": {entry.removesuffix("/"): str(place) for entry, place in places.items()},
        "written": [str(layout.data), *map(str, folders_of.values())],
        "state_directories": [
            _below("/var/lib", place) for place in (layout.data, *(folders_of[entry] for entry in app["storage"]))
        ],
        "cache_directories": [_below("/var/cache", folders_of[entry]) for entry in app["cache"]],
        "static": folders(app["static"]),
        "static_immutable": immutable(app["static"]),
        "static_places": _places(app["keep_releases"]),
    }


def _places(keep: int) -> list[str]:
    """Return where nginx looks for static files, below the application's folder, when so many releases stay."""
    others = [f"kept/{number}" for number in range(1, keep - 1)]
    return [f"/{release}/public" for release in ("current", "previous", *others)]


def _below(top: str, place: PurePosixPath) -> str:
    """Return the path below a folder."""
    return str(place.relative_to(top))


def _overlap(first: str, second: str) -> bool:
    """Return whether two paths are equal, or one is below the other."""
    return first == second or bool(nested([first, second]))


def folders(entries: Mapping[str, str | StaticFolder]) -> dict[str, str]:
    """Return the folder of the tree for each beginning of URLs."""
    return {prefix: entry if isinstance(entry, str) else entry["folder"] for prefix, entry in entries.items()}


def immutable(entries: Mapping[str, str | StaticFolder]) -> list[str]:
    """Return the beginnings of URLs below which no file ever changes."""
    return [prefix for prefix, entry in entries.items() if not isinstance(entry, str) and entry.get("immutable")]
