"""Debian packages, by dpkg and apt-get alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import transient_units
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import (
    environment,
    last_lines,
    run,
    run_unchecked,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NGINX_WELCOME
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import environment_file

LISTS = Path("/var/lib/apt/lists")
FRESH = 3600.0  # seconds for which package lists are good enough
# Asks nobody, and keeps what an administrator has changed.
KEEP = ("--option=Dpkg::Options::=--force-confdef", "--option=Dpkg::Options::=--force-confold")
# An administrator's needrestart restarts nobody in the midst of a run; it does so with the next packages.
ENV = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
INSTALL_SECONDS = 1800
_PATIENCE = 3 * INSTALL_SECONDS  # with what is installed behind, a few groups
# What apt-get says after a power cut, and does nothing more: packages were being configured, or unpacked.
_CUT_OFF = ("dpkg was interrupted", "Unmet dependencies")
BACKGROUND_UNIT = "asgi-install.service"
_SURROUNDINGS = Path("/run/asgi-install.environment")
_POLL = 0.1  # seconds between two looks at whether it has ended
LOCK_SECONDS = 300  # a new VM often runs its first upgrades just now
WAIT = f"--option=DPkg::Lock::Timeout={LOCK_SECONDS}"  # for dpkg's lock alone
_LIST_POLL = 1.0  # seconds between two attempts to fetch lists
_TRIES = 20  # of dpkg-query, a poll apart


def missing_packages(names: Sequence[str]) -> list[str]:
    """Those of the packages that are not installed."""
    if not names:
        return []
    argv = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", "--", *names]
    for _try in range(_TRIES):
        done = run_unchecked(argv, reads=True)
        if done.returncode in (0, 1):  # dpkg knows them all, or not all
            installed = {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}
            return [name for name in names if name not in installed]
        time.sleep(_POLL)  # what it was about to read is gone, as when dpkg is at work
    raise DeployError(f"dpkg-query cannot tell what is installed: {last_lines(done)}")


def install(names: Sequence[str]) -> None:
    """Installs packages, with lists that are not older than an hour, once what was cut off before is finished.

    Raises:
        DeployError: they could not be installed; the text ends with what apt-get said.
    """
    try:
        _prepare(names)
        done = run_unchecked(_install_command(names), ENV, timeout=INSTALL_SECONDS)
        if done.returncode and any(said in done.stderr for said in _CUT_OFF):
            _finish()
            done = run_unchecked(_install_command(names), ENV, timeout=INSTALL_SECONDS)
        if done.returncode:
            raise DeployError(last_lines(done))
    except DeployError as error:
        raise DeployError(f"packages {', '.join(names)} could not be installed: {error}") from error


def _finish() -> None:
    """Has packages whole that a power cut left halfway; what cannot be, apt-get tells when it is asked for others."""
    run_unchecked(
        ["dpkg", "--force-confdef", "--force-confold", "--configure", "--pending"], ENV, timeout=INSTALL_SECONDS
    )
    # Of these dpkg lacks what they depend on.
    run_unchecked(_install_command((), "--fix-broken", "--no-remove"), ENV, timeout=INSTALL_SECONDS)


def install_in_background(groups: Sequence[Sequence[str]]) -> None:
    """Begins to install packages, one group after the other, and leaves that to systemd.

    Whoever needs them calls :func:`have`, or :func:`settle` before it looks, and installs what is missing then; so that
    nothing of it is an error here.
    """
    with suppress(DeployError):
        _prepare(list(chain.from_iterable(groups)))
        # By a file, as the properties of a unit are for everybody to read, and the way to a proxy may hold a password.
        text = environment_file(environment(ENV)).encode(errors="surrogateescape")
        write(_SURROUNDINGS, text, 0o600)
        try:
            run(_systemd_run(*map(_install_command, groups)))
        except DeployError:
            if not _installing_in_background():  # as when two runs begin at once
                _SURROUNDINGS.unlink(missing_ok=True)


def _systemd_run(*commands: Sequence[str]) -> list[str]:
    """Has systemd run commands, one after the other, whatever becomes of those before."""
    *before, last = commands
    properties = [
        f"EnvironmentFile={_SURROUNDINGS}",
        f"TimeoutStartSec={INSTALL_SECONDS}",
        *(f"ExecStartPre=-{' '.join(command)}" for command in before),
        f"ExecStopPost=/usr/bin/rm -f {_SURROUNDINGS}",
    ]
    return transient_units.command(
        BACKGROUND_UNIT, last, properties, "--collect", "--no-block", "--service-type=oneshot"
    )


def ensure_installed(names: Sequence[str]) -> None:
    """Waits for those packages that are being installed behind, and installs what is missing then.

    Raises:
        DeployError: that failed.
    """
    if not missing_packages(names):
        return
    _wait(lambda: not missing_packages(names))
    if left := missing_packages(names):
        install(left)
        log_to_journal(f"installed {', '.join(left)}")


def wait_for_background_install() -> None:
    """Waits until all that :func:`install_behind` began has ended, well or not."""
    _wait(lambda: False)


def _wait(enough: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not enough() and _installing_in_background() and time.monotonic() < deadline:
        time.sleep(_POLL)


def _installing_in_background() -> bool:
    """Whether packages are installed behind; systemd does not answer while it is upgraded itself."""
    states = "--state=active,activating,deactivating"
    shown = run_unchecked(
        ["systemctl", "list-units", states, "--plain", "--no-legend", "--", BACKGROUND_UNIT], reads=True
    )
    return shown.returncode != 0 or BACKGROUND_UNIT in shown.stdout


def _prepare(names: Sequence[str]) -> None:
    """Has lists of packages that are not older than an hour, and nothing else of ours at work."""
    wait_for_background_install()
    if not _lists_are_fresh():
        _fetch_lists()
    if "nginx" in names:
        _leave_out_welcome_page()


def _fetch_lists() -> None:
    """Fetches lists of packages once nobody else does; apt-get itself waits for dpkg's lock alone."""
    deadline = time.monotonic() + LOCK_SECONDS
    while (done := run_unchecked(["apt-get", "--quiet", "update"], ENV)).returncode:
        if f"{LISTS}/lock" not in done.stderr or time.monotonic() > deadline:
            raise DeployError(f"apt-get update failed: {last_lines(done)}")
        time.sleep(_LIST_POLL)


def _lists_are_fresh() -> bool:
    """Whether there are lists of packages that are good enough."""
    return any(LISTS.glob("*_Packages*")) and time.time() - LISTS.stat().st_mtime <= FRESH


def _install_command(names: Sequence[str], *options: str) -> list[str]:
    """The command that installs packages."""
    how = (WAIT, *KEEP, "--quiet", "--yes", "--no-install-recommends", *options)
    return ["/usr/bin/apt-get", *how, "install", "--", *names]


def _leave_out_welcome_page() -> None:
    """Debian's nginx starts with a page of its own, and cannot be installed where IPv6 is off: that page listens there.

    Where there is a file already, the package leaves it as it is.
    """
    site = Path(NGINX_WELCOME)
    if not site.parent.exists():
        site.parent.mkdir(parents=True)
        site.touch()
