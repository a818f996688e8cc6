"""One measurement each: requests, handshakes and memory, with the CPU time of every part."""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Protocol

from tests import lab

from .host import APPS, Host
from .ways import DOMAIN, Way, ours

VISITORS, MANY, SECONDS = 32, 256, 2
STREAMS = 4  # of HTTP/2, for each visitor
# What else the machine may have had to do, of all its time; a measurement beyond that is taken again.
DISTURBED, PAUSE = 0.12, 3.0
WRK = "wrk -t1 -c{visitors} -d{seconds}s {url}"
H2LOAD = "h2load -t1 -c{visitors} -m{streams} -D{seconds} {url}"
HANDSHAKES = "python3 /srv/guide/handshakes.py {name} {port} {kind} {seconds} 2"
# Both before and after: what the machine did, and each unit; between them the load, with its own time.
SCRIPT = """
look() {{ head -n 1 /proc/stat; for u in {units}; do systemctl show --property=CPUUsageNSec --value "$u"; done; echo; }}
look; TIMEFORMAT="load %U %S"; time {command}; look
"""


@dataclass(frozen=True)
class Sample:
    """A way under load for some seconds; times are in microseconds of CPU for each request."""

    rate: float
    errors: int
    cpu: dict[str, float]
    foreign: float
    """What else took CPU time, of all that there was."""
    resumed: int = 0

    @property
    def server(self) -> float:
        """Return the processor time of all but the load, in seconds."""
        return sum(value for name, value in self.cpu.items() if name != "load")


@dataclass
class Series:
    """A way in all rounds."""

    way: str
    samples: list[Sample] = field(default_factory=list)


class Loaded(Protocol):
    """What has a host of a lab."""

    @property
    def host(self) -> lab.Host:
        """Return the host that serves, and that the load runs on."""
        ...


