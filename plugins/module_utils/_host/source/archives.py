"""Archives on the host: fetched or shipped, and checked."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import file_digest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import ARCHIVES, ROOT

FOLDER = Path(ARCHIVES)  # readable by root only
UNUSED = 86_400.0  # seconds that an archive which no release was made from stays: one may be about to be


def missing_archives(digests: Sequence[str], folder: Path = FOLDER) -> list[str]:
    """The archives that are not on this host."""
    return [digest for digest in digests if not (folder / digest).is_file()]


def ensure_archive(sha256: str, url: str | None, name: str, folder: Path = FOLDER) -> Path:
    """The archive on this host, fetched from `url` if it is not there yet, and in any case what its checksum says.

    Raises:
        DeployError: it cannot be had, or is another; nothing of it was unpacked.
    """
    path = folder / sha256
    if path.is_file() and file_digest(path) == sha256:
        os.utime(path)  # used just now: see `prune`
        return path
    path.unlink(missing_ok=True)
    if url is None:
        raise DeployError(f"{name} did not arrive whole on this host; run again")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(prefix=".", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            found = _download(url, file)
        if found != sha256:
            raise DeployError(
                f"archive.sha256: found {sha256}, but {url} has {found}; nothing of it was unpacked. "
                "If it shall be that one, write its checksum"
            )
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return path


def _download(url: str, file: IO[bytes]) -> str:
    # Not above: a look reads this file, and fetches nothing.
    import http.client
    import urllib.request

    found = hashlib.sha256()
    try:
        # Only http and https get through the rules for the option; the checksum decides what is taken.
        with urllib.request.build_opener().open(url, timeout=120) as answer:
            while block := answer.read(1 << 20):
                found.update(block)
                file.write(block)
            # Of an answer that is cut off http.client says so only where it has no length.
            if (length := answer.headers.get("Content-Length")) and file.tell() != int(length):
                raise OSError(f"it ended after {file.tell():,} of {int(length):,} bytes")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DeployError(f"archive.url: {url} cannot be fetched from this host: {error}") from error
    return found.hexdigest()


def prune(folder: Path = FOLDER, releases: Path = Path(ROOT), now: float | None = None) -> None:
    """Removes archives that no release on this host was made from, and what interrupted fetches left."""
    if not folder.is_dir():
        return
    used: set[Any] = set()
    for record in releases.glob("*/releases/*/release.json"):
        with suppress(OSError, ValueError):
            known = json.loads(record.read_text(encoding="utf-8"))
            used |= {known.get("wheelhouse"), (known.get("source") or {}).get("sha256")}
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.name not in used and (now or time.time()) - path.stat().st_mtime > UNUSED:
                path.unlink()
