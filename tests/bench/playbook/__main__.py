"""The command line: build hosts, measure, and write docs/speed.md with its numbers."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.clients import https
from tests.demo import versions
from tests.integration.deploy.test_runs import ROUND_TRIPS
from tests.lab import Host, Lab, LabError

from .measure import Cost, Series, cost, in_turn, ratios
from .report import charts, markdown

HOME = ROOT / ".cache" / "bench"
PAGE, DATA = ROOT / "docs" / "speed.md", ROOT / "docs" / "benchmarks" / "playbook.json"
PLAIN_PLAYBOOK = Path(__file__).with_name("files") / "plain.yml"
CALLBACKS = Path(__file__).with_name("callbacks")
OURS, PLAIN = "ours1", "plain1"
BARE = 6  # pairs of bare hosts for the first run; the first, which fills caches of the lab, is not counted
SSH = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]


Profile = list[tuple[str, float]]


class Bench:
    """The lab's hosts, and what is run against them."""

    def __init__(self, more_hosts: int) -> None:
        self.lab = Lab("bench")
        self.more = [f"ours{number}" for number in range(2, more_hosts + 1)]
        # For each pair ours, and one for apt and uv.
        self.bare = [(ours, f"floor{number}") for number, ours in enumerate([OURS, *self.more][:BARE], 1)]
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir(parents=True)
        self.lab.up(dict.fromkeys((OURS, PLAIN, *self.more, *(floor for _ours, floor in self.bare)), "trixie"), print)
        self.lab.acme_up(step=print)
        names = [(f"app{number}.{host}.bench.test", host) for host in (OURS, *self.more) for number in range(10)]
        self.lab.set_dns(dict(names))
        repository = self.lab.repository("shop", HOME / "shop")
        versions(repository)
        self.repository = repository.url
        (HOME / "hosts.yml").write_text(self.lab.inventory())

    def site(self, *hosts: str, apps: int = 1, environment: Mapping[str, str] | None = None, **changes: Any) -> Cost:
        """Return a run of the playbook site."""
        entries = [
            {
                "name": f"app{number}",
                "git": self.repository,
                "version": "v1.0.0",
                "module": "shop.main:app",
                "domains": [f"app{number}.{{{{ inventory_hostname }}}}.bench.test"],
                "gate": {"path": "/ready"},
                "workers": 1,
                **changes,
            }
            for number in range(apps)
        ]
        inventory = {
            "asgi": {
                "hosts": dict.fromkeys(hosts),
                "vars": {
                    "certificate_email": "ops@example.com",
                    "certificate_directory": self.lab.acme_directory,
                    "certificate_ca_file": str(self.lab.acme_https_ca),
                    "asgi_apps": entries,
                },
            }
        }
        (HOME / "site.json").write_text(json.dumps(inventory))
        inventories = [f"--inventory={HOME / name}" for name in ("hosts.yml", "site.json")]
        forks = f"--forks={max(5, len(hosts))}"
        return cost([program("ansible-playbook"), "asgi.deploy.site", forks, *inventories], **(environment or {}))

    def profiled(self, host: str, **changes: Any) -> tuple[Cost, Profile]:
        """Return a run, and what each task of it takes, in seconds."""
        file = HOME / "durations.json"
        callbacks = {"ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": "durations"}
        spent = self.site(host, environment={**callbacks, "BENCH_DURATIONS": str(file)}, **changes)
        took: Profile = [(name, seconds) for name, seconds in json.loads(file.read_text())]
        rest = spent.wall - sum(seconds for _name, seconds in took)
        return spent, [("Python and Ansible, loaded and ended", rest), *took]

    def plain(self) -> Cost:
        """Return a run of the tasks written the usual way."""
        argv = [program("ansible-playbook"), str(PLAIN_PLAYBOOK), f"--inventory={HOME / 'hosts.yml'}"]
        return cost([*argv, f"--limit={PLAIN}", "--extra-vars", json.dumps({"repository": self.repository})])

    def round_trips(self) -> Cost:
        """Measure as many commands over one connection as a run that changes nothing sends, each the start of a
        Python.
        """
        host = self.lab.host(OURS)
        shared = ["-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-o", f"ControlPath={HOME}/%C"]
        ssh = ["ssh", *SSH, *shared, "-i", str(self.lab.key), f"admin@{host.address}", "sudo", "python3", "-c", "pass"]
        command = " ".join(ssh)
        return cost(["sh", "-c", " && ".join([command] * ROUND_TRIPS)])


