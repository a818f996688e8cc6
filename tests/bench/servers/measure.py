"""One measurement each: failures while something happens, and requests per second."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.traffic import Report, Traffic

from .host import NAME, Host
from .variants import Variant

CLIENTS = {"get": 6, "new": 4, "post": 8, "http2": 1, "websocket": 2}
PAUSE = 0.02
SPARSE, SPARSE_PAUSE = {"post": 40}, 1.0
CONNECTIONS = 32
WARM_UP, SECONDS = 1, 4


@dataclass(frozen=True)
class Loss:
    """What an operation cost the visitors."""

    variant: str
    operation: str
    requests: int
    failures: int
    by: dict[str, int]
    by_mode: dict[str, int]
    websockets_closed: int
    max_seconds: float
    done: dict[str, Any]
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Speed:
    """Requests per second in one round."""

    variant: str
    rate: float
    errors: int


def loss(host: Host, variant: Variant, operation: str) -> Loss:
    """Visit while it happens."""
    clients, pause = (SPARSE, SPARSE_PAUSE) if operation == "sparse" else (CLIENTS, PAUSE)
    with Traffic(f"https://{NAME}", connect=host.address, ca=host.ca, seconds=40, pause=pause, **clients) as traffic:
        time.sleep(0.5)
        done = host.operate(operation, variant)
        # Connections that were about to be closed show it now.
        time.sleep(0.5)
    return summary(variant, operation, traffic.report, done)


def summary(variant: Variant, operation: str, report: Report, done: dict[str, Any]) -> Loss:
    """Return what of the report is compared."""
    return Loss(
        variant=variant.name,
        operation=operation,
        requests=report.requests,
        failures=report.failures,
        by=report.failures_by,
        by_mode={name: mode.failures for name, mode in report.modes.items() if mode.failures},
        websockets_closed=report.websocket_closed,
        max_seconds=round(max(mode.max for mode in report.modes.values()), 2),
        done=done,
        details=[f"{item.at:.2f} {item.mode} {item.what} {item.detail}" for item in report.details[:5]],
    )


def speed(host: Host, variant: Variant) -> Speed:
    """Load it from the controller over TLS, on connections that are kept."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"https://{host.address}/version"]
    for duration in (WARM_UP, SECONDS):
        output = subprocess.run([*command, f"-d{duration}s"], check=True, capture_output=True, text=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    errors = [int(number) for number in re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", output)]
    if not rate:
        raise ValueError(output)
    return Speed(variant.name, float(rate[1]), sum(errors))


def plain(one: Loss | Speed) -> dict[str, Any]:
    """Return plain data."""
    return asdict(one)
