"""A set of files that stand or fall together."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

# A file here says that a unit has yet to take the configuration on disk: written before the first change, removed after
# the reload. It survives a run that is killed between the two.
PENDING = Path("/var/lib/asgi-deploy/pending")
# What a file is called meanwhile that may have to come back: programs that read whole folders pass over such names.
_KEPT = ".{}~"
_RESTART = "restart"  # its text, where a reload would not do

FILE_OPTIONS: dict[str, Any] = {
    "path": {"type": "str", "required": True},
    "state": {"type": "str", "default": "file", "choices": ["file", "directory", "absent"]},
    "content": {"type": "str"},
    "secret_content": {"type": "str", "no_log": True},
    "mode": {"type": "str"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
}


@dataclass(frozen=True)
class Item:
    """A file, a directory, or the absence of a file; what is of another kind is never removed for it."""

    path: Path
    state: str
    content: bytes
    mode: int
    owner: str
    group: str
    secret: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Item:
        state = options["state"]
        mode = options["mode"] or ("0755" if state == "directory" else "0644")
        secret = options.get("secret_content")
        content = (secret or options["content"] or "").encode()
        owner, group = options["owner"], options["group"]
        return cls(absolute(options["path"]), state, content, int(mode, 8), owner, group, bool(secret))

    def difference(self) -> dict[str, Any] | None:
        """What is not as it shall be, as Ansible's --diff shows it; nothing when all is right."""
        found = _found(self.path)
        if self.state == "absent" and found is None:
            return None
        kind = "directory" if self.state == "directory" else "file"
        if found and (found["kind"] == "directory") != (kind == "directory"):
            raise DeployError(f"{self.path} is a {found['kind']} where a {kind} belongs; move it away and run again")
        if self.state == "absent":
            return self._diff("present\n", "")
        if found is None or found["kind"] != kind:
            return self._diff(f"{found['kind']}\n" if found else "", self._text())
        if kind == "file" and found["content"] != self.content:
            before = "another secret\n" if self.secret else found["content"].decode(errors="replace")
            return self._diff(before, self._text())
        wanted = {"owner": self.owner, "group": self.group, "mode": f"{self.mode:04o}"}
        if any(found[key] != value for key, value in wanted.items()):
            return self._diff(_attributes(found), _attributes(wanted))
        if pending(self.path.name):
            return self._diff("systemd does not go by it yet\n", "systemd goes by it\n")
        return None

    def apply(self) -> None:
        if self.state == "absent":
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.state == "directory":
            self.path.mkdir(exist_ok=True)
            shutil.chown(self.path, self.owner, self.group)
            self.path.chmod(self.mode)
        else:
            write(self.path, self.content, self.mode, self.owner, self.group)

    def _text(self) -> str:
        if self.secret:
            return "a secret\n"
        return "directory\n" if self.state == "directory" else self.content.decode(errors="replace")

    def _diff(self, before: str, after: str) -> dict[str, Any]:
        return {"before_header": str(self.path), "after_header": str(self.path), "before": before, "after": after}


def absolute(path: str) -> Path:
    """A path of this host, which stands on its own.

    Raises:
        DeployError: it does not.
    """
    if not Path(path).is_absolute():
        raise DeployError(f"path: found {path!r}, expected one that begins with /, as in path: /etc/motd")
    return Path(path)


def write(path: Path, content: bytes, mode: int = 0o644, owner: str = "root", group: str = "root") -> None:
    """Replaces a file in one step: whoever opens it finds the old content or the new, with no wider rights."""
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


def differences(items: Sequence[Item]) -> list[tuple[Item, dict[str, Any]]]:
    """The items that are not as they shall be, each with its difference."""
    return [(item, found) for item in items if (found := item.difference())]


def apply_all(items: Sequence[Item], validate: Callable[[], None]) -> None:
    """Applies all items and validates the result; when that fails, puts back what was there and raises.

    Directories, having no content of their own, stay.
    """
    kept: list[tuple[Path, Path | None]] = []
    try:
        for item in items:
            if item.state != "directory":
                kept.append((item.path, _keep(item.path)))
            item.apply()
        validate()
    except BaseException as error:
        if wrong := [text for path, before in reversed(kept) if (text := _put_back(path, before))]:
            raise DeployError("\n".join([str(error), *wrong])) from error
        raise
    for _path, before in kept:
        if before:
            before.unlink()


def _keep(path: Path) -> Path | None:
    """Another name for a file that is there: to have it back by that takes no space, even on a disk that is full."""
    if not (path.is_symlink() or path.is_file()):
        return None
    before = path.with_name(_KEPT.format(path.name))
    before.unlink(missing_ok=True)  # of a run that was killed
    os.link(path, before, follow_symlinks=False)
    return before


def _put_back(path: Path, before: Path | None) -> str | None:
    """Has a file as it was; gives what went wrong."""
    try:
        if before:
            os.replace(before, path)
        elif os.path.lexists(path):
            path.unlink()
    except OSError as error:
        return f"{path} could not be put back as it was: {error}" + (f"; it is kept as {before}" if before else "")
    return None


def pending(unit: str) -> bool:
    """Whether a run ended between changing this unit's files and making it take them."""
    return (PENDING / unit).exists()


def pending_restart(unit: str) -> bool:
    """Whether what has yet to be taken is only taken at a start."""
    return pending(unit) and (PENDING / unit).read_text(encoding="utf-8") == _RESTART


@contextmanager
def pending_reload(unit: str, restart: bool = False) -> Iterator[None]:
    """Marks a unit as behind its files until the block has made it take them, by a restart if it has to be one."""
    PENDING.mkdir(parents=True, exist_ok=True)
    text = _RESTART if restart or pending_restart(unit) else ""
    (PENDING / unit).write_text(text, encoding="utf-8")
    yield
    taken(unit)


def taken(unit: str) -> None:
    """A unit goes by its files."""
    (PENDING / unit).unlink(missing_ok=True)


def _found(path: Path) -> dict[str, Any] | None:
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(status.st_mode), "special file")
    return {
        "kind": kind,
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "owner": _name(pwd.getpwuid, status.st_uid),
        "group": _name(grp.getgrgid, status.st_gid),
        "content": path.read_bytes() if kind == "file" else b"",
    }


def _name(lookup: Callable[[int], Any], number: int) -> str:
    try:
        return str(lookup(number)[0])
    except KeyError:
        return str(number)


def _attributes(found: Mapping[str, Any]) -> str:
    return "".join(f"{key}: {found[key]}\n" for key in ("owner", "group", "mode"))
