"""Files on the controller that an application's options name."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError

# Contents travel to the host with every run.
SIZE_MAX = 1_048_576

# For each file, by its path as it is written, its `content` in Base64, or the `error` that says why there is none.
Contents = Mapping[str, Mapping[str, str]]


def on_controller(path: str, base: str | None) -> Path:
    """A path that a user wrote: `~` stands for his home, what is relative is below `base`, the inventory's folder."""
    return Path(base or ".", Path(path).expanduser()).absolute()


def read(loader: Any, path: str, base: str | None) -> bytes:
    """A file's content, decrypted where Ansible Vault encrypted it.

    Raises:
        ValueError: it cannot be had; says why, and never what is in it.
    """
    place = on_controller(path, base)
    if not place.is_file():
        raise ValueError(f"found {path!r}, which is no file on the controller ({place})")
    if place.stat().st_size > SIZE_MAX:
        raise ValueError(f"found {path!r}, which is larger than {SIZE_MAX} bytes; keep it in the repository")
    real = ""
    try:
        real = loader.get_real_file(str(place))
        with open(real, "rb") as file:
            return file.read()
    except (AnsibleError, OSError) as error:
        raise ValueError(f"found {path!r}, which cannot be read: {error}") from error
    finally:
        loader.cleanup_tmp_file(real)


def named_files(app: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The options of an application that name files, each with a path, whatever else is wrong with them."""
    files, tls = app.get("files"), app.get("tls")
    entries = [entry for entry in files.values() if isinstance(entry, Mapping)] if isinstance(files, Mapping) else []
    named = [("env_file", app.get("env_file"))]
    named += [("files", entry.get(kind)) for entry in entries for kind in ("src", "template")]
    if isinstance(tls, Mapping):
        named += [(f"tls.{key}", tls.get(key)) for key in ("certificate", "key", "client_ca")]
    return [(option, path) for option, path in named if isinstance(path, str) and path]


def contents(loader: Any, app: Mapping[str, Any], base: str | None) -> dict[str, dict[str, str]]:
    """The contents of all files that an application names."""
    found = {}
    for _option, path in named_files(app):
        try:
            found[path] = {"content": base64.b64encode(read(loader, path, base)).decode()}
        except ValueError as error:
            found[path] = {"error": str(error)}
    return found


def missing(app: Mapping[str, Any], known: Contents | None) -> list[str]:
    """Why files that an application names cannot be had; one that is to go needs none."""
    if app.get("state") == "absent":
        return []
    errors = []
    for option, path in named_files(app):
        found = (known or {}).get(path, {"error": f"found {path!r}, which was not read"})
        if "error" in found:
            errors.append(f"{option}: {found['error']}")
    return errors
