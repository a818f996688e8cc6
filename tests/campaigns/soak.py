"""A long day of one site: switches, reloads, renewals, recycling and kills under the traffic of two clients."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tests.bench.servers.__main__ import render
from tests.campaigns.foreign import PACKAGES, Foreign, capacity
from tests.campaigns.soak_report import DATA, Row, Soak, table
from tests.integration import hosts
from tests.integration.certificates.site import RENEWAL
from tests.integration.conftest import Web, web
from tests.lab.packages import ensure
from tests.traffic import Traffic

MIX = {"get": 2, "new": 1, "post": 2, "http2": 1, "websocket": 1, "pause": 0.05}
HALF = 0.4  # of what the host can answer: both clients stay below a half of it
CAPACITY_SECONDS = 4
WAY_BACK = 5  # every so many switches
WORKERS = "pgrep --parent $(systemctl show --property=MainPID --value asgi-{app}@{live}.service)"
OLD_WORKERS = "pgrep --full 'nginx: worker process is shutting [d]own'"  # not the shell that has this pattern
# On the host: waits until so many workers have come that were not there.
RECYCLED = """
import subprocess, sys, time
main, count = sys.argv[1], int(sys.argv[2])
def workers():
    return set(subprocess.run(["pgrep", "--parent", main], capture_output=True, text=True).stdout.split())
seen, ends = workers(), time.monotonic() + 60 * count
began = len(seen)
while len(seen) < began + count and time.monotonic() < ends:
    seen |= workers()
    time.sleep(0.1)
