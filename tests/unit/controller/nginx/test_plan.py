"""The plan of a web server: rules for its options, contradictions, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import Inventory
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import networks, snippet
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx import plan as webserver
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx.options import conflicts, place

Facts = Callable[[str], Any]


def options(**arguments: Any) -> Any:
    resolved, errors = resolve(role_options("nginx"), {f"nginx_{name}": value for name, value in arguments.items()})
    assert not errors
    return {name.removeprefix("nginx_"): value for name, value in resolved.items()}


@pytest.mark.parametrize(
    "value",
    [
        [],
        ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1"],
    ],
)
def test_networks_are_accepted(value: list[str]) -> None:
    assert networks(value) is None


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        (["10.0.0.1/8"], "found '10.0.0.1/8', whose address has more bits than the network; write 10.0.0.0/8"),
        (["all"], "found 'all', expected an address or a network, as in 10.0.0.0/8 or 2001:db8::/32"),
        (["10.0.0.0/8; deny all"], "found '10.0.0.0/8; deny all', expected an address"),
        (
            ["10.0.0.0/255.0.0.0"],
            "found '10.0.0.0/255.0.0.0', expected how many bits of it are the network's; write 10.",
        ),
        (["fe80::1%eth0"], "found 'fe80::1%eth0', expected an address or a network"),
        (["10.0.0.0/33", "x"], "found '10.0.0.0/33', expected an address or a network"),
    ],
)
def test_text_that_is_no_network_is_refused(value: list[str], errors: str) -> None:
    assert (networks(value) or "").startswith(errors)


@pytest.mark.parametrize(
    "value",
    ["", "a on;", "if ($a) {\n  b 1;\n}", 'set $a "}";', "set $a '{'; # }\nb;", "# only } words", 'a "\\"}";'],
)
def test_snippet_with_whole_blocks_is_accepted(value: str) -> None:
    assert snippet(value) is None


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ("a on;\n}\nserver {", "ends a block that it has not begun"),
        ("if ($a) {", "begins a block that it does not end"),
        ("a on", "does not end with ; or }"),
        ("a\x00;", "holds a control character"),
        ("}", "ends a block"),
    ],
)
def test_snippet_with_a_broken_block_is_refused(value: str, errors: str) -> None:
    assert errors in (snippet(value) or "")


@pytest.mark.parametrize(("value", "good"), [("/-/nginx", True), ("/up", True), ("/", False), ("/a b", False)])
def test_path_must_be_one_that_nginx_compares(value: str, good: bool) -> None:
    assert (place(value) is None) is good


@pytest.mark.parametrize(
    ("settings", "errors"),
    [
        ({}, []),
        ({"proxy_protocol": True, "trusted_proxies": ["10.0.0.1"]}, []),
        ({"proxy_protocol": True}, ["nginx_trusted_proxies: is missing; with nginx_proxy_protocol"]),
        (
            {"proxy_protocol": True, "trusted_proxies": ["10.0.0.1"], "http3": True},
            ["nginx_http3: has no PROXY protocol"],
        ),
    ],
)
def test_contradictory_options_are_refused(facts: Facts, settings: dict[str, Any], errors: list[str]) -> None:
    actual = conflicts({f"nginx_{name}": value for name, value in settings.items()}, Inventory({}, [], None))
    assert [text for text, start in zip(actual, errors, strict=True) if not text.startswith(start)] == []
    if errors:
        with pytest.raises(ValueError, match=errors[0]):
            webserver.nginx_plan(options(**settings), facts("13"))


def test_http_3_is_refused_if_nginx_does_not_have_it(facts: Facts) -> None:
    with pytest.raises(ValueError, match="nginx_http3: Debian 12 has an nginx without HTTP/3; leave it out there"):
        webserver.nginx_plan(options(http3=True), facts("12"))
    assert webserver.nginx_plan(options(http3=True), facts("13"))["listen_quic"] == ["443 quic"]


def test_packages_follow_the_options(facts: Facts) -> None:
    assert webserver.nginx_plan(options(), facts("13"))["packages"] == ["nginx", "logrotate"]
    assert "libnginx-mod-http-brotli-filter" in webserver.nginx_plan(options(brotli=True), facts("13"))["packages"]


def test_nginx_has_a_process_for_each_cpu(facts: Facts) -> None:
    assert webserver.nginx_plan(options(), facts("13"))["worker_processes"] == 2
    unknown: Any = {**facts("13"), "processor_nproc": None}
    assert webserver.nginx_plan(options(), unknown)["worker_processes"] == "auto"


@pytest.mark.parametrize(
    ("apps", "unnamed"),
    [
        ([], False),
        ([{"domains": ["a.example.com"]}], False),
        ([{"domains": ["a.example.com"]}, {"domains": ["b.example.com", "2001:db8::1"]}], True),
        ([{"domains": "a.example.com, 192.0.2.1"}], True),
        ([{"domains": ["a.example.com"], "site": {"redirect_from": ["192.0.2.1"]}}], True),
        ([{"domains": ["192.0.2.1"], "proxy": "none"}], False),
        ([{"domains": ["192.0.2.1"], "state": "absent"}], False),
        ([{}, {"domains": None}], False),
    ],
)
def test_address_is_a_site_without_a_name(facts: Facts, apps: list[dict[str, Any]], unnamed: bool) -> None:
    assert webserver.nginx_plan(options(), facts("13"), apps)["unnamed"] is unnamed
