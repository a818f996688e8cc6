"""Ports that go from applications to nginx, and the other way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import TO_SERVICE, TO_SOCKETS
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import moves
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.moves import Application

GOES_LIVE = {"left": ["live", "watched"]}
STOPPED = {"left": [], "stopped": "stopped since today"}
LIVE: dict[str, Any] = {"left": []}


DRIFT = {"site": "/etc/nginx/asgi/sites/shop.conf", "public.socket": "/etc/systemd/system/asgi-shop.public.socket"}


def behind(
    name: str = "shop", release: Any = GOES_LIVE, state: str = "present", drift: tuple[str, ...] = ()
) -> Application:
    plan: Any = {"name": name, "state": state, "direct": None, "tls": {"port": 443}}
    return Application(plan, {"drift": [DRIFT[item] for item in drift]}, release)


def direct(
    name: str = "shop",
    release: Any = GOES_LIVE,
    port: int = 443,
    servers: tuple[str, ...] = ("shop",),
    drift: tuple[str, ...] = (),
) -> Application:
    plan: Any = {"name": name, "state": "present", "direct": {"tls": {}}, "tls": {"port": port}}
    owners = {"443": "nginx"} if port == 443 else {}
    return Application(
        plan, {"port_owners": owners, "nginx_servers": list(servers), "drift": [DRIFT[item] for item in drift]}, release
    )


OWN = {"443": "asgi-shop.public.socket"}


@pytest.mark.parametrize(
    ("apps", "nginx", "goes_to", "staying", "held"),
    [
        ([behind()], OWN, {"shop": TO_SERVICE}, [], [443]),
        ([behind(release=LIVE)], OWN, {"shop": TO_SERVICE}, [], [443]),
        ([behind()], {"443": "gunicorn"}, {}, [], []),
        ([behind()], {"80": "nginx", "443": "asgi-blog.public.socket"}, {}, [], []),
        ([behind(release=STOPPED)], OWN, {}, ["shop"], [443]),
        ([behind(state="absent")], OWN, {}, [], []),
        ([direct()], {}, {"shop": TO_SOCKETS}, [], []),
        ([direct(port=8443)], {}, {}, [], []),
        ([direct(release=LIVE)], {}, {}, [], []),
        ([direct(release=STOPPED)], {}, {}, ["shop"], []),
        ([direct(servers=("shop", "blog")), behind("blog", state="absent")], {}, {"shop": TO_SOCKETS}, [], []),
        ([direct(servers=("shop", "blog")), direct("blog", port=8443)], {}, {"shop": TO_SOCKETS}, [], []),
    ],
)
def test_who_gets_the_port(
    apps: list[Application], nginx: Mapping[str, str], goes_to: Any, staying: list[str], held: list[int]
) -> None:
    actual = moves.decide(apps, nginx)
    assert (actual.goes_to, actual.staying, actual.held, actual.refusals) == (goes_to, staying, held, {})


@pytest.mark.parametrize(
    ("apps", "nginx", "text"),
    [
        (
            [direct(servers=("shop", "blog", "/etc/nginx/conf.d/own.conf"))],
            {},
            "port 443 is nginx's, which serves blog, /etc/nginx/conf.d/own.conf there as well; write another tls.port, "
            "or move these first",
        ),
        (
            [direct(servers=("blog",)), direct("blog", STOPPED, 8443)],
            {},
            "port 443 is nginx's, which serves blog there as well; write another tls.port, or move these first",
        ),
        (
            [behind(release=STOPPED), behind("blog")],
            OWN,
            "is stopped, and has port 443, which nginx needs for blog; start it by the playbook start, and run again",
        ),
    ],
)
def test_who_cannot_move(apps: list[Application], nginx: Mapping[str, str], text: str) -> None:
    actual = moves.decide(apps, nginx)
    assert actual.refusals == {"shop": text}
    assert "shop" not in actual.settled


@pytest.mark.parametrize(
    ("app", "ahead"),
    [
        (behind(), False),
        (behind(release={"before": "v1-1a"}, drift=("public.socket",)), True),
        (behind(release={"before": "v1-1a"}, drift=("site",)), False),
        (behind(release={"before": "v1-1a", "stopped": "since noon"}, drift=("public.socket",)), False),
        (behind(release={"before": None}, drift=("public.socket",)), False),
        (direct(release={"before": "v1-1a"}, port=8443, drift=("site",)), True),
        (direct(release={"before": "v1-1a"}, port=8443, drift=("public.socket",)), True),
        (direct(release={"before": "v1-1a"}, port=8443), False),
    ],
)
def test_ports_are_opened_before_who_changes_its_own(app: Application, ahead: bool) -> None:
    assert moves.decide([app], {}).ahead is ahead


def test_two_that_want_ports_of_nginx_are_refused_both() -> None:
    apps = [direct(servers=("shop", "blog")), direct("blog", servers=("shop", "blog"))]
    assert set(moves.decide(apps, {}).refusals) == {"shop", "blog"}


def test_who_takes_a_port_comes_last() -> None:
    actual = moves.PortMoves({"shop": TO_SOCKETS, "blog": TO_SERVICE})
    assert moves.in_order(["shop", "blog", "wiki"], actual) == ["blog", "wiki", "shop"]
