"""The overview of a fleet: its table, and a sentence for each problem."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.fleet import Overview, overview

NOW = 1_000_000.0
DEPLOY = {"to": "v2-0a1b2c3d", "result": "live", "by": "ops", "started": NOW - 7230, "ended": NOW - 7200}


def app(**changes: Any) -> dict[str, Any]:
    return {
        "live": "v2-0a1b2c3d",
        "health": "",
        "version": "v2",
        "commit": "0123456789abcdef",
        "since": NOW - 7200,
        "worker_count": 3,
        "memory": 100 * 2**20,
        "service": {"state": "active (running)", "restarts": 0, "failed": ""},
        "maintenance": False,
        "paused": False,
        "stopped": None,
        "draining": [],
        "dependencies": "uv.lock",
        "unpinned": [],
        "processes": {},
        "jobs": {},
        "metadata": {"loaded": True, "told": []},
        "lost_records": 0,
        "plain_transports": [],
        "damage": {},
        "loose": [],
        "deploys": [DEPLOY],
        **changes,
    }


def certificate(**changes: Any) -> dict[str, Any]:
    return {"name": "shop", "source": "acme", "days_left": 41.9, "last": {"ok": True, "text": "ok"}, **changes}


def seen(
    certificates: dict[str, Any] | None = None,
    free: int = 50 * 2**30,
    firewall: bool | None = True,
    replaced: dict[str, Any] | None = None,
    **changes: Any,
) -> Overview:
    host: dict[str, Any] = {"now": NOW, "memory_available": 2**30, "memory_total": 2**31}
    host |= {"disk_free": free, "disk_total": 100 * 2**30, "firewall": firewall}
    host |= {"replaced": replaced or {}, "restart": {"mode": "window", "at": "04:00"}}
    result: Any = {"applications": {"shop": app(**changes)}, "certificates": certificates or {}, "host": host}
    return overview({"web1": result})


def test_damage_is_shown_with_what_is_done_about_it() -> None:
    actual = seen(
        {"shop": certificate()},
        damage={"v2-0a1b2c3d": ["src/main.py was changed"], "v1-1a2b3c4d": ["environment: it is missing"]},
        loose=["/srv/asgi/shop has mode 0777 instead of 0755"],
    )
    assert actual.notes == [
        "web1: shop: release v2-0a1b2c3d is damaged (src/main.py was changed); site builds it again",
        "web1: shop: release v1-1a2b3c4d is damaged (environment: it is missing); a rollback passes over it",
        "web1: shop: /srv/asgi/shop has mode 0777 instead of 0755",
    ]


def test_what_runs_replaced_libraries_says_since_when_and_until_when() -> None:
    many = [f"/usr/lib/lib{name}.so" for name in "abcde"]
    actual = seen(
        {"shop": certificate()},
        replaced={
            "shop": {"files": ["/usr/lib/x86_64-linux-gnu/libssl.so.3"], "since": NOW},
            "nginx": {"files": many, "since": None},
        },
    )
    assert actual.notes == [
        "web1: shop: libraries replaced since 1970-01-12 13:46 UTC (libssl.so.3), restart at 04:00",
        "web1: nginx: libraries replaced (liba.so, libb.so, libc.so, 2 more), restart at 04:00",
    ]


def test_all_is_well() -> None:
    actual = seen({"shop": certificate()}, processes={"queue-1": {"state": "active (running)", "memory": 2**20}})
    assert actual.notes == []
    assert actual.rows == [
        {
            "host": "web1",
            "application": "shop",
            "state": "ok",
            "release": "v2-0a1b2c3d",
            "commit": "0123456789",
            "since": "2 h",
            "workers": "3",
            "memory": "101 MiB",
            "restarts": "0",
            "certificate": "42 d",
            "disk free": "50 GiB",
            "last deploy": "release 2 h ago by ops",
        }
    ]
    assert len(actual.lines()) == 2


@pytest.mark.parametrize(
    ("changes", "state", "notes"),
    [
        ({"health": "GET /ready answered 503"}, "unwell", ["web1: shop: GET /ready answered 503"]),
        (
            {
                "health": "no process listens",
                "service": {"state": "failed (failed)", "restarts": 600, "failed": "it failed"},
            },
            "unwell",
            ["web1: shop: it failed", "web1: shop: no process listens"],
        ),
        (
            {"plain_transports": ["git http://git.example.com/shop.git"]},
            "ok",
            [
                "web1: shop: git http://git.example.com/shop.git is not protected on its way, as "
                "insecure_transport: true allows"
            ],
        ),
        ({"maintenance": True}, "maintenance", []),
        ({"paused": True, "processes": {"queue-1": {"state": "inactive (dead)", "memory": 0}}}, "paused", []),
        ({"draining": ["v1-1", "v0-2"]}, "ok, 2 draining", []),
        (
            {"unpinned": ["gunicorn==26.0.0", "uvicorn"]},
            "ok",
            ["web1: shop: server_requirements: gunicorn==26.0.0, uvicorn came without a hash that was checked"],
        ),
        ({"live": None, "deploys": []}, "not live", ["web1: shop: no release is live"]),
        (
            {"live": None, "deploys": [{**DEPLOY, "result": "failed", "reason": "its gate"}]},
            "not live",
            ["web1: shop: no release is live", "web1: shop: the last deploy failed: its gate"],
        ),
        (
            {"processes": {"queue-1": {"state": "failed (failed)", "memory": 0}}},
            "ok",
            ["web1: shop: process queue-1 is failed (failed)"],
        ),
        (
            {"jobs": {"tidy": {"result": "exit-code"}}},
            "ok",
            ["web1: shop: job tidy ended with exit-code when it last ran"],
        ),
        (
            {"deploys": [{**DEPLOY, "result": "failed", "reason": "its gate"}, {"exec": "ls", "result": "ended well"}]},
            "ok",
            ["web1: shop: the last deploy failed: its gate"],
        ),
        (
            {"deploys": [{**DEPLOY, "result": "ended", "ended": None}]},
            "ok",
            ["web1: shop: the last deploy was cut off, by ops; the next run of site does what is left"],
        ),
        ({"deploys": [{**DEPLOY, "result": "running", "ended": None}]}, "ok", []),
        ({"free": 2**30}, "ok", ["web1: 1.0 GiB of 100 GiB are free where releases are"]),
        ({"firewall": None}, "ok", []),
        ({"metadata": {"loaded": None, "told": []}}, "ok", []),
        (
            {"lost_records": 19_000},
            "ok",
            [
                "web1: shop: 19,000 records that it logged in the last 24 hours were not kept, as there were more than "
                "log.burst in ten seconds; logs shows when"
            ],
        ),
        (
            {"live": None, "deploys": [], "metadata": {"loaded": True, "told": ["It asked."]}},
            "not live",
            ["web1: shop: no release is live", "web1: shop: It asked."],
        ),
        ({"metadata": {"loaded": True, "told": ["It asked."]}}, "ok", ["web1: shop: It asked."]),
        (
            {"metadata": {"loaded": False, "told": []}},
            "ok",
            [
                "web1: shop: its rules that close the cloud's metadata service are not as they were loaded; "
                "run site again, or systemctl restart asgi-metadata@shop on the host"
            ],
        ),
        (
            {"firewall": False},
            "ok",
            [
                "web1: its firewall's rules are not as they were loaded; run site again, or "
                "systemctl restart asgi-firewall on the host"
            ],
        ),
        (
            {"certificates": {"shop": certificate(days_left=3.5)}},
            "ok",
            ["web1: shop: its certificate ends in 3.5 days"],
        ),
        (
            {"certificates": {"shop": certificate(last={"ok": False, "text": "shop: the CA is down"})}},
            "ok",
            ["web1: shop: its certificate: shop: the CA is down"],
        ),
        (
            {"certificates": {"shop": certificate(source="stand-in")}},
            "ok",
            [
                "web1: shop: its certificate is a stand-in that no browser trusts; "
                "run site again when the CA can be reached"
            ],
        ),
        ({"certificates": {"shop": certificate(days_left=None)}}, "ok", ["web1: shop: it has no certificate"]),
    ],
)
def test_states(changes: dict[str, Any], state: str, notes: list[str]) -> None:
    actual = seen(**changes)
    assert actual.rows[0]["state"] == state
    assert actual.notes == notes
    assert notes == [] or actual.lines()[-len(notes) :] == notes


def test_a_first_release_that_failed_is_shown() -> None:
    deploy = {**DEPLOY, "result": "failed", "reason": "its gate"}
    assert seen(live=None, deploys=[deploy]).rows[0]["last deploy"] == "release failed 2 h ago by ops"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"result": "ended", "ended": None}, "release cut off since 2 h by ops"),
        ({"result": "ended"}, "release cut off 2 h ago by ops"),
        ({"result": "running", "ended": None, "started": NOW - 7}, "release at work since 7 s by ops"),
    ],
)
def test_an_attempt_without_an_end_is_shown(changes: dict[str, Any], text: str) -> None:
    assert seen(deploys=[{**DEPLOY, **changes}]).rows[0]["last deploy"] == text


def test_a_rollback_is_shown_as_one() -> None:
    assert seen(deploys=[{**DEPLOY, "rollback": True}]).rows[0]["last deploy"] == "rollback 2 h ago by ops"


def test_a_host_that_does_not_answer() -> None:
    actual = overview({"web9": None})
    assert actual.rows[0]["state"] == "no answer"
    assert actual.notes == ["web9: did not answer; the run's output says why"]


def test_what_is_stopped_is_not_unwell() -> None:
    output = "stopped since 2026-11-30 11:20:05 UTC by ada"
    down = {"state": "inactive (dead)", "memory": 0}
    actual = seen({"shop": certificate()}, stopped=output, maintenance=True, processes={"queue-1": down})
    assert actual.rows[0]["state"] == "stopped"
    assert actual.notes == [f"web1: shop: {output}"]
