"""One release, from a version to serving: resolve, prepare, start, gate, switch, drain, prune.

Every step can be done again: a run that was ended at any point is finished by the next one. Until the switch the
release that serves is not touched.
"""

from __future__ import annotations

import compileall
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils import systemd, venvs
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.filesets import write
from ansible_collections.asgi.deploy.plugins.module_utils.gate import Gate, watch
from ansible_collections.asgi.deploy.plugins.module_utils.git import Mirror
from ansible_collections.asgi.deploy.plugins.module_utils.identity import digest
from ansible_collections.asgi.deploy.plugins.module_utils.layout import UNITS, Layout, release_id
from ansible_collections.asgi.deploy.plugins.module_utils.retention import to_prune, unused_venvs
from ansible_collections.asgi.deploy.plugins.module_utils.sockets import unix_peers
from ansible_collections.asgi.deploy.plugins.module_utils.store import Store

JOURNAL_LINES = 40
LOCK_TIMEOUT = 300.0


@dataclass(frozen=True)
class Wanted:
    """What shall serve."""

    layout: Layout
    git: str
    version: str
    files: Mapping[str, str]  # name in the release directory → text, readable by the application
    environment: str  # text of its environment file, readable by root alone
    units: Mapping[str, str]  # "service" and "socket" → text; %i stands for the release
    server_requirements: Sequence[str]
    installer: str
    gate: Gate
    settle: float  # seconds after a switch until no connection of nginx's leads to the release before
    drain_timeout: float
    keep: int


