"""Numbers of all workers, and the application's own that it keeps with prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

# A visitor may send any method; each that is counted by name takes memory for good.
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"}


class Metrics:
    """Counts requests; the unit's PROMETHEUS_MULTIPROC_DIR is where the workers' counts meet."""

    def __init__(self) -> None:
        labels = ("method", "status")
        self._requests = Counter("asgi_requests", "Requests that were answered.", labels)
        self._seconds = Histogram("asgi_request_duration_seconds", "Time to the end of the answer.", ("method",))
        self._open = Gauge("asgi_requests_in_progress", "Requests under way.", multiprocess_mode="livesum")

    def begin(self) -> None:
        self._open.inc()

    def end(self, method: str, status: int | None, seconds: float) -> None:
        method = method if method in _METHODS else "OTHER"
        self._open.dec()
        self._requests.labels(method, str(status or 0)).inc()
        if method != "WEBSOCKET":  # which lasts as long as its visitor stays
            self._seconds.labels(method).observe(seconds)

    def text(self) -> tuple[str, bytes]:
        """The content type and the text of all workers' numbers."""
        registry = CollectorRegistry()
        _Workers(registry)  # type: ignore[no-untyped-call]
        return CONTENT_TYPE_LATEST, generate_latest(registry)


class _Workers(MultiProcessCollector):
    """Leaves out files that are empty: a worker that starts is just making one, or was killed when it did."""

    def collect(self) -> Iterable[Metric]:
        files = [str(path) for path in Path(self._path).glob("*.db") if _size(path)]
        found: Iterable[Metric] = self.merge(files, accumulate=True)  # type: ignore[no-untyped-call]
        return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # its worker has ended meanwhile
        return 0


def forget(process: int) -> None:
    """Takes a worker that has ended out of what is under way."""
    mark_process_dead(process)  # type: ignore[no-untyped-call]
