"""A set of files that is applied as a whole: all of them are written, or none."""

from __future__ import annotations

import grp
import os
import pwd
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.observed_files import attributes_text, observe
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.pending_units import is_pending
from ansible_collections.asgi.deploy.plugins.module_utils._shared.code_text import MARK, code_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import LIBRARY

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Difference

# The name of a copy until the new files are valid: programs that read whole folders ignore such names.
_KEPT = ".{}~"

# The state of a folder below an exclusive directory that no file needs; its content is removed first.
_UNNEEDED = "unneeded directory"


@dataclass(frozen=True)
class ManagedFile:
    """A file, a directory, a link, or the absence of a file; nothing of another kind is removed for it.

    Attributes:
        path: absolute.
        state: file, directory, link, absent, or an unneeded directory.
        content: of a file its bytes, of a link its target.
        mode: permission bits.
        owner: the name of a user.
        group: the name of a group.
        secret: whether the content is never shown.
        exclusive: of a directory, whether everything below it that no file of the set names is removed.
    """

    path: Path
    state: str
    content: bytes
    mode: int
    owner: str
    group: str
    secret: bool = False
    exclusive: bool = False

    @classmethod
    def of(cls, options: FileEntry) -> ManagedFile:
        """Return the file that an entry describes.

        Raises:
            DeployError: the entry contradicts itself.
        """
        state = options["state"]
        mode = options["mode"] or ("0755" if state == "directory" else "0644")
        secret = options.get("secret_content")
        if (state == "link") != bool(options.get("target")) and state != "absent":
            raise DeployError(
                f"{options['path']}: target: found {options.get('target')!r} with state: {state}, expected one for a "
                "link and for nothing else, as in state: link, target: /etc/motd"
            )
        content = (options.get("target") or secret or options["content"] or "").encode()
        owner, group = options["owner"], options["group"]
        path = absolute_path(options["path"])
        exclusive = bool(options.get("exclusive"))
        if exclusive and state in ("file", "link"):
            raise DeployError(f"{path}: exclusive: found true for a {state}, expected it with state: directory")
        if exclusive and ".." in path.parts:  # where a link is on the way, that is not where it seems to be
            raise DeployError(f"path: found {options['path']!r} with exclusive, expected a path without ..")
        return cls(path, state, content, int(mode, 8), owner, group, bool(secret), exclusive and state == "directory")

    @classmethod
    def leftover(cls, path: Path, folder: bool = False) -> ManagedFile:
        """Return what removes the file, or the empty folder, at a path."""
        return cls(path, _UNNEEDED if folder else "absent", b"", 0, "", "")

    def difference(self, hidden: bool = False) -> Difference | None:
        """Return what differs, as Ansible's --diff shows it; None if nothing does.

        Args:
            hidden: whether the path leads through something that is removed first, so that nothing is there then.

        Raises:
            DeployError: a directory is where a file belongs, or the other way round.
        """
        observed = None if hidden else observe(self.path)
        if self.state in ("absent", _UNNEEDED) and observed is None:
            return None
        if self.state == _UNNEEDED:
            return self._diff("directory\n", "")
        kind = self.state if self.state in ("directory", "link") else "file"
        if observed and (observed.kind == "directory") != (kind == "directory"):
            raise DeployError(f"{self.path} is a {observed.kind} where a {kind} belongs; move it away and run again")
        if self.state == "absent":
            return self._diff("present\n", "")
        if observed is None or observed.kind != kind:
            return self._diff(f"{observed.kind}\n" if observed else "", self._text())
        if kind != "directory" and observed.content != self.content and not self._differs_in_comments(observed.content):
            before = "another secret\n" if self.secret else observed.content.decode(errors="replace")
            before = f"link to {before}\n" if kind == "link" else before
            return self._diff(before, self._text())
        attributes = attributes_text(self.owner, self.group, f"{self.mode:04o}")
        if kind != "link" and observed.attributes != attributes:
            return self._diff(observed.attributes, attributes)
        if is_pending(self.path.name):
            return self._diff("systemd has not read it yet\n", "systemd has read it\n")
        return None

    def has_same_code(self) -> bool:
        """Return whether a file, and not a link, has this content or one that differs in comments only."""
        try:
            content = None if self.path.is_symlink() else self.path.read_bytes()
        except OSError:
            return False
        return content is not None and (content == self.content or self._same_code(content))

    def _differs_in_comments(self, content: bytes) -> bool:
        """Return whether another content has the same code; only for a file that the collection itself writes."""
        ours = self.path.is_relative_to(LIBRARY) or MARK.encode() in b"".join(self.content.split(b"\n", 2)[:2])
        return self.state == "file" and not self.secret and ours and self._same_code(content)

    def _same_code(self, content: bytes) -> bool:
        texts = (item.decode(errors="replace") for item in (content, self.content))
        before, after = (code_of(f"{self.path.parent.name}/{self.path.name}", text) for text in texts)
        return before == after

    def apply(self) -> None:
        """Write or remove the file."""
        if self.state == "absent":
            self.path.unlink(missing_ok=True)
            return
        if self.state == _UNNEEDED:
            with suppress(OSError):  # a program has just put something there: the next run reports it
                self.path.rmdir()
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.state == "directory":
            self.path.mkdir(exist_ok=True)
            shutil.chown(self.path, self.owner, self.group)
            self.path.chmod(self.mode)
        elif self.state == "link":
            _link(self.path, self.content.decode())
        else:
            write(self.path, self.content, self.mode, self.owner, self.group)

    def _text(self) -> str:
        if self.secret:
            return "a secret\n"
        if self.state == "link":
            return f"link to {self.content.decode()}\n"
        return "directory\n" if self.state == "directory" else self.content.decode(errors="replace")

    def _diff(self, before: str, after: str) -> Difference:
        return {"before_header": str(self.path), "after_header": str(self.path), "before": before, "after": after}


