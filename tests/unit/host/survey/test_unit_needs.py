"""Units that an application needs: what is said of those that the host does not have."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.survey.unit_needs import describe_need, similar_units
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd

KNOWN = [
    "-.mount",
    "cron.service",
    "dbus.socket",
    "getty@tty1.service",
    "network-online.target",
    "postgresql.service",
    "postgresql@.service",
    "postgresql@17-main.service",
    "redis-server.service",
    "redis-server@.service",
    "redis-backup.timer",
    "smartcard.target",
    "srv-files.mount",
    "ssh.service",
    "ssh.socket",
]


@pytest.mark.parametrize(
    ("name", "names"),
    [
        pytest.param("postgres.service", ["postgresql.service"], id="short"),
        pytest.param("postgresql-17.service", ["postgresql.service"], id="long"),
        pytest.param("postgersql.service", ["postgresql.service"], id="misspelt"),
        pytest.param("redis.service", ["redis-server.service"], id="part"),
        pytest.param("redis-server.socket", ["redis-server.service"], id="other kind"),
        pytest.param("sshd.service", ["ssh.service", "ssh.socket"], id="two"),
        pytest.param("files.mount", ["srv-files.mount"], id="mount"),
        pytest.param("rabbitmq-server.service", [], id="not similar enough"),
        pytest.param("mariadb.service", [], id="nothing like it"),
        pytest.param("pg.service", [], id="an abbreviation"),
        pytest.param("x.service", [], id="nor does its kind make it similar"),
    ],
)
def test_near(name: str, names: list[str]) -> None:
    assert similar_units(name, KNOWN) == names


def test_near_are_few() -> None:
    assert similar_units("web.service", [f"web-{number}.service" for number in range(9)]) == [
        "web-0.service",
        "web-1.service",
        "web-2.service",
    ]


@pytest.mark.parametrize(
    ("name", "state", "text"),
    [
        pytest.param(
            "postgres.service",
            "not-found",
            "needs: found 'postgres.service', which this host does not have; it has postgresql.service",
            id="misspelt",
        ),
        pytest.param(
            "mariadb.service",
            "not-found",
            "needs: found 'mariadb.service', which this host does not have; "
            "install what brings it before this run, or leave it out",
            id="not installed",
        ),
        pytest.param(
            "cron.service",
            "masked",
            "needs: found 'cron.service', which is masked on this host; run systemctl unmask cron.service, "
            "or leave it out",
            id="masked",
        ),
        pytest.param(
            "cron.service",
            "bad-setting",
            "needs: found 'cron.service', which systemd cannot load on this host (bad-setting); "
            "systemctl status cron.service says why",
            id="broken",
        ),
    ],
)
def test_complaint(name: str, state: str, text: str) -> None:
    assert describe_need(systemd.Unit(name, {"LoadState": state}), KNOWN) == text
