"""Debian packages, by dpkg and apt-get only."""

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
# Asks no questions, and keeps what an administrator has changed.
KEEP = ("--option=Dpkg::Options::=--force-confdef", "--option=Dpkg::Options::=--force-confold")
# needrestart must restart no service during a run; it does so with the next packages.
ENV = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
INSTALL_SECONDS = 1800
_PATIENCE = 3 * INSTALL_SECONDS  # for what is installed in the background, a few groups
# What apt-get prints after a power cut, when packages were being configured or unpacked, and refuses to do more.
_CUT_OFF = ("dpkg was interrupted", "Unmet dependencies")
BACKGROUND_UNIT = "asgi-install.service"
_SURROUNDINGS = Path("/run/asgi-install.environment")
_POLL = 0.1  # seconds between two checks whether it has ended
LOCK_SECONDS = 300  # a new VM often runs its first upgrades at that time
WAIT = f"--option=DPkg::Lock::Timeout={LOCK_SECONDS}"  # only for dpkg's lock
_LIST_POLL = 1.0  # seconds between two attempts to fetch lists
_TRIES = 20  # of dpkg-query, a poll apart


def missing_packages(names: Sequence[str]) -> list[str]:
    """Return those of the packages that are not installed.

    Raises:
        DeployError: dpkg-query fails again and again.
    """
    if not names:
        return []
    argv = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", "--", *names]
    for _try in range(_TRIES):
        done = run_unchecked(argv, reads=True)
        if done.returncode in (0, 1):  # dpkg knows them all, or not all
            installed = {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}
            return [name for name in names if name not in installed]
        time.sleep(_POLL)  # dpkg is at work, and has removed what it was about to read
    raise DeployError(f"dpkg-query cannot list what is installed: {last_lines(done)}")


def install(names: Sequence[str]) -> None:
    """Install packages, with lists that are not older than an hour; finish what was cut off before.

    Raises:
        DeployError: they could not be installed; the text ends with what apt-get printed.
    """
    incomplete = ""
    try:
        incomplete = _prepare(names)
        done = run_unchecked(_install_command(names), ENV, timeout=INSTALL_SECONDS)
        if done.returncode and any(sign in done.stderr for sign in _CUT_OFF):
            _finish()
            done = run_unchecked(_install_command(names), ENV, timeout=INSTALL_SECONDS)
        if done.returncode:
            raise DeployError(last_lines(done))
    except DeployError as error:
        text = f"packages {', '.join(names)} could not be installed: {error}"
        raise DeployError("\n".join(filter(None, [text, incomplete]))) from error


def _finish() -> None:
    """Finish packages that a power cut left halfway; apt-get reports those that it cannot, with the next packages."""
    run_unchecked(
        ["dpkg", "--force-confdef", "--force-confold", "--configure", "--pending"], ENV, timeout=INSTALL_SECONDS
    )
    # dpkg cannot finish packages whose dependencies are missing.
    run_unchecked(_install_command((), "--fix-broken", "--no-remove"), ENV, timeout=INSTALL_SECONDS)


def install_in_background(groups: Sequence[Sequence[str]]) -> None:
    """Begin to install packages, one group after the other, in a unit of systemd.

    No error is raised: a task that needs them calls :func:`ensure_installed`, or :func:`wait_for_background_install`
    before its inspection, and installs what is still missing.
    """
    with suppress(DeployError):
        _prepare(list(chain.from_iterable(groups)))
        # In a file: any user can read the properties of a unit, and the URL of a proxy may hold a password.
        text = environment_file(environment(ENV)).encode(errors="surrogateescape")
        write(_SURROUNDINGS, text, 0o600)
        try:
            run(_systemd_run(*map(_install_command, groups)))
        except DeployError:
            if not _installing_in_background():  # it is when two runs begin at the same time
                _SURROUNDINGS.unlink(missing_ok=True)


def _systemd_run(*commands: Sequence[str]) -> list[str]:
    """Return the command that has systemd run commands, one after the other, even where one of them fails."""
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
    """Wait for packages that are being installed in the background, and install what is still missing.

    Raises:
        DeployError: packages could not be installed.
    """
    if not missing_packages(names):
        return
    _wait(lambda: not missing_packages(names))
    if missing := missing_packages(names):
        install(missing)
        log_to_journal(f"installed {', '.join(missing)}")


def wait_for_background_install() -> None:
    """Wait until all that :func:`install_in_background` began has ended, well or not."""
    _wait(lambda: False)


def _wait(enough: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not enough() and _installing_in_background() and time.monotonic() < deadline:
        time.sleep(_POLL)


def _installing_in_background() -> bool:
    """Return whether packages are being installed in the background.

    It is assumed where systemd does not answer, as while it is upgraded itself.
    """
    states = "--state=active,activating,deactivating"
    shown = run_unchecked(
        ["systemctl", "list-units", states, "--plain", "--no-legend", "--", BACKGROUND_UNIT], reads=True
    )
    return shown.returncode != 0 or BACKGROUND_UNIT in shown.stdout


def _prepare(names: Sequence[str]) -> str:
    """Wait for our other installations, and ensure lists of packages that are not older than an hour.

    Returns:
        What :func:`_fetch_lists` returns, or an empty text.
    """
    wait_for_background_install()
    incomplete = "" if _lists_are_fresh() else _fetch_lists()
    if "nginx" in names:
        _leave_out_welcome_page()
    return incomplete


def _fetch_lists() -> str:
    """Fetch lists of packages once no other program does; apt-get itself waits only for dpkg's lock.

    Returns:
        What apt-get prints of another source that cannot be read, while Debian's own lists are there; otherwise an
        empty text.

    Raises:
        DeployError: Debian's own lists are not there.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while (done := run_unchecked(["apt-get", "--quiet", "update"], ENV)).returncode:
        if f"{LISTS}/lock" not in done.stderr or time.monotonic() > deadline:
            failure = f"apt-get update failed: {last_lines(done)}"
            if not _debian_is_listed():
                raise DeployError(failure)
            log_to_journal(failure)
            return failure
        time.sleep(_LIST_POLL)
    return ""


def _debian_is_listed() -> bool:
    """Return whether there are lists of packages of Debian itself."""
    for release in LISTS.glob("*_InRelease"):
        head = release.read_text(encoding="utf-8", errors="replace")[:2048]
        if "\nOrigin: Debian\n" in head and any(LISTS.glob(f"{release.name.removesuffix('InRelease')}*_Packages*")):
            return True
    return False


def _lists_are_fresh() -> bool:
    """Return whether there are lists of packages that are recent enough."""
    return any(LISTS.glob("*_Packages*")) and time.time() - LISTS.stat().st_mtime <= FRESH


def _install_command(names: Sequence[str], *options: str) -> list[str]:
    """Return the command that installs packages."""
    how = (WAIT, *KEEP, "--quiet", "--yes", "--no-install-recommends", *options)
    return ["/usr/bin/apt-get", *how, "install", "--", *names]


def _leave_out_welcome_page() -> None:
    """Put an empty file in the place of the welcome page of Debian's nginx.

    That page listens on IPv6, so that the package cannot be installed where IPv6 is off. The package keeps a file that
    exists.
    """
    site = Path(NGINX_WELCOME)
    if not site.parent.exists():
        site.parent.mkdir(parents=True)
        site.touch()