def absolute_path(path: str) -> Path:
    """Return a path of this host that depends on no folder.

    Raises:
        DeployError: it is relative.
    """
    if not Path(path).is_absolute():
        raise DeployError(f"path: found {path!r}, expected one that begins with /, as in path: /etc/motd")
    return Path(path)


def write(path: Path, content: bytes, mode: int = 0o644, owner: str = "root", group: str = "root") -> None:
    """Replace a file in one step: a program that opens it gets the old content or the new, with no wider rights."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchown(file.fileno(), pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _link(path: Path, target: str) -> None:
    """Replace what is at a path by a link, in one step."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    temporary.symlink_to(target)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink()
        raise


def differences(
    items: Sequence[ManagedFile], others: Sequence[ManagedFile] = ()
) -> list[tuple[ManagedFile, Difference]]:
    """Return the files that differ from the host, each with its difference.

    What is left over in exclusive directories comes last, as files of its own, so that a run that is killed has removed
    nothing that was still in use; only what is in the way of a file comes first.

    Args:
        items: the files to compare.
        others: further files of the same set: what they name is no leftover.
    """
    leftovers = _leftovers([*items, *others])
    if not leftovers:  # the usual case: to compare the parents of each path costs more than everything else
        return [(item, difference) for item in items if (difference := item.difference())]
    gone = {item.path for item in leftovers if item.state == "absent"}
    tops = {item.path for item in items if item.exclusive}
    own = [item for item in leftovers if tops.intersection(item.path.parents)]
    needed = {folder for item in items for folder in item.path.parents}
    compared = [(item, item.difference()) for item in own if item.path in needed]
    compared += [(item, item.difference(hidden=not gone.isdisjoint(item.path.parents))) for item in items]
    compared += [(item, item.difference()) for item in own if item.path not in needed]
    return [(item, difference) for item, difference in compared if difference]


def _leftovers(items: Sequence[ManagedFile]) -> list[ManagedFile]:
    """Return what removes the files in exclusive directories that nothing names, each folder after its content.

    A link is removed, never what it leads to: os.walk does not follow it.
    """
    tops = [item.path for item in items if item.exclusive and not item.path.is_symlink()]
    if not tops:
        return []
    states = {os.path.normpath(item.path): item.state for item in items}
    needed = _folders(path for path, state in states.items() if state != "absent")
    leftovers: dict[str, ManagedFile] = {}
    for top in tops:
        for folder, folders, files in os.walk(top, topdown=False):
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            paths = [os.path.join(folder, name) for name in sorted([*files, *links])]
            leftovers |= {path: ManagedFile.leftover(Path(path)) for path in paths if path not in states}
            if folder not in states and folder not in needed:
                leftovers[folder] = ManagedFile.leftover(Path(folder), folder=True)
    return list(leftovers.values())


def _folders(paths: Iterable[str]) -> set[str]:
    """Return all parents of these paths, which are normal and absolute."""
    folders: set[str] = set()
    for path in paths:
        while (path := os.path.dirname(path)) not in folders:
            folders.add(path)
    return folders


def apply_all(items: Sequence[ManagedFile], validate: Callable[[], None]) -> None:
    """Apply all files and validate the result; when that fails, restore the former files and raise the error.

    Directories have no content of their own, and stay.
    """
    kept: list[tuple[Path, Path | None]] = []
    # They hold copies until everything is valid.
    unneeded = [item for item in items if item.state == _UNNEEDED]
    try:
        for item in items:
            if item.state == _UNNEEDED:
                continue
            if item.state != "directory":
                kept.append((item.path, _keep(item.path)))
            item.apply()
        validate()
    except BaseException as error:
        if problems := [text for path, before in reversed(kept) if (text := _restore(path, before))]:
            raise DeployError("\n".join([str(error), *problems])) from error
        raise
    for _path, before in kept:
        if before:
            before.unlink(missing_ok=True)  # it may have been a leftover itself, of a run that was killed
    for item in unneeded:
        item.apply()


def _keep(path: Path) -> Path | None:
    """Give a file a second name, by which it can be restored even on a full disk; return it, or None without a file."""
    if not os.path.lexists(path) or _is_folder(path):
        return None
    before = path.with_name(_KEPT.format(path.name))
    before.unlink(missing_ok=True)  # of a run that was killed
    os.link(path, before, follow_symlinks=False)
    return before


def _restore(path: Path, before: Path | None) -> str | None:
    """Restore a file; return what went wrong, or None."""
    try:
        if before:
            if _is_folder(path):  # a folder replaced the file or the link; its new content is already removed
                _remove_empty(path)
            os.replace(before, path)
        elif os.path.lexists(path):
            path.unlink()
    except OSError as error:
        return f"{path} could not be restored as it was: {error}" + (f"; it is kept as {before}" if before else "")
    return None


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _remove_empty(folder: Path) -> None:
    for place, _folders, _files in os.walk(folder, topdown=False):
        os.rmdir(place)
