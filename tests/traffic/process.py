"""Traffic in a process of its own, so that it and its caller do not slow each other."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests import ROOT

from .load import Load
from .report import Report


class TrafficError(Exception):
    """The traffic does not cover what it should: no statement about the requests."""


class Traffic:
    """Traffic while a block runs; then `report` has the result.

    The block begins when every client has had its first outcome; `seconds` bounds a block that hangs.
    """

    report: Report

    def __init__(
        self,
        url: str,
        *,
        seconds: float = 300,
        ca: str | Path | None = None,
        **options: Any,
    ) -> None:
        """Take the options of `Load`."""
        self.load = Load(url=url, seconds=seconds, ca=str(Path(ca).resolve()) if ca else None, **options)

    def __enter__(self) -> Self:
        """Begin."""
        self._began = time.monotonic()
        # Its end of file stops the traffic, so that it cannot outlive this process, however that ends.
        self._process = subprocess.Popen(
            [sys.executable, "-m", __package__, "--json", "--until-eof", *arguments(self.load)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        if not self._read(line=True):
            raise TrafficError(f"the traffic did not begin: it ended with {self._process.wait()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, and take in the report."""
        lasted = time.monotonic() - self._began
        if self._process.stdin:
            self._process.stdin.close()
        output = self._read()
        code = self._process.wait()
        if output:
            self.report = Report.from_json(json.loads(output))
        if error:
            error.add_note(f"The traffic at that time: {self.report if output else 'no report'}")
        elif not output:
            raise TrafficError(f"the traffic ended with {code} and without a report")
        elif lasted > self.load.seconds:
            raise TrafficError(f"the block took {lasted:.0f} s, the traffic only {self.load.seconds:.0f} s")

    def _read(self, *, line: bool = False) -> str:
        """Read what the process prints, for a limited time."""
        # Longer than the process itself waits for what is in flight.
        limit = self.load.seconds * line + 2 * self.load.timeout + 10
        killer = threading.Timer(limit, self._process.kill)
        killer.start()
        try:
            output = self._process.stdout
            if not output:
                return ""
            return output.readline() if line else output.read()
        finally:
            killer.cancel()


def arguments(load: Load) -> list[str]:
    """Return a load as the command line's arguments."""
    values = {field.name: getattr(load, field.name) for field in fields(load)}
    return [f"--{name.replace('_', '-')}={value}" for name, value in values.items() if value is not None]