def program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def first_runs(bench: Bench) -> dict[str, Any]:
    """Measure first runs from a bare host to HTTPS, and apt and uv by themselves with the same packages on another
    host.
    """
    series, apt, profiles, number = (Series("ours"), Series("served"), Series("floor")), [], [], 0
    for pair, (ours, floor) in enumerate(bench.bare):
        before = packages(bench.lab.host(ours))
        visitor = Visitor(bench.lab, ours)
        spent, profile = bench.profiled(ours)
        served = Cost(visitor.answered(), 0, 0)
        installed = sorted(packages(bench.lab.host(ours)) - before)
        apt_took, took = apt_and_uv(bench.lab.host(ours), bench.lab.host(floor), installed)
        if pair == 0:
            continue
        for one, wall in zip(series, (spent, served, Cost(took, 0, 0)), strict=True):
            one.costs.append(wall)
        apt.append(apt_took)
        profiles.append(profile)
        number = len(installed)
    return {
        "series": [asdict(item) for item in series],
        "ratio": ratios(series[0], series[2]),
        "served": ratios(series[1], series[2]),
        "apt": statistics.median(apt),
        "packages": number,
        "profile": typical(profiles),
    }


class Visitor(threading.Thread):
    """A visitor who asks the first application of a host until it answers over HTTPS."""

    def __init__(self, lab: Lab, host: str) -> None:
        super().__init__(daemon=True)
        self._where = (f"app0.{host}.bench.test", lab.host(host).address, lab.acme_root)
        self._took: float | None = None
        self.start()

    def run(self) -> None:
        began = time.monotonic()
        https.wait(*self._where, "/version", seconds=600).raise_for_status()
        self._took = time.monotonic() - began

    def answered(self) -> float:
        """Return seconds from the beginning to the answer; raises LabError when there was none."""
        self.join(60)
        if self._took is None:
            raise LabError(f"{self._where[0]} does not answer")
        return self._took


def apt_and_uv(ours: Host, floor: Host, names: list[str]) -> tuple[float, float]:
    """Return what apt takes, and apt and uv together, to install what is on the other host, in seconds."""
    plans = {
        "/opt/asgi/certbot": frozen(ours, "/opt/asgi/certbot"),
        "/opt/venv": frozen(ours, "/srv/asgi/app0/current/venv"),
    }
    uv = uv_version(ours)
    began = time.monotonic()
    apt = "DEBIAN_FRONTEND=noninteractive apt-get"
    floor.run(f"{apt} update -q && {apt} install -qy --no-install-recommends {' '.join(names)}", timeout=900)
    apt_took = time.monotonic() - began
    floor.run("python3 -m venv /opt/uv && /opt/uv/bin/pip install -q uv==$(cat)", stdin=uv, timeout=300)
    for venv, requirements in plans.items():
        script = (
            f"/opt/uv/bin/uv venv -q {venv} && /opt/uv/bin/uv pip install -q --no-deps --python {venv}/bin/python -r -"
        )
        floor.run(script, stdin=requirements, timeout=600)
    return apt_took, time.monotonic() - began


def typical(profiles: list[Profile]) -> Profile:
    """Return the medians of each task's seconds, in runs of the same tasks."""
    return [
        (steps[0][0], statistics.median(seconds for _name, seconds in steps)) for steps in zip(*profiles, strict=True)
    ]


def packages(host: Host) -> set[str]:
    """Return what is installed."""
    shown = host.run("dpkg-query --show --showformat='${db:Status-Status} ${Package}\\n'").stdout.splitlines()
    return {line.split()[1] for line in shown if line.startswith("installed ")}


def frozen(host: Host, venv: str) -> str:
    """Return what a virtual environment holds, but for the application itself."""
    text = host.run(f"/opt/asgi/uv-*/bin/uv pip freeze --python {venv}/bin/python").stdout
    return "".join(f"{line}\n" for line in text.splitlines() if "==" in line)


