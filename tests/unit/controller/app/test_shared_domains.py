"""Applications that share their domains: the owner of the server, refusals, and their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import shared_domains as sharing
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

Facts = Callable[[str], Any]

DOMAINS = ["shop.example.com", "www.example.com"]


def entry(name: str, path: str | None = None, **options: Any) -> dict[str, Any]:
    site = options.pop("site", {}) | ({} if path is None else {"path": path})
    app = {"name": name, "git": f"https://git.example.com/{name}.git", "module": "a:app", "domains": DOMAINS}
    return {**app, **({"site": site} if site else {}), **options}


SHOP, BLOG, OLD = entry("shop"), entry("blog", "/blog"), entry("old", "/blog/old")


@pytest.mark.parametrize(
    ("app", "apps", "place"),
    [
        (SHOP, [], ("", "shop", True, [])),
        (SHOP, [SHOP], ("", "shop", True, [])),
        (SHOP, [OLD, BLOG, SHOP], ("", "shop", True, ["blog", "old"])),
        (BLOG, [OLD, BLOG, SHOP], ("/blog", "shop", False, ["blog", "old"])),
        (BLOG, [OLD, BLOG], ("/blog", "old", False, ["blog", "old"])),
        (BLOG, [BLOG, OLD], ("/blog", "blog", True, ["blog", "old"])),
        (BLOG, [], ("/blog", "blog", True, ["blog"])),
        (BLOG, [{**SHOP, "state": "absent"}, BLOG], ("/blog", "blog", True, ["blog"])),
        ({**SHOP, "state": "absent"}, [SHOP, BLOG], ("", "shop", True, [])),
        (SHOP, [SHOP, {**BLOG, "domains": ["blog.example.com"]}], ("", "shop", True, [])),
        (SHOP, [SHOP, {**BLOG, "domains": "www.example.com, shop.example.com"}], ("", "shop", True, ["blog"])),
        (SHOP, [SHOP, {**BLOG, "proxy": "none"}, "nonsense", {}], ("", "shop", True, [])),
    ],
)
def test_place_names_the_owner_and_the_applications_below(
    app: dict[str, Any], apps: list[Any], place: tuple[Any, ...]
) -> None:
    assert tuple(sharing.place_of(app, apps).values()) == place


@pytest.mark.parametrize(
    ("apps", "order"),
    [
        ([SHOP, BLOG], ["shop", "blog"]),
        ([BLOG, SHOP], ["shop", "blog"]),
        ([{**SHOP, "state": "absent"}, BLOG], ["blog", "shop"]),
        ([{**SHOP, "state": "absent", "domains": ["a.example"]}, BLOG], ["shop", "blog"]),
        ([{**SHOP, "state": "absent", "proxy": "none"}, BLOG], ["shop", "blog"]),
        # Of an address there is one server at most: who has it now comes after who had it.
        ([{**SHOP, "domains": ["192.0.2.1"]}, {**BLOG, "domains": ["b.example"]}], ["blog", "shop"]),
        (
            [{**SHOP, "domains": ["192.0.2.1"]}, {**OLD, "domains": ["192.0.2.1"], "state": "absent"}],
            ["old", "shop"],
        ),
        ([OLD, {**SHOP, "state": "absent"}, entry("new"), BLOG], ["new", "old", "blog", "shop"]),
    ],
)
def test_owner_comes_before_applications_below_it(apps: list[dict[str, Any]], order: list[str]) -> None:
    assert [app["name"] for app in sharing.in_order(apps)] == order


OWNER = "is of the whole of shop.example.com, whose server is that of asgi_apps[0] (shop); write it there"
REFUSED = [
    ([SHOP, BLOG], []),
    ([SHOP, BLOG, OLD], []),
    ([BLOG, OLD], []),
    ([SHOP, entry("blog", "/blog", domains=[*reversed(DOMAINS)])], []),
    ([SHOP, entry("blog", "/blog", site={"users": {"a": "password"}, "auth": True, "rate": "5/m"})], []),
    ([SHOP, entry("blog", "/blog", gate={"path": "/blog/ready"}, static={"/blog/static/": "public"})], []),
    (
        [SHOP, BLOG, entry("new", "/blog")],
        [
            f"asgi_apps[2]: domain {domain!r} is taken by asgi_apps[1] on the same host; to share it, each expects "
            "a path of its own, as in site: {path: /blog}"
            for domain in DOMAINS
        ],
    ),
    (
        [SHOP, entry("blog", "/blog", domains=["www.example.com"])],
        [
            "asgi_apps[1] (blog).domains: found ['www.example.com']; it shares www.example.com with asgi_apps[0] "
            "(shop), so expected all of its domains: [shop.example.com, www.example.com]"
        ],
    ),
    *(
        ([SHOP, entry("blog", "/blog", site=site)], [f"asgi_apps[1] (blog).site.{option}: {OWNER}"])
        for option, site in {
            "redirect_from": {"redirect_from": ["a.example.com"]},
            "hsts": {"hsts": {"enabled": False}},
            "headers": {"headers": {"X-Frame-Options": "DENY"}},
            "snippet": {"snippet": "gzip on;"},
        }.items()
    ),
    (
        [entry("shop", site={"paths": {"/blog/a": {"timeout": 5}}}), BLOG],
        [
            "asgi_apps[0] (shop).site.paths: found '/blog/a', which is below /blog and so goes to asgi_apps[1] (blog); "
            "write another path, or write it there"
        ],
    ),
    (
        [SHOP, entry("blog", "/blog", static={"/blog/old/": "public"}), OLD],
        [
            "asgi_apps[1] (blog).static: found '/blog/old/', which is below /blog/old and so goes to asgi_apps[2] "
            "(old); write another path, or write it there"
        ],
    ),
    (
        [SHOP, entry("blog", "/blog", health={"liveness": "/alive"})],
        ["asgi_apps[1] (blog).health.liveness: found '/alive', which is not below site.path; write /blog/alive"],
    ),
    (
        [SHOP, entry("blog", "/blog", gate={"path": "/ready?a=b"})],
        ["asgi_apps[1] (blog).gate.path: found '/ready', which is not below site.path; write /blog/ready"],
    ),
    (
        [SHOP, entry("blog", "/blog", site={"redirects": {"/blogs": "/"}})],
        ["asgi_apps[1] (blog).site.redirects: found '/blogs', which is not below site.path; write /blog/blogs"],
    ),
    (
        [SHOP, entry("blog", "/blog", settings={"root_path": "/blog"})],
        ["asgi_apps[1] (blog).settings.root_path: is what site.path says; leave it out"],
    ),
    (
        [entry("shop", static={"/static/": "public"}, health={"readiness": "/static/ready"})],
        [
            "asgi_apps[0] (shop).health.readiness: found '/static/ready', which is below /static/ of static, where "
            "nginx answers by itself"
        ],
    ),
]


@pytest.mark.parametrize(("apps", "errors"), REFUSED)
def test_contradictions_between_applications_are_refused(apps: Any, errors: list[str]) -> None:
    assert inventory_errors({"asgi_apps": apps, "certificate_email": "ops@example.com"}) == errors


def test_only_the_owner_gives_a_certificate() -> None:
    apps: Any = [SHOP, entry("blog", "/blog", tls={"certificate": "a.pem", "key": "a.key"})]
    read = {path: {"content": ""} for path in ("a.pem", "a.key")}
    assert inventory_errors({"asgi_apps": apps, "certificate_email": "ops@example.com"}, read) == [
        f"asgi_apps[1] (blog).tls.{key}: {OWNER}" for key in ("certificate", "key")
    ]


@pytest.mark.parametrize("server", ["gunicorn", "gunicorn-asgi", "uvicorn", "gunicorn-wsgi"])
def test_the_application_gets_its_path(facts: Facts, server: str) -> None:
    plan = app_plan(entry("blog", "/blog", server=server), facts("13"), apps=[SHOP, BLOG])
    assert plan["serving"]["runtime"]["root_path"] == "/blog"
    assert plan["gate"]["path"] == "/blog/"
    assert plan["serving"]["runtime"]["health"]["readiness"] is None
    matches = [location["match"] for location in plan["site"]["locations"]]
    assert matches == ["^~ /blog/", "= /blog"]


def test_beginning_of_an_application_can_be_redirected(facts: Facts) -> None:
    site = app_plan(entry("blog", "/blog", site={"redirects": {"/blog": "/blog/"}}), facts("13"))["site"]
    assert [location["match"] for location in site["locations"]] == ["^~ /blog/"]


def test_plan_has_only_hashes_of_passwords(facts: Facts) -> None:
    plan = app_plan(entry("shop", site={"users": {"ops": "open sesame"}, "auth": True}), facts("13"))
    assert "sesame" not in repr(plan)
    assert plan["site"]["auth_text"].startswith("ops:$6$")
    assert (
        plan["site"]["auth_text"]
        == app_plan(entry("shop", site={"users": {"ops": "open sesame"}, "auth": True}), facts("12"))["site"][
            "auth_text"
        ]
    )


def test_no_application_asks_the_ca_if_the_owner_gives_a_certificate() -> None:
    """With a certificate that is given for all, none does."""
    options, domains = {"certificate": "a.pem", "key": "a.key"}, ["shop.example.com", "*.shop.example.com"]
    apps: Any = [entry("shop", tls=options, domains=domains), entry("blog", "/blog", domains=domains)]
    assert inventory_errors({"asgi_apps": apps}, {path: {"content": ""} for path in options.values()}) == []
