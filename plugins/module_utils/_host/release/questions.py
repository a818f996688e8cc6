"""Repeated requests to a release on its own socket, while visitors' answers do not show which release gave them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

ANSWER_SECONDS = 5.0
_AT_ONCE = 12  # with two requests a second, a release that does not answer has ten open ones

# Sends one request, and returns what is wrong with the answer, or None. Its argument returns why no answer is needed
# any more, or None.
Ask = Callable[[Callable[[], "str | None"]], "str | None"]


class Questions:
    """Requests to a release, sent without waiting for earlier answers.

    Attributes:
        answers: how many answers came.
        failures: what was wrong with those that failed.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._over = Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._open: list[Future[str | None]] = []
        self.answers = 0
        self.failures: list[str] = []

    def next(self) -> None:
        """Send one more request, and count the answers that have come."""
        done, self._open = ([each for each in self._open if each.done() is finished] for finished in (True, False))
        results = [each.result() for each in done]
        self.answers += len(results)
        self.failures += [text for text in results if text]
        if len(self._open) < _AT_ONCE:
            self._open.append(self._pool.submit(self._ask, self._given_up))

    def close(self) -> None:
        """Give up waiting for answers."""
        self._over.set()
        self._pool.shutdown(cancel_futures=True)

    def _given_up(self) -> str | None:
        return "the watch is over" if self._over.is_set() else None
