"""Questions to a release on its own socket, while visitors' answers do not tell which release they came from."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

ANSWER_SECONDS = 5.0
_AT_ONCE = 12  # asked twice a second, one that does not answer has ten open questions

# Asks once, and tells what is wrong with the answer, or nothing. What it is given tells that no answer is needed now.
Ask = Callable[[Callable[[], "str | None"]], "str | None"]


class Questions:
    """Ask a release again and again, without waiting for one answer before the next question."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._over = Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._open: list[Future[str | None]] = []
        self.answers = 0
        self.wrong: list[str] = []

    def next(self) -> None:
        """Ask once more, and take the answers that have come."""
        done, self._open = ([one for one in self._open if one.done() is finished] for finished in (True, False))
        said = [one.result() for one in done]
        self.answers += len(said)
        self.wrong += [text for text in said if text]
        if len(self._open) < _AT_ONCE:
            self._open.append(self._pool.submit(self._ask, self._given_up))

    def close(self) -> None:
        """Wait for no answer any more."""
        self._over.set()
        self._pool.shutdown(cancel_futures=True)

    def _given_up(self) -> str | None:
        return "the watch is over" if self._over.is_set() else None
