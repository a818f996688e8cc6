"""System users that no one logs in as."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable
from typing import TypeVar

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import run
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NOWHERE, Layout

EntryT = TypeVar("EntryT", pwd.struct_passwd, grp.struct_group)
_NO_SHELL = "/usr/sbin/nologin"


def exists(name: str) -> bool:
    """Return whether a user exists."""
    return _is_known(pwd.getpwnam, name)


def create(name: str, comment: str = "", home: str = NOWHERE) -> None:
    """Create a user with a group of its own, and no folder for its home.

    Raises:
        DeployError: that failed; ends with what useradd said.
    """
    about = [f"--comment={comment}", f"--home-dir={home}", "--no-create-home", f"--shell={_NO_SHELL}"]
    # useradd refuses to create a group that exists.
    group = [f"--gid={name}"] if _is_known(grp.getgrnam, name) else ["--user-group"]
    try:
        run(["useradd", "--system", *about, *group, "--", name])
    except DeployError:
        if not exists(name):  # another run may have created it at the same time
            raise


def alteration(name: str) -> str | None:
    """Return how the shell or the groups of a user differ from what :func:`create` sets; None if it does not exist."""
    if not exists(name):
        return None
    entry = pwd.getpwnam(name)
    if entry.pw_shell != _NO_SHELL:
        return f"{name} has the shell {entry.pw_shell or '/bin/sh'} instead of {_NO_SHELL}"
    if (group := _group(entry.pw_gid)) != name:
        return f"{name} has the group {group} instead of {name}"
    others = sorted(_group(number) for number in set(os.getgrouplist(name, entry.pw_gid)) - {entry.pw_gid})
    return f"{name} is in other groups: {', '.join(others)}" if others else None


def restore(name: str) -> None:
    """Restore the shell and the groups of a user; its running processes keep their groups until they end."""
    if not _is_known(grp.getgrnam, name):
        run(["groupadd", "--system", "--", name])
    run(["usermod", f"--shell={_NO_SHELL}", f"--gid={name}", "--groups=", "--", name])


def ensure_build_user(layout: Layout) -> str:
    """Create the user that builds an application's environments, if it does not exist; return its name."""
    if not exists(layout.build_user):
        create(layout.build_user, layout.build_comment)
    return layout.build_user


def remove(name: str) -> None:
    """Remove a user and the group of that name, if they exist.

    Raises:
        DeployError: that failed; ends with what userdel said.
    """
    if exists(name):
        run(["userdel", "--", name])


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _is_known(lookup: Callable[[str], EntryT], name: str) -> bool:
    try:
        lookup(name)
    except KeyError:
        return False
    return True