def requests(host: Loaded, way: Way, visitors: int = VISITORS) -> Sample:
    """Measure requests over HTTP/1.1, on connections that are kept."""
    output, sample = _under(host, way, WRK.format(visitors=visitors, seconds=SECONDS, url=way.url))
    done = _number(r"(\d+) requests in", output)
    errors = sum(int(text) for text in re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", output))
    return sample(done, errors, 0)


def http2(host: Loaded, way: Way) -> Sample:
    """Measure requests over HTTP/2."""
    command = H2LOAD.format(visitors=VISITORS, streams=STREAMS, seconds=SECONDS, url=way.url)
    output, sample = _under(host, way, command)
    if "Application protocol: h2" not in output:
        raise ValueError(output)
    done = _number(r"(\d+) succeeded", output)
    errors = sum(int(text) for text in re.findall(r"(\d+) (?:failed|errored|timeout)", output))
    return sample(done, errors, 0)


def handshakes(host: Loaded, way: Way, kind: str) -> Sample:
    """Measure new connections without a request: `full`, or `resumed` from a session before."""
    name = DOMAIN.format(app=way.app)
    output, sample = _under(host, way, HANDSHAKES.format(name=name, port=way.port, kind=kind, seconds=SECONDS))
    counted = json.loads(re.findall(r"^\{.*\}$", output, re.MULTILINE)[0])
    return sample(counted["handshakes"], counted["errors"], counted["resumed"])


def _under(host: Loaded, way: Way, command: str) -> tuple[str, Callable[[int, int, int], Sample]]:
    """Return what the load printed, and what makes a sample of how many were served."""
    script = SCRIPT.format(units=" ".join(way.units.values()), command=command)
    output = host.host.run("bash -eu 2>&1", stdin=script, timeout=60).stdout
    before, after = (_look(output, number) for number in (0, -1))
    user, system = (float(text) for text in re.findall(r"^load ([\d.]+) ([\d.]+)$", output, re.MULTILINE)[0])
    load = user + system
    spent = [(b - a) / 1e9 for a, b in zip(before[2:], after[2:], strict=True)]
    total, busy = (after[number] - before[number] for number in (0, 1))
    foreign = max(0.0, (busy / 100 - load - sum(spent)) / (total / 100))

    def sample(done: int, errors: int, resumed: int) -> Sample:
        if not done:
            raise ValueError(f"{way.name} served nothing:\n{output}")
        parts = dict(zip(way.units, spent, strict=True)) | {"load": load}
        cpu = {name: round(seconds * 1e6 / done, 2) for name, seconds in parts.items()}
        return Sample(round(done / SECONDS, 1), errors, cpu, round(foreign, 3), resumed)

    return output, sample


def _look(output: str, which: int) -> list[float]:
    """Read the ticks of the machine, all and busy, and the nanoseconds of each unit."""
    block = re.findall(r"^cpu +(.*(?:\n\d+)+)$", output, re.MULTILINE)[which].splitlines()
    ticks = [int(text) for text in block[0].split()[:8]]
    return [sum(ticks), sum(ticks) - ticks[3] - ticks[4], *map(float, block[1:])]


def _number(pattern: str, output: str) -> int:
    result = re.search(pattern, output)
    if not result:
        raise ValueError(output)
    return int(result[1])


@dataclass
class Patience:
    """How many seconds are left, of all, to wait for a machine that has nothing else to do."""

    seconds: float

    def undisturbed(self, take: Callable[[], Sample]) -> Sample:
        """Return the first sample during which that was so; without patience the least disturbed."""
        taken: list[Sample] = []
        while True:
            began = time.monotonic()
            taken.append(take())
            if taken[-1].foreign <= DISTURBED or self.seconds <= 0:
                return min(taken, key=lambda value: value.foreign)
            time.sleep(PAUSE)
            self.seconds -= time.monotonic() - began


def in_turn(rounds: int, ways: Sequence[Way], take: Callable[[Way], Sample], patience: Patience) -> list[Series]:
    """Return all ways in each round, in another order each time; the first measurement of each warms it up and does not
    count.
    """
    series = {way.name: Series(way.name) for way in ways}
    for way in ways:
        take(way)
    for _ in range(rounds):
        for way in random.sample(ways, len(ways)):
            sample = patience.undisturbed(partial(take, way))
            series[way.name].samples.append(sample)
            print(json.dumps({"way": way.name, **asdict(sample)}), file=sys.stderr, flush=True)
    return list(series.values())


def memory(host: Host, rounds: int) -> dict[str, list[float]]:
    """Measure MiB of applications' services in turn: a single one, one that is preloaded, and what a
    further one adds.
    """
    units = {app: ours(app)["application"] for app in APPS}
    result: dict[str, list[float]] = {"one": [], "preloaded": [], "further": []}
    for _ in range(rounds):
        one = _proportional(host, ["fast"], units)
        result["one"].append(one)
        result["preloaded"].append(_proportional(host, ["preloaded"], units))
        result["further"].append(_proportional(host, ["fast", "preloaded"], units) - result["preloaded"][-1])
    host.host.run("systemctl start " + " ".join(_services(host, APPS)))
    return result


def _proportional(host: Host, apps: Sequence[str], units: dict[str, str]) -> float:
    """Return the memory of these, while no other runs: pages that processes share count once."""
    host.host.run(f"systemctl stop {' '.join(repr(one) for one in units.values())}")
    host.host.run(f"systemctl start {' '.join(_services(host, apps))}; sleep 3")
    for app in apps:
        host.host.run(f"wrk -t1 -c{VISITORS} -d{SECONDS}s https://{DOMAIN.format(app=app)}/")
    script = " ".join(f'$(systemctl show --property=ControlGroup --value "{units[app]}")' for app in apps)
    shown = host.host.run(
        f"for g in {script}; do for p in $(cat /sys/fs/cgroup$g/cgroup.procs); do cat /proc/$p/smaps_rollup; done; done"
    ).stdout
    return sum(int(text) for text in re.findall(r"^Pss: +(\d+) kB$", shown, re.MULTILINE)) / 1024


def _services(host: Host, apps: Iterable[str]) -> list[str]:
    """Return the services of their live releases."""
    return [
        f"asgi-{app}@{host.host.run(f'basename $(readlink /srv/asgi/{app}/current)').stdout.strip()}.service"
        for app in apps
    ]
