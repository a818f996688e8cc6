"""Sites of applications that share a server."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import files as files_app
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan

Facts = Callable[[str], Any]
Variable = Callable[..., Any]
Text = Callable[[str, str], str]

APPS: dict[str, dict[str, Any]] = {
    "shop": {"site": {"paths": {"/login": {"rate": "5/m"}}}},
    "blog": {
        "site": {"path": "/blog", "maintenance_allow": ["192.0.2.0/24"], "redirects": {"/blog/old": "/blog/new"}},
        "static": {"/blog/static/": "public"},
        "health": {"liveness": "/blog/alive", "metrics": "/blog/metrics"},
    },
    "news": {"site": {"path": "/blog/news.old"}},
}


@pytest.fixture
def text(spec: dict[str, Any], facts: Facts) -> Text:
    """Return what a file of an application says on a host with some of these; nothing where it is not to be."""

    def of(apps: str, path: str) -> str:
        specs = {name: {**spec, "name": name, **APPS[name]} for name in apps.split()}
        app = specs[path.rsplit("/", 1)[1].removesuffix(".conf")]
        plan = app_plan(app, facts("13"), apps=list(specs.values()))
        (result,) = (item for item in files_app.site_files(plan) if item["path"] == path)
        return str(result["content"]) if result["state"] == "file" else ""

    return of


def servers(text: str) -> list[str]:
    return re.findall(r"^    server_name ([^;]+);", text, re.MULTILINE)


def locations(text: str) -> list[str]:
    return re.findall(r"^    location (.*) \{", text, re.MULTILINE)


SHOP, BLOG, NEWS = (f"/etc/nginx/asgi/sites/{name}.conf" for name in APPS)
BELOW_SHOP, BELOW_BLOG, BELOW_NEWS = (f"/etc/nginx/asgi/below/{name}.conf" for name in APPS)


def test_one_server_for_all(text: Text) -> None:
    """Its owner takes in what is below, longer paths later."""
    both = "shop.example.com www.example.com"
    site = text("news shop blog", SHOP)
    assert servers(site) == [both, both]
    assert re.findall(r"include /etc/nginx/asgi/below/(.*);", site) == ["blog.conf*", "news.conf*"]
    assert servers(text("news shop blog", BLOG)) == servers(text("news shop blog", NEWS)) == []
    assert text("news shop blog", BELOW_SHOP) == ""


def test_what_is_below(text: Text) -> None:
    assert locations(text("shop blog news", BELOW_BLOG)) == [
        "= /blog/metrics",
        "^~ /blog/metrics/",
        "^~ /blog/static/",
        "= /blog/old",
        "^~ /blog/",
        "= /blog",
        "= /blog/alive",
    ]
    assert locations(text("shop blog news", BELOW_NEWS)) == ["^~ /blog/news.old/", "= /blog/news.old"]


def test_without_an_application_of_the_whole(text: Text) -> None:
    """The first has the server, which knows nothing else."""
    site = text("blog news", BLOG)
    assert locations(site) == ["/", "/"]
    assert "return 404;" in site and "proxy_pass" not in site
    assert re.findall(r"include /etc/nginx/asgi/below/(.*);", site) == ["blog.conf*", "news.conf*"]
    assert "^~ /blog/" in locations(text("blog news", BELOW_BLOG))


@pytest.mark.parametrize(
    ("uri", "here"),
    [("/blog", True), ("/blog/", True), ("/blog/a", True), ("/blogs", False), ("/", False), ("/a/blog/", False)],
)
def test_here(text: Text, uri: str, here: bool) -> None:
    (pattern,) = re.findall(r'\$asgi_here_blog \{\n.*\n.*\n    "~(.*)" 1;', text("shop blog", BLOG))
    assert bool(re.search(pattern, uri)) is here


def test_a_dot_is_a_dot(text: Text) -> None:
    (pattern,) = re.findall(r'\$asgi_here_news \{\n.*\n.*\n    "~(.*)" 1;', text("shop blog news", NEWS))
    assert re.search(pattern, "/blog/news.old/a") and not re.search(pattern, "/blog/newssold/a")


@pytest.mark.parametrize(("apps", "empty"), [("shop blog", "shop"), ("blog news", "blog")])
def test_each_has_its_own_log(text: Text, apps: str, empty: str) -> None:
    """The owner of a domain serves each path that belongs to no other application."""
    for name in apps.split():
        site, inner = text(apps, f"/etc/nginx/asgi/sites/{name}.conf"), text(apps, f"/etc/nginx/asgi/below/{name}.conf")
        log = f"access_log /var/log/nginx/asgi/{name}.access.log asgi buffer=64k flush=100ms if=$asgi_logged_{name};"
        assert (site + inner).count(log) == (site + inner).count("access_log") == 1
        (block,) = re.findall(rf"map \$asgi_app \$asgi_logged_{name} \{{(.*?)\}}", site, re.DOTALL)
        values = ["default", '"";', name, "1;", *(['""', "1;"] if name == empty else [])]
        assert block.split() == values


@pytest.mark.parametrize("path", [SHOP, BLOG, NEWS, BELOW_BLOG, BELOW_NEWS])
def test_form(text: Text, path: str) -> None:
    actual = text("shop blog news", path)
    assert actual.startswith("# Written by asgi.deploy, role app")
    assert actual.count("{") == actual.count("}")
    assert "\n\n\n" not in actual and [line for line in actual.splitlines() if line != line.rstrip()] == []


def test_an_application_by_itself_has_nothing_of_others(text: Text) -> None:
    assert "asgi_app" not in text("shop", SHOP) and "below" not in text("shop", SHOP)
