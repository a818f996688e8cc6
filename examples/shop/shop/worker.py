"""A background process: works on one item after the other, and finishes the one it holds when it is asked to stop.

What it does is written to a file of its name in $HOME, a JSON object a line.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

NAME = os.environ.get("ASGI_PROCESS", "worker")


def log_event(event: str, **more: object) -> None:
    """Add a line to the log; one write, so that lines of several processes do not mix."""
    line = {"at": time.time(), "event": event, "pid": os.getpid(), "release": os.environ.get("ASGI_RELEASE"), **more}
    with Path.home().joinpath(f"{NAME}.log").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def main() -> None:
    """Process items until SIGTERM; SHOP_ITEM_SECONDS is how long an item takes."""
    seconds = float(os.environ.get("SHOP_ITEM_SECONDS", "1"))
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    log_event("start")
    print(f"{NAME} works", flush=True)
    if os.environ.get("SHOP_WORKER_BREAKS") == NAME:
        raise RuntimeError("this worker is broken on purpose")
    number = 0
    while not stopping:
        number += 1
        log_event("take", item=number)
        done = time.monotonic() + seconds
        while time.monotonic() < done:  # a signal does not cut it short
            time.sleep(max(0.0, min(0.1, done - time.monotonic())))
        log_event("done", item=number)
    log_event("stop")


if __name__ == "__main__":
    sys.exit(main())
