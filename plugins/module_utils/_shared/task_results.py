"""Shapes of the results of tasks on a host, as their modules document them in RETURN.

A task that fails returns only `failed` and `msg`; see `tasks/results.py`.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import (
    ApplicationStatus,
    Attempt,
    LiveState,
    ReleaseSummary,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.host_state import (
    HostStatus,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import (
    CertificateStatus,
    Difference,
    ReplacedState,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_results import (
    ReleaseResult,
    RollbackOutcome,
)


class TaskResult(TypedDict, total=False):
    """What the result of every task may have.

    Attributes:
        changed: whether anything changed on the host, or would in check mode.
        failed: true if the task failed.
        msg: why it failed, or what it did.
        warnings: what the user must know although it succeeded.
    """

    changed: bool
    failed: bool
    msg: str
    warnings: list[str]


class FilesResult(TaskResult, total=False):
    """The result of applying files.

    Attributes:
        paths: of files that differed.
        units: units that did not run or did not start at boot.
        users: users that were created, or got their shell and groups back.
        diff: the differences.
    """

    paths: list[str]
    units: list[str]
    users: list[str]
    diff: list[Difference]


class InstallResult(TaskResult, total=False):
    """The result of installing packages and virtual environments."""

    diff: Difference


class CertificateResult(TaskResult, total=False):
    """The result of obtaining a certificate.

    Attributes:
        problem: why the CA gave none; None or absent if it gave one, or none was requested.
    """

    problem: str | None


class HardenResult(TaskResult, total=False):
    """The result of hardening a host.

    Attributes:
        check_mode: whether nothing was changed.
        parts: names of what differed.
        diff: the differences.
        on_trial: whether a new connection has to confirm the changes.
        fixed: kernel parameters that differ and cannot be set on this host.
        reboot_required: whether an upgrade waits for a reboot.
        replaced: what runs libraries that an upgrade has replaced: applications by their names, and nginx.
    """

    check_mode: bool
    parts: list[str]
    diff: list[Difference]
    on_trial: bool
    fixed: list[str]
    reboot_required: bool
    replaced: dict[str, ReplacedState]


class CommandResult(TaskResult, total=False):
    """The result of a command of an application.

    Attributes:
        rc: its exit status.
        stdout: its standard output.
        stderr: its standard error.
        lines: both, as lines for a terminal.
        release: the release that it ran in.
    """

    rc: int
    stdout: str
    stderr: str
    lines: list[str]
    release: str


class LogsResult(TaskResult, total=False):
    """What an application has logged.

    Attributes:
        lines: the oldest first.
        cursor: the place in the journal where they end.
    """

    lines: list[str]
    cursor: str | None


class StatusResult(TaskResult, total=False):
    """The status of a host, its applications and its certificates, each by its name."""

    applications: dict[str, ApplicationStatus]
    certificates: dict[str, CertificateStatus]
    host: HostStatus


class ReleaseTaskResult(ReleaseResult, total=False):
    """The result of a release and of its certificate; in check mode it has the keys of a prediction as well.

    Attributes:
        health: what is wrong with the live release's answer; empty when nothing is. Only in check mode.
        failed: true if either failed.
        msg: why.
        diff: which release serves, before and after.
        certificate: what came of the certificate.
    """

    health: str
    failed: bool
    msg: str
    diff: Difference
    certificate: CertificateSummary


class ReleaseInfoResult(LiveState):
    """What a host has of an application.

    Attributes:
        changed: always false.
        releases: by their names.
        packages: versions of what is installed in the live release's environment, by name.
        tools: versions of the collection's programs on the host, by name.
        deploys: the last attempts of the audit trail.
    """

    changed: bool
    releases: dict[str, ReleaseSummary]
    packages: dict[str, str]
    tools: dict[str, str]
    deploys: list[Attempt]


class RollbackResult(RollbackOutcome):
    """The result of a rollback.

    Attributes:
        diff: which release serves, before and after.
    """

    diff: Difference


class CertificateSummary(TypedDict):
    """What came of a certificate, next to a release."""

    changed: NotRequired[bool]
    problem: NotRequired[str | None]


class RestartTaskResult(TaskResult, total=False):
    """The result of a restart.

    Attributes:
        release: the live release.
        seconds: how long it took; absent in check mode.
    """

    release: str
    seconds: float
