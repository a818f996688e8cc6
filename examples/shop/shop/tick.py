"""A scheduled job: adds a line to ticks.log in $HOME."""

import os
import time
from pathlib import Path


def main() -> None:
    """Run once, for SHOP_TICK_SECONDS."""
    line = f"{time.time()} {os.environ.get('ASGI_RELEASE')} {os.environ.get('ASGI_JOB')}"
    with Path.home().joinpath("ticks.log").open("a", encoding="utf-8") as file:
        file.write(f"{line} begin\n")
        file.flush()
        time.sleep(float(os.environ.get("SHOP_TICK_SECONDS", "0")))
        file.write(f"{line} end\n")


if __name__ == "__main__":
    main()
