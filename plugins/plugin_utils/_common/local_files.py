"""Files on the controller that an application's options name."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

# Contents travel to the host with every run.
SIZE_MAX = 1_048_576  # bytes

# For each file, by its path as the user wrote it, its `content` in Base64, or the `error` that says why there is none.
Contents = Mapping[str, Mapping[str, str]]


class AddedFile(TypedDict, total=False):
    """What is added to the tree of a release; it has one of these keys."""

    content: str
    src: str  # a file on the controller
    template: str  # on the controller


def resolve_path(path: str, base: str | None) -> Path:
    """Return the absolute path of what a user wrote: `~` is the home directory, a relative path is below `base`."""
    return Path(base or ".", Path(path).expanduser()).absolute()


def read(loader: DataLoader, path: str, base: str | None) -> bytes:
    """Return the content of a file, decrypted if Ansible Vault encrypted it.

    Raises:
        ValueError: it cannot be read; says why, and never what is in it.
    """
    absolute = resolve_path(path, base)
    if not absolute.is_file():
        raise ValueError(f"found {path!r}, which is no file on the controller ({absolute})")
    if absolute.stat().st_size > SIZE_MAX:
        raise ValueError(f"found {path!r}, which is larger than {SIZE_MAX} bytes; keep it in the repository")
    decrypted = ""
    try:
        decrypted = loader.get_real_file(str(absolute))
        with open(decrypted, "rb") as file:
            return file.read()
    except (AnsibleError, OSError) as error:
        raise ValueError(f"found {path!r}, which cannot be read: {error}") from error
    finally:
        loader.cleanup_tmp_file(decrypted)


def named_files(app: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Return the options of an application that name files, each with its path, even if other options are wrong."""
    files, tls = app.get("files"), app.get("tls")
    entries = [entry for entry in files.values() if isinstance(entry, Mapping)] if isinstance(files, Mapping) else []
    named = [("env_file", app.get("env_file"))]
    named += [("files", entry.get(kind)) for entry in entries for kind in ("src", "template")]
    if isinstance(tls, Mapping):
        named += [(f"tls.{key}", tls.get(key)) for key in ("certificate", "key", "client_ca")]
    return [(option, path) for option, path in named if isinstance(path, str) and path]


def read_all(loader: DataLoader, app: Mapping[str, Json], base: str | None) -> dict[str, dict[str, str]]:
    """Return the contents of all files that an application names."""
    contents = {}
    for _option, path in named_files(app):
        try:
            contents[path] = {"content": base64.b64encode(read(loader, path, base)).decode()}
        except ValueError as error:
            contents[path] = {"error": str(error)}
    return contents


def unreadable(app: Mapping[str, Json], contents: Contents | None) -> list[str]:
    """Return why files that an application names cannot be read; an application that is removed needs none."""
    if app.get("state") == "absent":
        return []
    errors = []
    for option, path in named_files(app):
        content = (contents or {}).get(path, {"error": f"found {path!r}, which was not read"})
        if "error" in content:
            errors.append(f"{option}: {content['error']}")
    return errors
