"""Metrics of all workers, and those that the application itself keeps with prometheus_client."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

# A visitor may send any method, and each method that is counted by name uses memory for good.
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"}

# A value, and when it was set.
_Number = tuple[float, float]
# By the kind of file, how a number of an ended worker is combined with that of another one.
_TOGETHER: dict[str, Callable[[_Number, _Number], _Number]] = {
    **dict.fromkeys(
        ("counter", "histogram", "summary", "gauge_sum"), lambda first, second: (first[0] + second[0], 0.0)
    ),
    "gauge_min": min,
    "gauge_max": max,
    "gauge_mostrecent": lambda first, second: max(first, second, key=lambda number: number[1]),
}
_ended: set[int] = set()


class Metrics:
    """Counters of requests; the workers share them in PROMETHEUS_MULTIPROC_DIR of the unit."""

    def __init__(self) -> None:
        labels = ("method", "status")
        self._requests = Counter("asgi_requests", "Requests that were answered.", labels)
        self._seconds = Histogram("asgi_request_duration_seconds", "Time to the end of the answer.", ("method",))
        self._open = Gauge("asgi_requests_in_progress", "Requests under way.", multiprocess_mode="livesum")

    def begin(self) -> None:
        """Count a request that begins."""
        self._open.inc()

    def end(self, method: str, status: int | None, seconds: float) -> None:
        """Count a request that has ended.

        Args:
            method: of the request.
            status: of the answer; None without one.
            seconds: to the end of the answer.
        """
        method = method if method in _METHODS else "OTHER"
        self._open.dec()
        self._requests.labels(method, str(status or 0)).inc()
        if method != "WEBSOCKET":  # it lasts as long as its visitor stays
            self._seconds.labels(method).observe(seconds)

    def text(self) -> tuple[str, bytes]:
        """Return the content type and the text of all workers' metrics."""
        registry = CollectorRegistry()
        _Workers(registry)  # type: ignore[no-untyped-call]
        with _locked(fcntl.LOCK_SH):
            return CONTENT_TYPE_LATEST, generate_latest(registry)


class _Workers(MultiProcessCollector):
    """A collector that leaves out empty files: a worker that starts is creating one, or was killed when it did."""

    def collect(self) -> Iterable[Metric]:
        files = [str(path) for path in Path(self._path).glob("*.db") if _size(path)]
        metrics: Iterable[Metric] = self.merge(files, accumulate=True)  # type: ignore[no-untyped-call]
        return metrics


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # its worker has ended
        return 0


def forget(process: int) -> None:
    """Remove an ended worker's requests under way, and add its other numbers to those of all ended workers."""
    mark_process_dead(process)  # type: ignore[no-untyped-call]
    _ended.add(process)
    try:
        # The caller supervises the workers, and must not wait for one that reads.
        with _locked(fcntl.LOCK_EX | fcntl.LOCK_NB):
            while _ended:
                _add_to_ended(_ended.pop())
    except (
        OSError
    ):  # another process reads, and the next end is early enough; or the disk is full, which must stop nothing
        return


@contextmanager
def _locked(how: int) -> Iterator[None]:
    """Hold a lock: while the numbers of a worker are added to others, they are in both places or in none."""
    with Path(os.environ["PROMETHEUS_MULTIPROC_DIR"], "lock").open("a") as file:
        fcntl.flock(file, how)
        yield


def _add_to_ended(process: int) -> None:
    for file in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob(f"*_{process}.db"):
        kind = file.name.removesuffix(f"_{process}.db")
        if kind in _TOGETHER and _size(file):
            _merge(file, file.with_name(f"{kind}_0.db"), _TOGETHER[kind])  # there is no process 0
        if kind in _TOGETHER or kind == "gauge_all":  # it has a value for each process
            file.unlink()


def _merge(file: Path, into: Path, together: Callable[[_Number, _Number], _Number]) -> None:
    total = MmapedDict(str(into))  # type: ignore[no-untyped-call]
    known = {key: (value, stamp) for key, value, stamp in total.read_all_values()}  # type: ignore[no-untyped-call]
    for key, value, stamp, *_place in MmapedDict.read_all_values_from_file(str(file)):  # type: ignore[no-untyped-call]
        number = together(known[key], (value, stamp)) if key in known else (value, stamp)
        total.write_value(key, *number)  # type: ignore[no-untyped-call]
    total.close()  # type: ignore[no-untyped-call]