class Deployment:
    """The work of one run; `steps` tells how long each took."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.layout = wanted.layout
        self.store = Store(wanted.layout)
        self.mirror = Mirror(Path(wanted.layout.mirror), wanted.git)
        self.interpreter = venvs.Interpreter.at(venvs.PYTHON)
        self.steps: dict[str, float] = {}

    def identify(self, commit: str) -> str:
        """The release's id: a digest over all that makes it what it is."""
        wanted = self.wanted
        inputs = {
            "commit": commit,
            "interpreter": self.interpreter.tag,
            "installer": wanted.installer,
            "server": list(wanted.server_requirements),
            "files": dict(wanted.files),
            "environment": wanted.environment,
            "units": dict(wanted.units),
        }
        return release_id(wanted.version, digest(inputs))

    def predict(self) -> dict[str, Any]:
        """What a run would do, without doing it."""
        commit = self.mirror.resolve(self.wanted.version)
        release = self.identify(commit) if commit else None
        changed = release is None or not self._serves(release)
        return self._result(changed=changed, release=release, commit=commit, before=self.store.live())

    def run(self) -> dict[str, Any]:
        """Makes the wanted release serve.

        Raises:
            DeployError: it cannot; what served before still does.
        """
        with self._step("resolve"):
            commit = self.mirror.resolve(self.wanted.version)
            release = self.identify(commit) if commit else None
        with self.store.lock(LOCK_TIMEOUT):
            if release and self._serves(release):
                return self._result(changed=self._finish(release), release=release, commit=commit, before=release)
            return self._deploy(commit, release)

    def _deploy(self, commit: str | None, release: str | None) -> dict[str, Any]:
        before = self.store.live()
        started = time.time()
        try:
            with self._step("fetch"):
                commit = self.mirror.fetch(self.wanted.version, commit)
                release = self.identify(commit)
            with self._step("prepare"):
                self._prepare(release, commit)
            with self._step("start"):
                self._start(release)
            with self._step("gate"):
                self._gate(release, started)
        except DeployError as error:
            self._give_up(release, before, started, str(error))
            raise DeployError(self._failure(str(error), release, before)) from error
        with self._step("switch"):
            self.store.switch(release)
            systemd.enable(self.layout.boot_unit)
        if before != release:
            self.store.note(release, live=time.time(), state="live", previous=before)
        self._audit(started, before, release, "live")
        self._finish(release, before)
        return self._result(changed=True, release=release, commit=commit, before=before)

    def _serves(self, release: str) -> bool:
        """Whether a release serves, and all that belongs to it is as it shall be."""
        service, socket, boot = systemd.show(
            self.layout.service(release), self.layout.socket(release), self.layout.boot_unit
        )
        return (
            self.store.live() == release
            and all(unit.active and not unit.stale for unit in (service, socket))
            and boot.enabled
            and all(_holds(path, text) for path, text in self._unit_files(release).items())
            and all(_holds(self.store.path(release) / name, text) for name, text in self._release_files().items())
        )

    def _prepare(self, release: str, commit: str) -> None:
        """Makes the release's directory; its record is written last and says that it is whole."""
        path = self.store.path(release)
        if not self.store.record(release):
            shutil.rmtree(path, ignore_errors=True)
            tree = path / "src"
            tree.mkdir(parents=True)
            self.mirror.checkout(commit, tree)
            venv = self._venv(path, tree, commit)
            compileall.compile_dir(str(tree), quiet=2)
            _give(tree, self.layout.user)
            (path / "venv").symlink_to(Path("../../venvs", venv))
            self._write_files(release)
            self.store.note(
                release, commit=commit, version=self.wanted.version, venv=venv, prepared=time.time(), state="prepared"
            )
        self._write_files(release)
        for file, text in self._unit_files(release).items():
            if not _holds(file, text):
                write(file, text.encode())
        systemd.daemon_reload()

    def _venv(self, path: Path, tree: Path, commit: str) -> str:
        """The digest of the release's virtual environment, which is built if no release has it yet."""
        installer = venvs.installer_for(self.wanted.installer)
        where = f"{self.wanted.git} at {self.wanted.version} ({commit[:12]})"
        requirements = venvs.requirements_of(tree, installer, where)
        inputs = {
            "requirements": requirements.text,
            "tree": commit if requirements.local else None,
            "interpreter": self.interpreter.tag,
            "installer": installer.name,
            "server": list(self.wanted.server_requirements),
        }
        name = digest(inputs)[:16]
        venv = Path(self.layout.venvs, name)
        if not venvs.complete(venv):
            with self._step("venv"):
                venvs.build(venv, installer, self.interpreter, requirements, tree, self.wanted.server_requirements)
        if venvs.is_package(tree):
            venvs.build_package(tree, path / "site", installer, venv)
            _give(path / "site", self.layout.user)
        return name

    def _start(self, release: str) -> None:
        """Starts the socket first: it holds the listener, so nothing that is sent to it from now on is refused."""
        socket, service = self.layout.socket(release), self.layout.service(release)
        systemd.reset_failed(socket, service)
        try:
            systemd.start(socket)
            systemd.start(service)
        except DeployError as error:
            raise DeployError(f"its units could not be started: {error}") from error

    def _gate(self, release: str, started: float) -> None:
        service = self.layout.service(release)
        restarts = systemd.show(service)[0].restarts

        def broken() -> str | None:
            unit = systemd.show(service)[0]
            return (
                None if unit.active and unit.restarts == restarts else f"the service does not stay up: {unit.ending()}"
            )

        wrong = watch(str(self.layout.socket_path(release)), self.wanted.gate, broken)
        if wrong:
            log = systemd.journal([service], JOURNAL_LINES, since=started)
            raise DeployError(f"{wrong}\nThe end of its log:\n{log or '(it logged nothing)'}")

    def _finish(self, release: str, before: str | None = None) -> bool:
        """Drains and stops every other release, and removes those that are not kept; gives whether it had to."""
        with self._step("drain"):
            drained = [other for other in self._running() if other != release]
            for other in drained:
                self._drain(other, settle=self.wanted.settle if other == before else 0)
        with self._step("prune"):
            previous = self.store.record(release).get("previous")
            return bool(self._prune({release, previous or release}) or drained)

    def _running(self) -> list[str]:
        """The releases of which a unit is loaded, even a failed one."""
        prefix = f"asgi-{self.layout.app}@"
        names = systemd.listed(f"{prefix}*.socket") + systemd.listed(f"{prefix}*.service")
        return sorted({name[len(prefix) :].rsplit(".", 1)[0] for name in names})

    def _drain(self, release: str, settle: float) -> None:
        """Stops a release once nobody is connected to it, or when the time for that is over."""
        deadline = time.monotonic() + max(self.wanted.drain_timeout, settle)
        settled = time.monotonic() + settle
        path = str(self.layout.socket_path(release))
        while time.monotonic() < settled or (unix_peers(path) and time.monotonic() < deadline):
            time.sleep(0.2)
        self._stop(release)

    def _stop(self, release: str) -> None:
        """The socket goes first: an attempt to connect must not start the service again."""
        systemd.stop(self.layout.socket(release))
        systemd.stop(self.layout.service(release))
        systemd.reset_failed(self.layout.socket(release), self.layout.service(release))

    def _prune(self, protected: set[str]) -> list[str]:
        kept = self.store.kept()
        removed = to_prune(kept, self.wanted.keep, protected)
        for release in removed:
            for file in self._unit_files(release):
                file.unlink(missing_ok=True)
            shutil.rmtree(self.store.path(release))
        for venv in unused_venvs(self.store.venvs(), kept, removed):
            shutil.rmtree(Path(self.layout.venvs, venv))
        if removed:
            systemd.daemon_reload()
        return removed

    def _give_up(self, release: str | None, before: str | None, started: float, reason: str) -> None:
        """Stops what was started; what served before was never touched."""
        if release and release != before:
            self._stop(release)
            if self.store.record(release):
                self.store.note(release, state="failed", reason=reason)
        self._audit(started, before, release, "failed", reason=reason)

    def _failure(self, reason: str, release: str | None, before: str | None) -> str:
        if release == before:
            return f"{self.layout.app}: release {release}, which shall serve, does not.\n{reason}"
        serves = f"{before} still serves" if before else "nothing serves yet"
        what = f"release {release}" if release else f"version {self.wanted.version}"
        return f"{self.layout.app}: {what} was not put live; {serves}.\n{reason}"

    def _unit_files(self, release: str) -> dict[Path, str]:
        names = {"service": self.layout.service(release), "socket": self.layout.socket(release)}
        return {Path(UNITS, names[kind]): text for kind, text in self.wanted.units.items()}

    def _release_files(self) -> dict[str, str]:
        return {**self.wanted.files, "environment": self.wanted.environment}

    def _write_files(self, release: str) -> None:
        for name, text in self._release_files().items():
            path = self.store.path(release) / name
            if not _holds(path, text):
                group, mode = ("root", 0o600) if name == "environment" else (self.layout.user, 0o640)
                write(path, text.encode(), mode, group=group)

    def _audit(self, started: float, before: str | None, release: str | None, result: str, **more: Any) -> None:
        steps = {name: round(seconds, 3) for name, seconds in self.steps.items()}
        entry = {
            "started": started,
            "ended": time.time(),
            "from": before,
            "to": release,
            "result": result,
            "steps": steps,
        }
        self.store.audit({**entry, "version": self.wanted.version, **more})

    def _result(self, changed: bool, release: str | None, commit: str | None, before: str | None) -> dict[str, Any]:
        steps = {name: round(seconds, 3) for name, seconds in self.steps.items()}
        return {"changed": changed, "release": release, "commit": commit, "before": before, "steps": steps}

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.steps[name] = time.monotonic() - started


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except OSError:
        return False


def _give(tree: Path, group: str) -> None:
    """Lets the application read its code and nobody else; only root can write it."""
    for folder, _, files in os.walk(tree):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if not path.is_symlink():
                shutil.chown(path, "root", group)
                path.chmod(0o750 if path.stat().st_mode & 0o100 else 0o640)
