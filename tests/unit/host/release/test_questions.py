"""Questions that wait for no answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.questions import Questions


def until(true: Callable[[], bool], questions: Questions) -> None:
    for _try in range(1000):
        questions.next()
        if true():
            return
        time.sleep(0.01)
    raise AssertionError(f"{questions.answers} answers, {questions.failures}")


def test_answers_are_counted() -> None:
    output = iter([None, "GET /ready failed", *[None] * 10_000])
    questions = Questions(lambda _given_up: next(output))
    until(lambda: questions.answers >= 3, questions)
    questions.close()
    assert questions.failures == ["GET /ready failed"]


def test_open_questions_are_bounded_and_given_up() -> None:
    lock, most, now = threading.Lock(), [0], [0]

    def ask(given_up: Callable[[], str | None]) -> str | None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        while not given_up():
            time.sleep(0.01)
        return given_up()

    questions = Questions(ask)
    for _number in range(50):
        questions.next()
    began = time.monotonic()
    questions.close()
    assert time.monotonic() - began < 10
    assert (questions.answers, most[0] <= 12) == (0, True)
