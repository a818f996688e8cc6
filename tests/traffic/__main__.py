"""The command line: python -m tests.traffic --url https://shop.example.test --get 8 --post 4."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import get_args, get_type_hints

from .load import Load
from .report import Report
from .run import run


def parser() -> argparse.ArgumentParser:
    """Return every field of `Load` is an option."""
    options = argparse.ArgumentParser(prog="python -m tests.traffic", description=__doc__)
    hints = get_type_hints(Load, include_extras=True)
    for field in fields(Load):
        kind, text = get_args(hints[field.name])
        options.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=kind if isinstance(kind, type) else str,
            required=field.default is MISSING,
            default=None if field.default is MISSING else field.default,
            metavar=getattr(kind, "__name__", "str").upper(),
            help=text if field.default in (MISSING, None) else f"{text} (%(default)s)",
        )
    options.add_argument("--json", action="store_true", help="print the report as JSON")
    options.add_argument(
        "--until-eof",
        action="store_true",
        help="stop when the input ends; say when all is under way",
    )
    return options


async def send(load: Load, *, until_eof: bool) -> Report:
    """Send the traffic; Ctrl-C, SIGTERM and the input's end stop it, and the report comes all the same."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if not until_eof:
        return await run(load, stop)
    loop.add_reader(sys.stdin, stop.set)  # Nothing is ever written to it: it is readable when it has ended.
    try:
        return await run(load, stop, lambda: print("under way", flush=True))
    finally:
        loop.remove_reader(sys.stdin)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; fail if a request failed."""
    options = parser()
    settings = vars(options.parse_args(arguments))
    as_json, until_eof = settings.pop("json"), settings.pop("until_eof")
    try:
        load = Load(**settings)
    except ValueError as error:
        options.error(str(error))
    report = asyncio.run(send(load, until_eof=until_eof))
    print(json.dumps(report.as_json()) if as_json else report)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