def uv_version(host: Host) -> str:
    return host.run("/opt/asgi/uv-*/bin/uv --version").stdout.split()[1]


def releases(bench: Bench, rounds: int) -> dict[str, Any]:
    """Measure new releases with warm caches: the run, and the steps that the host recorded."""
    series, steps, profiles = Series("release"), [], []
    for number in range(rounds):
        spent, profile = bench.profiled(OURS, env={"RUN": f"{number}-{time.time_ns()}"})
        series.costs.append(spent)
        profiles.append(profile)
        last = bench.lab.host(OURS).run("tail -n 1 /srv/asgi/app0/deploys.jsonl").stdout
        steps.append(json.loads(last)["steps"])
    return {"series": asdict(series), "steps": steps, "profile": typical(profiles)}


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.bench.playbook", description=__doc__)
    options.add_argument("--rounds", type=int, default=5, help="of each pair (%(default)s)")
    options.add_argument("--hosts", type=int, default=10, help="for what many of them cost (%(default)s)")
    options.add_argument("--apps", type=int, default=10, help="on one host (%(default)s)")
    options.add_argument("--write", action="store_true", help=f"write {PAGE.name} and {DATA.name}")
    options.add_argument("--render", action="store_true", help=f"only write {PAGE.name} again from {DATA.name}")
    arguments = options.parse_args()
    if arguments.hosts < 2:
        options.error("--hosts: expected 2 at least, as the first pair of bare hosts is not counted")
    if arguments.render:
        write(json.loads(DATA.read_text()))
        return 0
    began = time.monotonic()
    bench = Bench(arguments.hosts)
    try:
        results: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "rounds": arguments.rounds, **machine()}
        print("the first run", flush=True)
        results["first"] = first_runs(bench)
        print(results["first"], flush=True)
        bench.plain()
        print("runs that change nothing", flush=True)
        ours, plain, floor = in_turn(
            arguments.rounds, ours=lambda: bench.site(OURS), plain=bench.plain, round_trips=bench.round_trips
        )
        profiles = [bench.profiled(OURS)[1] for _round in range(arguments.rounds)]
        results["nothing"] = {
            "round trips": ROUND_TRIPS,
            "profile": typical(profiles),
            "series": [asdict(item) for item in (ours, plain, floor)],
            "against plain": ratios(ours, plain),
            "against round trips": ratios(ours, floor),
        }
        print("releases", flush=True)
        results["release"] = releases(bench, arguments.rounds)
        print("many applications", flush=True)
        bench.site(OURS, apps=arguments.apps)
        one, many = in_turn(
            arguments.rounds,
            one=lambda: bench.site(OURS),
            many=lambda: bench.site(OURS, apps=arguments.apps),
        )
        results["apps"] = {"number": arguments.apps, "series": [asdict(one), asdict(many)], "ratio": ratios(many, one)}
        print("many hosts", flush=True)
        everybody = (OURS, *bench.more)
        bench.site(*everybody)
        one, many = in_turn(arguments.rounds, one=lambda: bench.site(OURS), many=lambda: bench.site(*everybody))
        results["hosts"] = {
            "number": arguments.hosts,
            "series": [asdict(one), asdict(many)],
            "ratio": ratios(many, one),
        }
        results["minutes"] = round((time.monotonic() - began) / 60, 1)
    finally:
        bench.lab.down(print)
    if arguments.write:
        DATA.write_text(json.dumps(results, indent=1) + "\n")
        write(results)
    print(markdown(results))
    return 0


def write(results: dict[str, Any]) -> None:
    """Write the page and its plots."""
    PAGE.write_text(markdown(results))
    for name, text in charts(results).items():
        (DATA.parent / name).write_text(text)


def machine() -> dict[str, Any]:
    """Return what it was measured on."""
    processor = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    count = sum(line.startswith("processor") for line in Path("/proc/cpuinfo").read_text().splitlines())
    return {
        "processor": processor.split(":")[1].strip(),
        "processors": count,
        "python": sys.version.split()[0],
        "ansible_core": metadata.version("ansible-core"),
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"error: {error}")
