"""System users, as whom nobody logs in."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Callable
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import run
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

NOWHERE = "/nonexistent"  # the home of who has none
USER_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "comment": {"type": "str", "default": ""},
    "home": {"type": "str", "default": NOWHERE},
}


def exists(name: str) -> bool:
    return _found(pwd.getpwnam, name)


def make(name: str, comment: str = "", home: str = NOWHERE) -> None:
    """Makes a user with a group of its own, and no folder for its home.

    Raises:
        DeployError: that failed; ends with what useradd said.
    """
    about = [f"--comment={comment}", f"--home-dir={home}", "--no-create-home", "--shell=/usr/sbin/nologin"]
    # useradd refuses to make a group that is there.
    group = [f"--gid={name}"] if _found(grp.getgrnam, name) else ["--user-group"]
    try:
        run(["useradd", "--system", *about, *group, "--", name])
    except DeployError:
        if not exists(name):  # another run may have made it meanwhile
            raise


def ensure_build_user(layout: Layout) -> str:
    """Make the user who builds an application's environments, if it is not there; return its name."""
    if not exists(layout.build_user):
        make(layout.build_user, f"Builds environments of {layout.app}")
    return layout.build_user


def remove(name: str) -> None:
    """Remove a user and the group of that name, if they are there.

    Raises:
        DeployError: that failed; ends with what userdel said.
    """
    if exists(name):
        run(["userdel", "--", name])


def _found(lookup: Callable[[str], Any], name: str) -> bool:
    try:
        lookup(name)
    except KeyError:
        return False
    return True
