"""The task that applies files of a host as a set, with the users that own them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd, users
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import last_lines, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal_services import JournalServices
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import (
    ManagedFile,
    apply_all,
    differences,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.pending_units import (
    is_pending,
    needs_restart,
    pending_reload,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._host.web import nginx
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.socket_units import ChangedSockets
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import (
    FILES,
    TO_SERVICE,
    TO_SOCKETS,
    USER_OPTIONS,
)

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry, UserEntry
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Difference
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import FilesResult

OPTIONS: OptionSpecs = {
    "files": FILES,
    "unread": FILES,
    "validate": {"type": "list", "elements": "str", "default": []},
    "reload": {"type": "str"},
    "port_goes_to": {"type": "str", "choices": [TO_SERVICE, TO_SOCKETS]},
    "units": {"type": "list", "elements": "str", "default": []},
    "users": {"type": "list", "elements": "dict", "default": [], "options": USER_OPTIONS},
}
UNLOGGED = ("files", "unread")


class FilesOptions(TypedDict):
    """The options of the task.

    Attributes:
        files: what must be on the host.
        unread: files that the service does not read, written in the same step.
        validate: the command that validates the result; none if it is empty.
        reload: the service that reads the files; none if it is None.
        port_goes_to: which side gets a port that moves, TO_SERVICE or TO_SOCKETS; None if none moves.
        units: units that must be enabled and active; one that is active is restarted when its own file changes.
        users: system users that must exist.
    """

    files: list[FileEntry]
    unread: list[FileEntry]
    validate: list[str]
    reload: str | None
    port_goes_to: str | None
    units: list[str]
    users: list[UserEntry]


@reports_errors
def act(options: FilesOptions, check_mode: bool) -> FilesResult:
    """Apply the files; see M(asgi.deploy.files)."""
    return apply_files(options, check_mode)


def apply_files(options: FilesOptions, check_mode: bool, check: Callable[[], None] | None = None) -> FilesResult:
    """Apply the files; see M(asgi.deploy.files).

    Args:
        options: of the task.
        check_mode: whether to change nothing.
        check: where a port goes to sockets, checks that their service answers, and raises DeployError if not.

    Raises:
        DeployError: the files are refused, or `check` failed; the former files are restored.
    """
    unit, validate = options["reload"], options["validate"]
    files = [ManagedFile.of(entry) for entry in options["files"]]
    unread = [ManagedFile.of(entry) for entry in options["unread"]]
    read_drift = differences(files, unread)
    drift = read_drift + differences(unread, files)
    inactive = systemd.not_running_or_enabled(*options["units"])
    pending = [name for name in options["units"] if is_pending(name)]
    missing = [user for user in options["users"] if not users.exists(user["name"])]
    altered = {user["name"]: text for user in options["users"] if (text := users.alteration(user["name"]))}
    paths = [str(file.path) for file, _difference in drift]
    names = [*(user["name"] for user in missing), *altered]
    changed = bool(drift or inactive or names or pending) or bool(unit and is_pending(unit))
    written = {file.path.name for file, _difference in drift if file.path.parent == Path(UNITS)}
    outdated = [name for name in options["units"] if name not in inactive and (name in written or name in pending)]
    if changed and not check_mode:
        for user in missing:
            users.create(**user)
        for name in altered:
            users.restore(name)
        if options["unread"] and not read_drift and not (unit and is_pending(unit)):
            unit, validate = None, []  # the service reads nothing that changes
        port_goes_to = options["port_goes_to"]
        with ExitStack() as marks:
            for name in dict.fromkeys([*outdated, *pending]):
                marks.enter_context(pending_reload(name))
            _apply([file for file, _difference in drift], inactive, unit, validate, port_goes_to, check)
            if inactive:
                systemd.start(*inactive)
            if outdated:
                systemd.restart(*outdated)
        log_to_journal(f"applied: {', '.join([*names, *paths, *inactive, *outdated]) or options['reload']}")
    diff = [difference for _file, difference in drift]
    if names:
        diff.append(_user_difference(names, altered.values()))
    return {"changed": changed, "paths": paths, "units": inactive, "users": names, "diff": diff}


def _user_difference(names: Iterable[str], alterations: Iterable[str]) -> Difference:
    return {
        "before": "".join(f"{text}\n" for text in alterations),
        "after": "".join(f"user {name}\n" for name in names),
    }


def _apply(
    files: list[ManagedFile],
    inactive: Sequence[str],
    unit: str | None,
    validate: Sequence[str],
    port_goes_to: str | None,
    check: Callable[[], None] | None,
) -> None:
    """Write files that differ, and make a unit apply them; restore the former files where it refuses.

    Args:
        files: what differs.
        inactive: units that are to start afterwards.
        unit: the service that reads the files, if one does.
        validate: a command that validates the files; none if it is empty.
        port_goes_to: as in the options.
        check: as of :func:`apply_files`.

    Raises:
        DeployError: the files are refused; says by what.
    """
    # Most settings of a service's drop-in take effect when the service starts.
    restart = unit is not None and (needs_restart(unit) or any(file.path.parent.name == f"{unit}.d" for file in files))
    sockets = ChangedSockets(files)
    journals = JournalServices(file.path for file in files)
    closer = sockets.closer()
    reloaded: list[str] = []

    def activate() -> None:
        if validate:
            checked = run_unchecked(validate)
            if checked.returncode:
                raise _refusal(f"{validate[0]} refuses the configuration", files, last_lines(checked))
        try:
            if port_goes_to == TO_SERVICE:
                closer.close()
            elif port_goes_to == TO_SOCKETS:
                sockets.stop_changed()
            else:
                sockets.restart()
        except DeployError as error:
            raise _refusal(f"{', '.join(sockets.changed)} cannot listen", files, str(error)) from error
        if unit:
            up = systemd.show(unit)[0].up
            reloaded.extend([unit] if up else [])
            try:
                _reload(unit, restart, up)
            except DeployError as error:
                verb = "start with" if restart else "take"
                raise _refusal(f"{unit} does not {verb} it", files, str(error)) from error
        if port_goes_to == TO_SOCKETS:
            _start_on_ports(sockets, files, check)
        if port_goes_to != TO_SERVICE:
            closer.close()
        sockets.stop_removed()

    with ExitStack() as always, ExitStack() as afterwards:
        always.callback(closer.remove)
        if unit:
            afterwards.enter_context(pending_reload(unit, restart))
        for name in (*sockets.changed, *journals.pending):
            afterwards.enter_context(pending_reload(name))
        afterwards.callback(journals.read_settings)
        if inactive or any("/systemd/" in str(file.path) for file in files):
            afterwards.callback(systemd.daemon_reload)
        try:
            apply_all(files, activate)
        except (DeployError, OSError):
            sockets.restore(port_goes_to)
            if reloaded:
                systemd.daemon_reload()
                nginx.reload_and_wait(reloaded[0])
            raise
        if inactive:
            systemd.enable(*inactive, read=False)  # the callback is about to make systemd read all units


def _reload(unit: str, restart: bool, up: bool) -> None:
    """Make a unit apply its files, by a restart if it has to be one and the unit is up."""
    if restart and up:
        systemd.reload_and_restart(unit)
        return
    if restart:
        systemd.daemon_reload()
    nginx.reload_and_wait(unit)


def _start_on_ports(sockets: ChangedSockets, files: list[ManagedFile], check: Callable[[], None] | None) -> None:
    """Start sockets on the ports that a unit has given up, and check that their service answers."""
    try:
        sockets.take_ports()
        if check:
            check()
    except DeployError as error:
        raise _refusal(f"{', '.join(sockets.changed)} does not serve", files, error.reason, error.log) from error


def _refusal(what: str, files: list[ManagedFile], output: str, log: str = "") -> DeployError:
    paths = ", ".join(str(file.path) for file in files)
    return DeployError(f"{what}; restored as it was: {paths}\n{output}", log)
