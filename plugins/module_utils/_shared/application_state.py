"""Shapes of what a host records of an application, and of what it reports.

Times are seconds of the epoch, and memory is in bytes, unless a field says otherwise.
"""

from __future__ import annotations

from typing import TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import (
    SourceSummary,
    TrustedKey,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import (
    ClosingEntry,
    GateEntry,
    WatchEntry,
)


class GateRecord(GateEntry):
    """The gate of a release as it is recorded.

    Attributes:
        host: the host name in requests.
    """

    host: str


class SettingsDetails(TypedDict, total=False):
    """The part of `SettingsRecord` that older versions did not record, or not all of it."""

    worker_count: int
    workers_reason: str
    sandbox: dict[str, Json]
    plain_transports: list[str]
    known_hosts: bool
    closing: ClosingEntry | None
    exclusive: bool


class SettingsRecord(SettingsDetails):
    """The settings of a release as they are recorded: see `ReleaseSettings`."""

    gate: GateRecord
    watch: WatchEntry
    keep: int


class ReleaseRecord(TypedDict, total=False):
    """The record of a release, `release.json` in its directory. It is empty until the release is complete.

    Attributes:
        source: where its code comes from.
        commit: of git; None if the code does not come from git.
        wheelhouse: SHA-256 of the archive of wheels that was shipped, if one was.
        version: of the source.
        venv: the name of its virtual environment.
        requirements: the file of its source that lists what the application needs.
        unpinned: requirements of the server that were installed without a hash.
        python: the name of its interpreter, if that came from a mirror.
        state_in_memory: distributions that keep state of visitors in the memory of a worker.
        states: when each state was last reached.
        seal: a digest of its encrypted secrets.
        settings: how it is put live.
        previous: the release to go back to; None if there is none.
        failed: why it failed; None if it did not.
        damaged: what is damaged.
    """

    source: SourceSummary
    commit: str | None
    wheelhouse: str | None
    version: str
    venv: str
    requirements: str
    unpinned: list[str]
    python: str
    state_in_memory: list[str]
    states: dict[str, float]
    seal: str
    settings: SettingsRecord
    previous: str | None
    failed: str | None
    damaged: list[str]


class CommandRun(TypedDict, total=False):
    """A release command that was begun.

    Attributes:
        command: as the user wrote it, without secrets.
        started: when it began.
        ended: when it ended; missing while it goes on, or if no one saw it.
        result: how it ended, in words; missing as well.
    """

    command: str
    started: float
    ended: float
    result: str


Attempt = TypedDict(
    "Attempt",
    {
        "id": str,
        "by": str,
        "started": float,
        "ended": "float | None",
        "result": str,
        "reason": str,
        "process": str,
        "unit": str,
        "from": "str | None",
        "to": "str | None",
        "serves": "str | None",
        "steps": "dict[str, float]",
        "commands": "list[CommandRun]",
        "version": str,
        "urgent": bool,
        "rollback": bool,
        "finishes": str,
        "exec": str,
        "release": str,
        "status": int,
        "restart": str,
        "pause": str,
        "resume": str,
        "stop": str,
        "start": str,
        "remove": str,
    },
    total=False,
)
"""An attempt to change something, as a line of the audit trail.

Keys:
    id: the same in both lines of an attempt.
    by: who began the run.
    started: when it began.
    ended: when it ended; None if no one saw it, or if it goes on.
    result: live, failed, ended (cut off), or another word or sentence.
    reason: why it failed.
    process: the process of the run. Only in the file.
    unit: the unit that its command runs in. Only in the file.
    from: the release that served before. Of a release or a rollback, as what follows.
    to: the release that had to serve.
    serves: the release that served in the end.
    steps: seconds that each step took, by its name.
    commands: its release commands, in their order. A line with its id has them whenever one begins or ends.
    version: what was requested.
    urgent: whether the release was not watched.
    rollback: whether it was a rollback.
    finishes: the id of the attempt that was cut off and is completed by this one.
    exec: the command, without secrets. Of a command, as what follows.
    release: the release in which it ran.
    status: its exit status.
    restart, pause, resume, stop, start: the release that this was done to.
    remove: the application that was removed.
"""


class DamageReport(TypedDict):
    """What of the releases is not as it was built.

    Attributes:
        damage: what only another build repairs, by release.
        loose: what differs only in owner or mode, as texts; a run repairs it in place.
        unrecorded: releases without a manifest.
    """

    damage: dict[str, list[str]]
    loose: list[str]
    unrecorded: list[str]


class ServiceState(TypedDict, total=False):
    """How a service is; empty if nothing is live.

    Attributes:
        state: as systemd shows it, such as active (running).
        restarts: how often systemd restarted it.
        failed: why it failed for good, as a text; empty if it did not.
    """

    state: str
    restarts: int
    failed: str


class ProcessState(ServiceState):
    """How a background process is.

    Attributes:
        memory: bytes that it uses.
    """

    memory: int


class JobState(TypedDict):
    """How a job is.

    Attributes:
        state: of its timer, as systemd shows it.
        next: when it runs next, as systemd writes it.
        last: when it last began, as systemd writes it.
        result: how its last run ended, as systemd names it.
    """

    state: str
    next: str | None
    last: str | None
    result: str | None


class BackgroundState(TypedDict):
    """How the background processes and jobs of a release are, each by its name."""

    processes: dict[str, ProcessState]
    jobs: dict[str, JobState]


class SettingsSummary(TypedDict):
    """The settings of the live release that status shows.

    Attributes:
        worker_count: how many workers it runs.
        workers_reason: why it runs that many.
        sandbox: options of the sandbox that differ from their defaults.
        plain_transports: what is fetched without encryption.
        trusted_at_first_use: keys of git servers that the host trusts because it saw them first.
    """

    worker_count: int
    workers_reason: str
    sandbox: dict[str, Json]
    plain_transports: list[str]
    trusted_at_first_use: list[TrustedKey]


class LiveDetails(TypedDict):
    """How the live release is.

    Attributes:
        live: its name; None if nothing is live.
        health: what is wrong with its answer; empty when nothing is.
        workers: how many processes its service has.
        memory: bytes that its service uses.
        service: how its service is.
        dependencies: the file that it was built from; empty if its record does not say.
        unpinned: requirements of the server that were installed without a hash.
    """

    live: str | None
    health: str
    workers: int
    memory: int
    service: ServiceState
    dependencies: str
    unpinned: list[str]


class LiveState(BackgroundState, SettingsSummary, LiveDetails):
    """The live release of an application, with its background units and settings."""


class MetadataState(TypedDict):
    """How the cloud's metadata service is closed.

    Attributes:
        loaded: whether its rules are in the kernel; None if there are none.
        told: who tried to reach it nevertheless, as texts.
    """

    loaded: bool | None
    told: list[str]


class ApplicationStatus(BackgroundState, SettingsSummary, LiveDetails, DamageReport):
    """The status of an application on a host.

    Attributes:
        version: of the live release; None if nothing is live, as with what follows.
        commit: of the live release.
        since: when the live release went live.
        maintenance: whether visitors see the maintenance page.
        paused: whether requests wait.
        stopped: since when and by whom it is stopped, as a text; None if it is not.
        draining: releases that finish their last requests.
        metadata: how the cloud's metadata service is closed.
        deploys: the last attempts of the audit trail.
        lost_records: how many records its journal did not keep in the last 24 hours, by log.burst.
    """

    version: str | None
    commit: str | None
    since: float | None
    maintenance: bool
    paused: bool
    stopped: str | None
    draining: list[str]
    lost_records: int
    metadata: MetadataState
    deploys: list[Attempt]


class ReleaseSummary(TypedDict):
    """A release on a host, by its record and what runs: see `ReleaseRecord`; a key that its record lacks is None.

    Attributes:
        running: whether its server is loaded.
        damage: what is damaged.
    """

    commit: str | None
    source: SourceSummary | None
    version: str | None
    states: dict[str, float] | None
    previous: str | None
    failed: str | None
    running: bool
    damage: list[str]
