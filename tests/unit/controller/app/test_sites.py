"""An application's site: its plan, and contradictions between its options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import site_headers
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan

Facts = Callable[[str], Any]
Plan = Callable[..., dict[str, Any]]

HASH = "$5$salt$" + "a" * 43


@pytest.fixture
def plan(spec: dict[str, Any], facts: Facts) -> Plan:
    def planned(site: dict[str, Any], **options: Any) -> dict[str, Any]:
        return {**app_plan({**spec, **options, "site": site}, facts("13"))["site"]}

    return planned


def by_match(site: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {location["match"]: location for location in site["locations"]}


def test_defaults_of_a_site_are_in_its_plan(plan: Plan) -> None:
    site = plan({})
    (whole,) = site["locations"]
    assert (whole["match"], whole["timeout"], whole["always"], whole["compress"]) == ("/", 60, False, False)
    assert whole["limit"] == {"zone": "asgi_all_shop", "rate": "100r/s", "burst": "500"}
    assert site["zones"] == [whole["limit"]]
    assert {header["name"]: header["value"] for header in site["response_headers"]} == {
        **site_headers.HEADERS,
        "Strict-Transport-Security": "max-age=63072000",
    }


@pytest.mark.parametrize(
    ("path", "match"), [("/", "/"), ("/login", "= /login"), ("/admin/", "^~ /admin/"), ("/a.b/c", "= /a.b/c")]
)
def test_path_becomes_a_match_of_nginx(plan: Plan, path: str, match: str) -> None:
    assert by_match(plan({"paths": {path: {"timeout": 7}}}))[match]["timeout"] == 7


def test_path_has_the_options_of_the_site_by_default(plan: Plan) -> None:
    site = plan({"body_size": "1m", "allow": ["10.0.0.0/8"], "paths": {"/a": {"allow": []}, "/b": {"body_size": "0"}}})
    actual = {match: (entry["body_size"], entry["allow"]) for match, entry in by_match(site).items()}
    assert actual == {"/": ("1m", ["10.0.0.0/8"]), "= /a": ("1m", []), "= /b": ("0", ["10.0.0.0/8"])}


@pytest.mark.parametrize(
    ("site", "limits"),
    [
        ({"rate": "none"}, {"/": None}),
        ({"rate": "5/m"}, {"/": ("asgi_all_shop", "5r/m", "5")}),
        (
            {"paths": {"/a": {"rate": "2/s"}, "/b": {"timeout": 1}, "/c": {"rate": "none"}}},
            {
                "/": ("asgi_all_shop", "100r/s", "500"),
                "= /a": ("asgi_1_shop", "2r/s", "10"),
                "= /b": ("asgi_all_shop", "100r/s", "500"),
                "= /c": None,
            },
        ),
        ({"rate": "none", "paths": {"/a": {"rate": "2/s"}}}, {"/": None, "= /a": ("asgi_0_shop", "2r/s", "10")}),
    ],
)
def test_rate_becomes_a_limit_with_a_burst(plan: Plan, site: dict[str, Any], limits: dict[str, Any]) -> None:
    planned = plan(site)
    actual = {match: entry["limit"] and tuple(entry["limit"].values()) for match, entry in by_match(planned).items()}
    assert actual == limits
    assert {zone["zone"] for zone in planned["zones"]} == {limit[0] for limit in limits.values() if limit}


def test_paths_of_health_answer_when_the_site_is_closed(plan: Plan) -> None:
    """A path that only answers its health has limits of its own; one that is a page, too, has those of pages."""
    site = plan({"paths": {"/alive": {"timeout": 1}}}, health={"liveness": "/alive"}, gate={"path": "/ready?x=1"})
    keys = ("always", "health_check", "connections")
    actual = {match: tuple(entry[key] for key in keys) for match, entry in by_match(site).items()}
    assert actual == {"/": (False, False, 500), "= /alive": (True, False, 500), "= /ready": (True, True, 20)}
    rates = {match: entry["limit"]["rate"] for match, entry in by_match(site).items()}
    assert rates == {"/": "100r/s", "= /alive": "100r/s", "= /ready": "10r/s"}


def test_only_allowed_networks_reach_paths_of_health(plan: Plan) -> None:
    site = plan({"allow": ["192.0.2.0/24"]}, health={"liveness": "/alive", "allow": ["10.0.0.1"]})
    assert by_match(site)["= /alive"]["allow"] == ["10.0.0.1"]
    assert by_match(plan({}, health={"liveness": "/alive"}))["= /alive"]["allow"] == []


@pytest.mark.parametrize(
    ("site", "guarded"),
    [
        ({}, False),
        ({"auth": True, "users": {"a": HASH}}, True),
        ({"allow": ["10.0.0.1"]}, True),
        ({"paths": {"/a": {}}}, True),
    ],
)
def test_site_with_rules_for_visitors_is_guarded(plan: Plan, site: dict[str, Any], guarded: bool) -> None:
    assert plan(site)["guarded"] is guarded


def test_headers_of_trusted_proxies_are_passed_on_request(plan: Plan) -> None:
    actual = {header["name"]: header for header in plan({"pass_headers": ["cf-connecting-ip"]})["untrusted"]}
    assert actual["CF-Connecting-IP"] == {
        "name": "CF-Connecting-IP",
        "value": "$asgi_passed0_shop",
        "passed": "$http_cf_connecting_ip",
    }
    assert {header["value"] for name, header in actual.items() if name != "CF-Connecting-IP"} == {'""'}
    assert "expected of those that are not passed on" in str(site_headers.passed_headers(["Host"]))


@pytest.mark.parametrize(
    ("options", "seconds"),
    [({}, 60), ({"streaming": True}, 3600), ({"streaming": True, "timeout": 9}, 9), ({"timeout": 9}, 9)],
)
def test_timeout_depends_on_path_and_streaming(plan: Plan, options: dict[str, Any], seconds: int) -> None:
    assert by_match(plan({"paths": {"/a": options}}))["= /a"]["timeout"] == seconds


def test_headers_of_answers_can_be_replaced(plan: Plan) -> None:
    site = plan(
        {"headers": {"x-frame-options": "DENY", "Referrer-Policy": "", "X-A": 'a "b"'}, "hsts": {"enabled": False}}
    )
    actual = {header["name"]: (header["said"], header["value"]) for header in site["response_headers"]}
    assert actual == {
        "X-A": ("$upstream_http_x_a", 'a \\"b\\"'),
        "X-Content-Type-Options": ("$upstream_http_x_content_type_options", "nosniff"),
        "x-frame-options": ("$upstream_http_x_frame_options", "DENY"),
    }


def test_variables_of_two_applications_differ(plan: Plan) -> None:
    first = plan({"headers": {"X-B": "1"}}, name="a")["response_headers"]
    other = plan({"headers": {"B": "1"}}, name="a-x")["response_headers"]
    assert not {header["variable"] for header in first} & {header["variable"] for header in other}


@pytest.mark.parametrize(
    ("hsts", "value"),
    [
        ({"max_age": 0}, "max-age=0"),
        ({"include_subdomains": True}, "max-age=63072000; includeSubDomains"),
        ({"include_subdomains": True, "preload": True}, "max-age=63072000; includeSubDomains; preload"),
    ],
)
def test_hsts_becomes_a_header(plan: Plan, hsts: dict[str, Any], value: str) -> None:
    headers = {header["name"]: header["value"] for header in plan({"hsts": hsts})["response_headers"]}
    assert headers["Strict-Transport-Security"] == value


@pytest.mark.parametrize(
    ("domains", "others", "names"),
    [
        (["example.com", "*.example.com"], ["www.example.com"], ["example.com", "*.example.com"]),
        (["a.b.example.com", "*.example.com"], [], ["a.b.example.com", "*.example.com"]),
        (["shop.example.com"], ["www.example.com"], ["shop.example.com", "www.example.com"]),
    ],
)
def test_names_of_the_certificate_have_none_that_a_wildcard_covers(
    plan: Plan, domains: list[str], others: list[str], names: list[str]
) -> None:
    """What a wildcard stands for has none of its own: the CA would refuse the whole."""
    assert plan({"redirect_from": others}, domains=domains)["names"] == names


@pytest.mark.parametrize(
    ("site", "below"),
    [
        ({}, "/metrics/"),
        ({"paths": {"/metrics/": {"allow": ["10.0.0.0/8"]}}}, None),
        ({"redirects": {"/metrics/": "/"}}, None),
    ],
)
def test_path_below_metrics_is_closed_unless_an_option_names_it(
    plan: Plan, site: dict[str, Any], below: str | None
) -> None:
    """Where an application mounts them, it answers there, too."""
    assert plan(site, health={"metrics": "/metrics"})["metrics_below"] == below
    assert plan(site)["metrics_below"] is None


def test_users_become_hashes_in_a_file_of_nginx(plan: Plan) -> None:
    site = plan({"auth": True, "users": {"b": HASH, "a": HASH}, "paths": {"/open": {"auth": False}}})
    assert site["auth_text"] == f"a:{HASH}\nb:{HASH}\n"
    assert {match: entry["auth"] for match, entry in by_match(site).items()} == {"/": True, "= /open": False}


@pytest.mark.parametrize(
    ("site", "options", "text"),
    [
        ({"hsts": {"preload": True}}, {}, "site.hsts.preload: browsers take no domain into their lists without"),
        ({"redirect_from": ["www.example.com"]}, {}, "site.redirect_from: www.example.com is in domains as well"),
        ({"auth": True}, {}, "site.users: is missing; auth expects names and passwords, as in users:"),
        ({"paths": {"/a": {"auth": True}}}, {}, "site.users: is missing"),
        (
            {"users": {"ops": "secret"}},
            {},
            "site.users: ops expects a password of 8 to 128 characters, without control",
        ),
        ({"users": {"ops": "$6$secret"}}, {}, "site.users: ops has a hash that is not whole"),
        ({"users": {"ops": 12345678}}, {}, "site.users: ops expects a password or its hash as text; put it in quotes"),
        (
            {"paths": {"/static/": {}}},
            {"static": {"/static/": "public"}},
            "site.paths: /static/ is in static as well; leave out one of the two",
        ),
        (
            {},
            {"static": {"/up/": "public"}, "gate": {"path": "/up/now"}},
            "gate.path: found '/up/now', which is below /up/ of static, where nginx answers by itself",
        ),
        (
            {"path": "/blog"},
            {"static": {"/blog/": "public"}},
            "static: found '/blog/', which is all of the application, as in site.path; write a path below it",
        ),
        (
            {"path": "/blog"},
            {"health": {"metrics": "/blog"}},
            "health.metrics: found '/blog', which is all of the application, as in site.path; write a path below it",
        ),
        (
            {"redirects": {"/metrics": "/a"}},
            {"health": {"metrics": "/metrics"}},
            "site.redirects: /metrics is in health.metrics as well",
        ),
        (
            {"redirects": {"/a": "/b"}, "paths": {"/a": {}}},
            {},
            "site.redirects: /a is in site.paths as well; leave out one of the two",
        ),
        ({"paths": {"/a": {"rate": "5"}}}, {}, "site.paths./a.rate: found '5', expected requests per second or minute"),
        ({"paths": {"/a": {"timout": 5}}}, {}, "site.paths./a.timout: is not an option; did you mean timeout?"),
        (
            {"paths": {"/a": 5}},
            {},
            "site.paths./a: found a whole number, expected a dictionary, as in /a: {timeout: 300}",
        ),
        ({"paths": {"a {": {}}}, {}, "site.paths: found 'a {', expected a path of a URL, as in /login, or /admin/"),
        ({"timeout": 5}, {"proxy": "none"}, "site: is nginx's, and proxy: none has no nginx; leave one of the two out"),
        ({"rate": False}, {}, "site.rate: found False, which YAML reads as true or false; put it in quotes"),
    ],
)
def test_contradictory_options_of_a_site_are_refused(
    plan: Plan, site: dict[str, Any], options: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match="app shop: ") as error:
        plan(site, **options)
    assert f"app shop: {text}" in str(error.value)
    assert "secret" not in str(error.value)