print(len(seen) - began)
"""


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    switches: int = 2
    reloads: int = 2
    renewals: int = 2
    recyclings: int = 2
    kills: int = 2
    requests: int = 5_000  # of the foreign client, at least
    pace: float = 200  # its requests a second, at most

    @property
    def calm(self) -> list[str]:
        """Return the events but recycling, which has an application of its own: each kind spread over the whole."""
        counts = {"switch": self.switches, "reload": self.reloads, "renewal": self.renewals, "kill": self.kills}
        places = [((number + 0.5) / count, kind) for kind, count in counts.items() for number in range(count)]
        return [kind for _place, kind in sorted(places)]


SMALL = Size()
LONG = Size(switches=50, reloads=20, renewals=10, recyclings=20, kills=10, requests=2_000_000, pace=1500)


class Campaign:
    """One campaign on one site."""

    def __init__(self, site: Web, size: Size) -> None:
        self.site, self.size = site, size
        self.rows: dict[str, Row] = {}
        self.released = 0

    def run(self) -> None:
        """Run all events, with the requests spread between them."""
        events = self.size.calm
        for number, kind in enumerate(events, start=1):
            if number == (len(events) + 1) // 2 and self.size.recyclings:
                self.recycle(self.size.recyclings)
            with self.segment(kind):
                getattr(self, kind)()
            self.fill(self.size.requests * number / len(events))
            progress = f"{number} of {len(events)}: {kind}; {self.site.live()} serves"
            print(f"{time.strftime('%H:%M:%S')}  {progress}", flush=True)

    @contextmanager
    def segment(self, kind: str, times: int = 1) -> Iterator[None]:
        """Run both clients while a block runs; what came of them is counted for its kind of event."""
        site = self.site
        own = Traffic(site.url, connect=site.host.address, ca=site.ca, seconds=4 * 3600, **MIX)
        with own, Foreign(site.host.address, site.domain, self.size.pace) as foreign:
            yield
        result, report = foreign.counts, own.report
        reasons = {**result.reasons, **{f"tests.traffic: {what}": count for what, count in report.failures_by.items()}}
        row = Row(times, result.requests, dict(result.lost), reasons=reasons)
        row.own_requests, row.own_lost, row.websockets_cut = report.requests, report.failures, report.websocket_closed
        self.rows.setdefault(kind, Row()).add(row)

    def fill(self, requests: float) -> None:
        """Send what is missing of so many requests while nothing happens."""
        missing = requests - sum(row.requests for row in self.rows.values())
        if missing > 0:
            with self.segment("none"):
                time.sleep(missing / self.size.pace)

    def switch(self) -> None:
        """Make a release that was never there before; every so often roll back."""
        before = self.site.live()
        if self.released % WAY_BACK == WAY_BACK - 1:
            self.released += 1
            hosts.playbook(f"--limit={self.site.host.name}", name="rollback").ok()
        else:
            self.release()
        self.site.drained()
        assert self.site.live() != before, "a switch that led nowhere"

    def release(self, **changes: object) -> None:
        self.released += 1
        version = ("v1.0.0", "v1.1.0")[self.released % 2]
        variables = hosts.only(self.site.domain, version=version, env={"RUN": str(time.time_ns())}, **changes)
        hosts.playbook("--extra-vars", variables, f"--limit={self.site.host.name}").ok()

    def reload(self) -> None:
        self.site.host.run("systemctl reload nginx")
        self._old_workers_end()

    def renewal(self) -> None:
        """Renew the certificate as the timer does when it expires soon."""
        conf, setting = f"/var/lib/asgi-deploy/certbot/renewal/{self.site.app}.conf", "renew_before_expiry = 3650 days"
        shown = (
            f"openssl s_client -connect 127.0.0.1:443 -servername {self.site.domain} </dev/null 2>/dev/null | "
            "openssl x509 -noout -serial"
        )
        before = self.site.host.run(shown).stdout
        self.site.host.run(f"grep -q '^{setting}' {conf} || sed -i '1i {setting}' {conf}")
        self.site.host.run(f"systemctl start {RENEWAL}", timeout=300)
        assert self.site.host.run(shown).stdout != before, "the same certificate as before"
        self._old_workers_end()

    def kill(self) -> None:
        workers = WORKERS.format(app=self.site.app, live=self.site.live())
        count = len(self.site.host.run(workers).stdout.split())
        self.site.host.run(f"kill -KILL $({workers} | head -n 1)")
        self._until(f"test $({workers} | wc -l) -eq {count}")

    def recycle(self, count: int) -> None:
        """Make a release that recycles its workers, then one without, so that no other event has a worker that ends."""
        self.rows.setdefault("recycling", Row())
        with self.segment("recycling", times=0):
            self.release(settings={"max_requests": max(200, int(self.size.pace * 2))})
            self.site.drained()
            main = f"$(systemctl show --property=MainPID --value asgi-{self.site.app}@{self.site.live()}.service)"
            done = self.site.host.run(f"python3 - {main} {count}", stdin=RECYCLED, timeout=60 * count + 60).stdout
            self.release()
            self.site.drained()
        assert int(done) >= count, f"{done} workers of {count} were recycled"
        self.rows["recycling"].times += int(done)

    def _old_workers_end(self) -> None:
        self._until(f"! {OLD_WORKERS}")

    def _until(self, command: str) -> None:
        """Wait, also for what a WebSocket holds up."""
        self.site.host.run(f"for n in $(seq 600); do ( {command} ) && exit; sleep 0.2; done; exit 1", timeout=180)


def versions(site: Web) -> dict[str, str]:
    """Return the host's system, and its programs that visitors meet."""
    python = f"/srv/asgi/{site.app}/current/venv/bin/python"
    code = "from importlib.metadata import version as v; print(*(f'{n}={v(n)}' for n in ('gunicorn', 'uvicorn')))"
    named = site.host.run(f'{python} -c "{code}"').stdout.split()
    nginx = site.host.run("nginx -v 2>&1").stdout.strip().rpartition("/")[2]
    system = site.host.run("cat /etc/debian_version").stdout.strip()
    return {"Debian": system, "nginx": nginx.split()[0], **dict(item.split("=") for item in named)}


def soak(site: Web, size: Size) -> Soak:
    """Run a campaign on a site that serves, at less than half the pace that its host can sustain."""
    ensure(PACKAGES)
    most = capacity(site.host.address, site.domain, CAPACITY_SECONDS)
    size = replace(size, pace=min(size.pace, HALF * most))
    print(f"{most:.0f} requests a second at most; {size.pace:.0f} are sent", flush=True)
    began = time.time()
    campaign = Campaign(site, size)
    campaign.run()
    return Soak(began, time.time() - began, versions(site), most, size.pace, campaign.rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.soak", description=__doc__)
    parser.add_argument("--long", action="store_true", help="two million requests over 110 events, not a few of each")
    parser.add_argument("--write", action="store_true", help="the same, and its table and date into docs/servers.md")
    options = parser.parse_args()
    hosts.up(["release"])
    try:
        hosts.playbook("--limit=web1").ok()
        result = soak(web("web1"), LONG if options.long or options.write else SMALL)
    finally:
        hosts.down()
    print("\n".join(["", *table(result)]))
    total = result.total
    for reason, count in sorted(total.reasons.items()):
        print(f"{count} times {reason}")
    print(f"\n{total.requests + total.own_requests:,} requests in {result.seconds / 60:.0f} minutes", flush=True)
    if options.write:
        DATA.write_text(json.dumps(result.plain(), indent=1) + "\n")
        render()
    for failure in result.failures:
        print(f"FAILED {failure}", flush=True)
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
