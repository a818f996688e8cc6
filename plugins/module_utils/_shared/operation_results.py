"""The shapes of what operations return: a release, a rollback, a restart and changes of state."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import SourceSummary, TrustedKey


class SourceResult(TypedDict):
    """The source of a release, as results contain it.

    Attributes:
        source: where the code comes from; empty if it could not be resolved.
        commit: of git; None if the code does not come from git.
        trusted_at_first_use: keys of git servers that the host trusts because it saw them first.
    """

    source: SourceSummary
    commit: str | None
    trusted_at_first_use: list[TrustedKey]


class RunResult(TypedDict):
    """What the results of a release and of a rollback have in common.

    Attributes:
        changed: whether anything changed on the host.
        before: the release that served before; None if none did.
        steps: seconds that each step took, by its name.
        warnings: what the user must know although it succeeded.
    """

    changed: bool
    before: str | None
    steps: dict[str, float]
    warnings: NotRequired[list[str]]


class RollbackOutcome(RunResult):
    """The result of a rollback.

    Attributes:
        release: the release that serves.
    """

    release: str


class ReleaseResult(RunResult):
    """The result of a release.

    Attributes:
        release: the release that serves; None where it is not known.
        source: where the code comes from; empty if it could not be resolved.
        commit: of git; None if the code does not come from git.
        trusted_at_first_use: keys of git servers that the host trusts because it saw them first.
        stopped: since when and by whom the application is stopped; None if it is not.
    """

    release: str | None
    source: NotRequired[SourceSummary]
    commit: NotRequired[str | None]
    trusted_at_first_use: NotRequired[list[TrustedKey]]
    stopped: NotRequired[str | None]


class StateResult(TypedDict):
    """The result of pausing, resuming, stopping or starting an application.

    Attributes:
        changed: whether anything changed on the host.
        release: the live release.
    """

    changed: bool
    release: str


class RestartResult(TypedDict):
    """The result of a restart.

    Attributes:
        release: the live release.
        seconds: how long it took.
    """

    release: str
    seconds: float
