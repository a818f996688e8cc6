"""PostgreSQL and Redis come and go; the application serves what it can, says what it waits for, and recovers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients import https
from tests.integration.services.conftest import Orders

UNITS = {"postgresql": "postgresql.service 'postgresql@*'", "redis": "redis-server.service"}
PROCESSES = {"postgresql": "pkill -{} -u postgres", "redis": "pkill -{} -u redis"}
USES = {"postgresql": "/orders", "redis": "/visits"}


@pytest.mark.parametrize("kind", ["", ".command"])
def test_units_come_after_what_they_need(orders: Orders, kind: str) -> None:
    shown = orders.shown(f"asgi-orders{kind}@{orders.live()}.service", "Wants", "After", "Requires", "BindsTo")
    needs = {"postgresql.service", "redis-server.service"}
    assert needs <= set(shown["Wants"].split())
    assert needs <= set(shown["After"].split())
    assert not needs & {*shown["Requires"].split(), *shown["BindsTo"].split()}


def test_stores_orders_and_counts_visits(orders: Orders) -> None:
    placed = orders.order("tea")
    assert placed.status_code == 201, placed.text
    assert placed.json() in orders.get("/orders").json()
    first, second = (orders.get("/visits").json()["visits"] for _ in range(2))
    assert second == first + 1


def test_logs_in_without_a_password(orders: Orders) -> None:
    """By the socket, as the role with the name of its user: the sandbox does not hide who it is."""
    assert orders.get("/ready").json() == {"status": "ready", "down": []}
    actual = orders.host.run(
        'runuser -u postgres -- psql -Atc "SELECT DISTINCT usename, client_addr IS NULL FROM pg_stat_activity '
        "WHERE datname = 'orders'\""
    )
    assert actual.stdout.strip() == "asgi-orders|t"


@pytest.mark.parametrize("name", sorted(UNITS))
def test_outlives_a_service_that_is_stopped(orders: Orders, name: str) -> None:
    process = orders.process()
    other = next(uses for service, uses in USES.items() if service != name)
    orders.host.run(f"systemctl stop {UNITS[name]}")
    orders.wait(name)
    assert {path: orders.get(path).status_code for path in ("/health", "/version", other, USES[name])} == {
        "/health": 200,
        "/version": 200,
        other: 200,
        USES[name]: 503,
    }
    orders.host.run(f"systemctl start {UNITS[name].split()[0]}")
    orders.wait()
    assert orders.get(USES[name]).status_code == 200
    assert orders.process() == process


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_notices_a_service_that_hangs(orders: Orders, name: str) -> None:
    process = orders.process()
    orders.host.run(PROCESSES[name].format("STOP"))
    try:
        orders.wait(name)
        assert (orders.get("/health").status_code, orders.get("/version").status_code) == (200, 200)
    finally:
        orders.host.run(PROCESSES[name].format("CONT"))
    orders.wait()
    assert orders.process() == process


@pytest.mark.parametrize(
    ("release_command", "reasons"),
    [
        pytest.param(
            "python -m shop.migrate",
            ["its release command failed: its process ended with status 1", "shop.migrate: FileNotFoundError: "],
            id="command",
        ),
        pytest.param(
            None,
            ["GET /ready answered 503 Service Unavailable, expected 200", "postgresql is down: FileNotFoundError: "],
            id="gate",
        ),
    ],
)
def test_refuses_a_release_that_finds_no_database(
    orders: Orders, broken_database: Callable[[], None], release_command: str | None, reasons: list[str]
) -> None:
    live, process = orders.live(), orders.process()
    gate = {"path": "/ready", "status": [200], "timeout": 15}
    try:
        run = orders.deploy(version="v1.1.0", release_command=release_command, gate=gate)
    finally:
        broken_database()
        orders.host.run("systemctl start postgresql.service")
    assert run.status != 0, run.output
    assert [reason for reason in reasons if reason not in run.output] == []
    # Without its database the one that is live does not serve either, and is not said to.
    assert f"{live} is live, but not well: GET /ready answered 503" in run.output
    assert (orders.live(), orders.process()) == (live, process)
    orders.wait()


def test_refuses_needs_that_the_host_does_not_have(orders: Orders) -> None:
    live, releases = orders.live(), orders.releases()
    run = orders.deploy(version="v1.1.0", needs=["postgres.service", "redis-server.service", "mariadb.service"])
    assert run.status != 0, run.output
    assert (
        "orders: needs: found 'postgres.service', which this host does not have; it has postgresql.service"
        in run.output
    )
    assert "needs: found 'mariadb.service', which this host does not have; install what brings it" in run.output
    assert "redis-server" not in run.output
    assert (orders.live(), orders.releases()) == (live, releases)


def test_a_release_starts_what_it_needs(orders: Orders) -> None:
    orders.host.run(f"systemctl stop {UNITS['postgresql']} {UNITS['redis']}")
    orders.deploy(version="v1.1.0").ok()
    orders.wait()
    assert orders.get("/version").json()["version"] == "1.1.0"


def test_comes_back_in_order_after_a_reboot(orders: Orders) -> None:
    """What is needed is started at boot even where it is not enabled, and has started when the application begins."""
    live = orders.live()
    orders.host.run("systemctl disable --quiet redis-server.service")
    try:
        orders.host.reboot()
        answer = https.wait(orders.domain, orders.host.address, orders.ca, "/ready").raise_for_status().json()
    finally:
        orders.host.run("systemctl enable --quiet redis-server.service")
    assert answer == {"status": "ready", "down": []}
    service = orders.shown(f"asgi-orders@{live}.service", "ExecMainStartTimestampMonotonic", "NRestarts")
    assert service["NRestarts"] == "0"
    for unit in ("'postgresql@*.service'", "redis-server.service"):
        started = orders.shown(unit, "ActiveEnterTimestampMonotonic")["ActiveEnterTimestampMonotonic"]
        assert 0 < int(started) <= int(service["ExecMainStartTimestampMonotonic"]), unit
