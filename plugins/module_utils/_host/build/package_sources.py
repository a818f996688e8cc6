"""Where distributions come from: the host's own index, a private one, or a folder of wheels and no index at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._host.source import archives
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CACHE
from ansible_collections.asgi.deploy.plugins.module_utils._shared.masking import masked


@dataclass(frozen=True)
class PackageSources:
    """What uv and pip are told; the environment may hold secrets, the arguments never do."""

    arguments: tuple[str, ...] = ()
    uv: Mapping[str, str] = field(default_factory=dict)
    pip: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    wheels: Path | None = None

    def masked(self, text: str) -> str:
        """Return what a program printed, without the secrets that it was given."""
        return masked(text, self.secrets)


DEFAULT_SOURCES = PackageSources()


def build_folder(app: str) -> Path:
    """Where there is meanwhile what a build of an application is given."""
    return Path(CACHE, "build", app)


@contextmanager
def prepare_sources(app: str, index: Mapping[str, Any] | None, wheelhouse: str | None) -> Iterator[PackageSources]:
    """Supplies for a build under the application's lock; what they take on disk is for root alone and goes again."""
    folder = build_folder(app)
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir(parents=True, mode=0o700)
    try:
        if wheelhouse:
            wheels = folder / "wheels"
            wheels.mkdir()
            # Not above: no look needs it.
            from ansible_collections.asgi.deploy.plugins.module_utils._host.source.unpack import unpack

            unpack(archives.ensure_archive(wheelhouse, None, "wheelhouse"), wheels, "wheelhouse")
            yield from_wheels(wheels)
        else:
            yield from_index(index, folder) if index else DEFAULT_SOURCES
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def from_wheels(wheels: Path) -> PackageSources:
    """A folder of wheels, and nothing else: what the host's own settings name is not asked."""
    nothing = {"PIP_FIND_LINKS": "", "UV_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", "UV_EXTRA_INDEX_URL": ""}
    return PackageSources(("--no-index", "--find-links", str(wheels)), nothing, nothing, wheels=wheels)


def from_index(index: Mapping[str, Any], folder: Path) -> PackageSources:
    """A private index in the place of the public one; with both, anybody could publish a package of a private name.

    What the host's own settings name besides has no effect on it: pip takes an empty variable for none and reads its
    file, so it is given the same index once more; uv asks the index first that is named first, and no other then.
    """
    url, username, password = index["url"], index.get("username"), index.get("password")
    uv = {"UV_INDEX": f"private={url}", "UV_DEFAULT_INDEX": url, "UV_INDEX_STRATEGY": "first-index"}
    uv |= {"UV_INDEX_URL": "", "UV_EXTRA_INDEX_URL": ""}
    pip = {"PIP_INDEX_URL": url, "PIP_EXTRA_INDEX_URL": url}
    if urlsplit(url).scheme == "http":
        pip["PIP_TRUSTED_HOST"] = urlsplit(url).netloc
    if not username:
        return PackageSources(uv=uv, pip=pip)
    uv |= {"UV_INDEX_PRIVATE_USERNAME": username, "UV_INDEX_PRIVATE_PASSWORD": password or ""}
    # pip would hand a URL with a password to the processes that it starts, on their command lines.
    netrc = folder / "netrc"
    netrc.touch(mode=0o600)
    words = (urlsplit(url).hostname or "", username, password or "")
    netrc.write_text("machine {} login {} password {}\n".format(*map(_quoted, words)), encoding="utf-8")
    pip["NETRC"] = str(netrc)
    secrets = (password, quote(password, safe="")) if password else ()
    return PackageSources(uv=uv, pip=pip, secrets=secrets)


def _quoted(word: str) -> str:
    """A token of a netrc file, as Python's own reader takes it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
