"""Archives on the host: fetched or shipped, and verified by their checksum."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import file_digest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import ARCHIVES, ROOT

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import ReleaseRecord

FOLDER = Path(ARCHIVES)  # readable by root only
UNUSED = 86_400.0  # seconds that an archive stays without a release that was made from it: one may be about to be made


def missing_archives(digests: Sequence[str], folder: Path = FOLDER) -> list[str]:
    """Return the archives that are not on this host, by their SHA-256."""
    return [digest for digest in digests if not (folder / digest).is_file()]


def ensure_archive(sha256: str, url: str | None, name: str, folder: Path = FOLDER) -> Path:
    """Return the path of an archive on this host; fetch it if it is missing, and verify it.

    Args:
        sha256: its checksum.
        url: where to fetch it; None if it was shipped.
        name: what messages call it.
        folder: where archives are kept.

    Raises:
        DeployError: it cannot be fetched, or is another one; nothing of it was unpacked.
    """
    path = folder / sha256
    if path.is_file() and file_digest(path) == sha256:
        os.utime(path)  # it is in use: see `prune`
        return path
    path.unlink(missing_ok=True)
    if url is None:
        raise DeployError(f"{name} is incomplete on this host; run again")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(prefix=".", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            checksum = _download(url, file)
        if checksum != sha256:
            raise DeployError(
                f"archive.sha256: found {sha256}, but {url} has {checksum}; nothing of it was unpacked. "
                "If you want that one, write its checksum"
            )
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return path


def _download(url: str, file: IO[bytes]) -> str:
    # Imported here: an inspection imports this module, and fetches nothing.
    import http.client
    import urllib.request

    digest = hashlib.sha256()
    try:
        # The rules of the option allow only http and https; the checksum decides what is accepted.
        with urllib.request.build_opener().open(url, timeout=120) as answer:
            while block := answer.read(1 << 20):
                digest.update(block)
                file.write(block)
            # http.client raises an error for an answer that is cut off only where it has no length.
            if (length := answer.headers.get("Content-Length")) and file.tell() != int(length):
                raise OSError(f"it ended after {file.tell():,} of {int(length):,} bytes")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DeployError(f"archive.url: {url} cannot be fetched from this host: {error}") from error
    return digest.hexdigest()


def prune(folder: Path = FOLDER, releases: Path = Path(ROOT), now: float | None = None) -> None:
    """Remove archives that no release on this host was made from, and what interrupted fetches left.

    Args:
        folder: where archives are kept.
        releases: the folder of all applications.
        now: seconds of the epoch; by default the clock's.
    """
    if not folder.is_dir():
        return
    used: set[str | None] = set()
    for record in releases.glob("*/releases/*/release.json"):
        with suppress(OSError, ValueError):
            release: ReleaseRecord = json.loads(record.read_text(encoding="utf-8"))
            used |= {release.get("wheelhouse"), (release.get("source") or {}).get("sha256")}
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.name not in used and (now or time.time()) - path.stat().st_mtime > UNUSED:
                path.unlink()
