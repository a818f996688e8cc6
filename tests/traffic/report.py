"""What came of the traffic: counted while it runs, and summed up when it is over."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .exchange import BrokenError, Kind, Seen

DETAILS = 20


@dataclass(frozen=True)
class Failure:
    """One failed request."""

    at: float
    """Seconds since the traffic began."""
    mode: str
    what: str
    """The kind of failure, with the status if that is what was wrong."""
    reused: bool
    """Whether the connection had carried an answer before."""
    detail: str


@dataclass(frozen=True)
class Release:
    """Who answered, and when, in seconds since the traffic began."""

    version: str
    release: str | None
    first_seen: float
    last_seen: float
    answers: int


@dataclass(frozen=True)
class Mode:
    """The requests of one mode; latencies, in seconds, are of right answers, connecting included."""

    requests: int
    ok: int
    failures: int
    unprocessed: int
    p50: float
    p99: float
    max: float


@dataclass(frozen=True)
class Report:
    """What came of the traffic: every request is ok, a failure, or unprocessed, and counted once."""

    began: float
    """The time of day, in seconds since 1970."""
    seconds: float
    requests: int
    ok: int
    failures: int
    failures_fresh: int
    """Failures on a connection's first request, which includes those of connecting."""
    failures_reused: int
    failures_by: dict[str, int]
    """How many failures of each kind, such as "reset" or "status 502"."""
    unprocessed: int
    """HTTP/2 requests that the server vouched not to have processed, when it closed the connection."""
    connections_opened: int
    """Connections of HTTP; those of WebSockets are not among these three."""
    connections_closed: int
    """Connections that the server closed or reset."""
    connections_closed_idle: int
    """Those of them that were closed before a byte of another request was written, which harms no one."""
    websocket_closed: int
    """WebSockets that ended before the client closed them."""
    websocket_codes: dict[int, int]
    """With which codes they did; 1006 stands for none."""
    modes: dict[str, Mode]
    releases: tuple[Release, ...]
    """In the order in which they appeared."""
    details: tuple[Failure, ...]
    """The first failures."""

    def as_json(self) -> dict[str, Any]:
        """Return plain data, for json.dumps."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Report":
        """Undo as_json."""
        return cls(
            **data
            | {
                "websocket_codes": {int(code): count for code, count in data["websocket_codes"].items()},
                "modes": {name: Mode(**mode) for name, mode in data["modes"].items()},
                "releases": tuple(Release(**release) for release in data["releases"]),
                "details": tuple(Failure(**failure) for failure in data["details"]),
            }
        )

    def __str__(self) -> str:
        """Sum up for a reader, the worst first."""
        lines = [f"{self.requests} requests in {self.seconds:.1f} s, {self.failures} failed"]
        if self.failures:
            lines.append(
                f"  failures: {counts(self.failures_by)}"
                f" ({self.failures_fresh} on fresh, {self.failures_reused} on reused connections)"
            )
            lines += [
                f"    {failure.at:8.3f} s  {failure.mode}  {failure.what}"
                f"  {'reused' if failure.reused else 'fresh'}  {failure.detail}"
                for failure in self.details
            ]
            if self.failures > len(self.details):
                lines.append(f"    and {self.failures - len(self.details)} more")
        lines += [
            f"  {name}: {mode.ok} ok, {mode.failures} failed, {mode.unprocessed} unprocessed;"
            f" p50 {mode.p50 * 1e3:.1f}, p99 {mode.p99 * 1e3:.1f}, max {mode.max * 1e3:.1f} ms"
            for name, mode in self.modes.items()
        ]
        lines.append(
            f"  connections: {self.connections_opened} opened, {self.connections_closed} closed by the server"
            f" ({self.connections_closed_idle} while idle)"
        )
        if self.websocket_closed:
            lines.append(f"  WebSockets closed by the server: {counts(self.websocket_codes)}")
        lines += [
            f"  release {release.release} (version {release.version}): {release.answers} answers,"
            f" {release.first_seen:.3f} to {release.last_seen:.3f} s"
            for release in self.releases
        ]
        return "\n".join(lines)


@dataclass
class Tally:
    """The counts of one mode, while it runs."""

    failures: int = 0
    unprocessed: int = 0
    latencies: list[float] = field(default_factory=list)

    def mode(self) -> Mode:
        """Sum up."""
        latencies = sorted(self.latencies)
        return Mode(
            requests=len(latencies) + self.failures + self.unprocessed,
            ok=len(latencies),
            failures=self.failures,
            unprocessed=self.unprocessed,
            p50=percentile(latencies, 0.5),
            p99=percentile(latencies, 0.99),
            max=percentile(latencies, 1),
        )


class Recorder:
    """Counts, while the traffic runs."""

    def __init__(self, modes: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to count."""
        self._clock, self._start, self._began = clock, clock(), time.time()
        self._modes = {mode: Tally() for mode in modes}
        self._failures = Counter[str]()
        self._reused = 0
        self._details: list[Failure] = []
        self._releases: dict[Seen, Release] = {}
        self._opened = self._closed = self._closed_idle = 0
        self._codes = Counter[int]()

    def ok(self, mode: str, latency: float, seen: Seen) -> None:
        """Count a right answer."""
        self._modes[mode].latencies.append(latency)
        now = self._now()
        last = self._releases.get(seen)
        self._releases[seen] = Release(
            version=seen.version,
            release=seen.release,
            first_seen=last.first_seen if last else now,
            last_seen=now,
            answers=last.answers + 1 if last else 1,
        )

    def failed(self, mode: str, error: BrokenError, *, reused: bool) -> None:
        """Count a failure."""
        self._modes[mode].failures += 1
        self._reused += reused
        what = f"status {error.detail}" if error.kind is Kind.STATUS else str(error.kind)
        self._failures[what] += 1
        if len(self._details) < DETAILS:
            self._details.append(Failure(self._now(), mode, what, reused, error.detail))

    def unprocessed(self, mode: str) -> None:
        """Count a request that the server vouched not to have processed."""
        self._modes[mode].unprocessed += 1

    def opened(self) -> None:
        """Count a connection."""
        self._opened += 1

    def closed(self, *, idle: bool) -> None:
        """Count a connection that the server closed."""
        self._closed += 1
        self._closed_idle += idle

    def websocket_closed(self, code: int) -> None:
        """Count a WebSocket that the server closed."""
        self._codes[code] += 1

    def report(self) -> Report:
        """Sum up."""
        modes = {name: tally.mode() for name, tally in self._modes.items()}
        failures = self._failures.total()
        return Report(
            began=self._began,
            seconds=self._now(),
            requests=sum(mode.requests for mode in modes.values()),
            ok=sum(mode.ok for mode in modes.values()),
            failures=failures,
            failures_fresh=failures - self._reused,
            failures_reused=self._reused,
            failures_by=dict(self._failures.most_common()),
            unprocessed=sum(mode.unprocessed for mode in modes.values()),
            connections_opened=self._opened,
            connections_closed=self._closed,
            connections_closed_idle=self._closed_idle,
            websocket_closed=self._codes.total(),
            websocket_codes=dict(self._codes),
            modes=modes,
            releases=tuple(self._releases.values()),
            details=tuple(self._details),
        )

    def _now(self) -> float:
        return self._clock() - self._start


def percentile(ascending: Sequence[float], share: float) -> float:
    """Return the value that a share of all does not exceed; 0 of none."""
    return ascending[max(0, round(share * len(ascending)) - 1)] if ascending else 0.0


def counts(numbers: dict[str, int] | dict[int, int]) -> str:
    """Count in words: 2 reset, 1 status 502."""
    return ", ".join(f"{count} {name}" for name, count in numbers.items())
