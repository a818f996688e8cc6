"""A set of files that stand or fall together, written and taken, with the users whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

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
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import FILES, USER_OPTIONS

OPTIONS: dict[str, Any] = {
    "files": FILES,
    "beside": FILES,
    "validate": {"type": "list", "elements": "str", "default": []},
    "reload": {"type": "str"},
    "units": {"type": "list", "elements": "str", "default": []},
    "users": {"type": "list", "elements": "dict", "default": [], "options": USER_OPTIONS},
}
UNLOGGED = ("files", "beside")


@reports_errors
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.files)."""
    unit = options["reload"]
    files, beside = ([ManagedFile.of(one) for one in options[name]] for name in ("files", "beside"))
    read = differences(files, beside)
    found = read + differences(beside, files)
    idle = systemd.not_running_or_enabled(*options["units"])
    missing = [user for user in options["users"] if not users.exists(user["name"])]
    altered = {user["name"]: text for user in options["users"] if (text := users.alteration(user["name"]))}
    paths, names = [str(item.path) for item, _difference in found], [*(user["name"] for user in missing), *altered]
    changed = bool(found or idle or names) or bool(unit and is_pending(unit))
    if changed and not check_mode:
        for user in missing:
            users.create(**user)
        for name in altered:
            users.restore(name)
        # What goes beside the files is no concern of who reads these.
        alone = options["beside"] and not read and not (unit and is_pending(unit))
        silent: dict[str, Any] = {"validate": [], "reload": None} if alone else {}
        _apply([item for item, _difference in found], idle, {**options, **silent})
        if idle:
            systemd.start(*idle)
        log_to_journal(f"put right: {', '.join([*names, *paths, *idle]) or unit}")
    diff = [difference for _item, difference in found]
    before = "".join(f"{text}\n" for text in altered.values())
    diff += [{"before": before, "after": "".join(f"user {name}\n" for name in names)}] if names else []
    return {"changed": changed, "paths": paths, "units": idle, "users": names, "diff": diff}


def _apply(items: list[ManagedFile], idle: list[str], options: Mapping[str, Any]) -> None:
    unit = options["reload"]
    # Of a service's drop-in most takes effect when it starts.
    restart = bool(unit) and (needs_restart(unit) or any(item.path.parent.name == f"{unit}.d" for item in items))
    listeners = ChangedSockets(items)
    journals = JournalServices(item.path for item in items)
    told = False

    def take() -> None:
        nonlocal told
        if options["validate"]:
            checked = run_unchecked(options["validate"])
            if checked.returncode:
                raise _refused(f"{options['validate'][0]} refuses the configuration", items, last_lines(checked))
        try:
            listeners.listen_anew()
        except DeployError as error:
            raise _refused(f"{', '.join(listeners.changed)} cannot listen", items, str(error)) from error
        if unit:
            told = systemd.show(unit)[0].up
            try:
                if restart and told:
                    systemd.reload_and_restart(unit)
                else:
                    if restart:
                        systemd.daemon_reload()
                    nginx.reload_and_wait(unit)
            except DeployError as error:
                took = "start with" if restart else "take"
                raise _refused(f"{unit} does not {took} it", items, str(error)) from error
        listeners.stop_those_that_go()

    with ExitStack() as behind:
        if unit:
            behind.enter_context(pending_reload(unit, restart))
        for name in (*listeners.changed, *journals.pending):
            behind.enter_context(pending_reload(name))
        behind.callback(journals.read_settings)
        if idle or any("/systemd/" in str(item.path) for item in items):
            behind.callback(systemd.daemon_reload)
        try:
            apply_all(items, take)
        except (DeployError, OSError):
            listeners.as_before()
            if told:
                systemd.daemon_reload()
                nginx.reload_and_wait(unit)
            raise
        if idle:
            systemd.enable(*idle, read=False)  # it is about to read all


def _refused(what: str, items: list[ManagedFile], said: str) -> DeployError:
    paths = ", ".join(str(item.path) for item in items)
    return DeployError(f"{what}; put back as it was: {paths}\n{said}")
