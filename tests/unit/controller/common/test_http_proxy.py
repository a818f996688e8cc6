"""The HTTP proxy of a host: what is refused, and what programs are given."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.http_proxy import HttpProxy, http_proxy, proxy_errors

PLAIN = "http://proxy.example.com:3128"
SECRET = "hunter%2F2"  # noqa: S105  # as a URL has it
BY_PASSWORD = f"http://ops:{SECRET}@proxy.example.com:3128"


def test_a_host_without_a_proxy_gives_programs_nothing() -> None:
    assert http_proxy({}).environment == {} and http_proxy({}).file == "" and not http_proxy({}).secrets


def test_programs_get_it_in_both_spellings_and_what_is_near_is_reached_without_it() -> None:
    proxy = http_proxy({"asgi_http_proxy": f"{PLAIN}/", "asgi_no_proxy": [".corp.example", "10.0.0.7", "localhost"]})
    near = "localhost,127.0.0.1,::1,169.254.169.254,.corp.example,10.0.0.7"
    assert proxy.environment == {
        **{"http_proxy": PLAIN, "https_proxy": PLAIN, "no_proxy": near},
        **{"HTTP_PROXY": PLAIN, "HTTPS_PROXY": PLAIN, "NO_PROXY": near},
    }
    assert f'http_proxy="{PLAIN}"\n' in proxy.file and not proxy.secrets


def test_a_password_is_a_secret_as_it_is_written_and_as_it_is_meant() -> None:
    proxy = http_proxy({"asgi_http_proxy": BY_PASSWORD})
    assert proxy.secrets == {"hunter%2F2", "hunter/2"}
    assert "hunter" not in repr(proxy)


@pytest.mark.parametrize("url", [PLAIN, BY_PASSWORD, "http://192.0.2.1:8080", "http://[2001:db8::1]:3128", f"{PLAIN}/"])
def test_a_proxy_that_is_right(url: str) -> None:
    assert proxy_errors({"asgi_http_proxy": url}) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (
            3128,
            "asgi_http_proxy: found a whole number, expected the URL of a proxy, as in asgi_http_proxy: http://proxy",
        ),
        ("proxy.example.com:3128", "expected http://, which all programs speak to a proxy"),
        ("https://proxy.example.com:3128", "found https://, expected http://"),
        ("socks5://proxy.example.com:1080", "found socks5://, expected http://"),
        ("http://proxy.example.com", "expected a name and a port, and no path"),
        (f"{PLAIN}/path", "expected a name and a port, and no path"),
        ("http://proxy.example.com:99999", "is no URL"),
        ("http://ops:hunter 2@proxy.example.com:3128", "write it as %20 and the like"),
        ('http://ops:hunter"2@proxy.example.com:3128', "write it as %20 and the like"),
        ("http://ops:hunter$2@proxy.example.com:3128", "write it as %20 and the like"),
        ("http://ops:hunter2\n@proxy.example.com:3128", "write it as %20 and the like"),
        ("https://ops:hunter2@proxy.example.com:3128", "found https://"),
    ],
)
def test_a_proxy_that_is_wrong_is_refused_without_its_password(url: Any, says: str) -> None:
    (error,) = proxy_errors({"asgi_http_proxy": url})
    assert says in error and "hunter" not in error
    with pytest.raises(ValueError, match="asgi_http_proxy"):
        http_proxy({"asgi_http_proxy": url})


@pytest.mark.parametrize("item", ["10.0.0.0/8", "example.com:443", "*.example.com", "", "a b", 7, "10.1", "A.com"])
def test_exceptions_that_programs_read_in_different_ways_are_refused(item: Any) -> None:
    (error,) = proxy_errors({"asgi_http_proxy": PLAIN, "asgi_no_proxy": [item]})
    assert error.startswith(f"asgi_no_proxy: found {item!r}, expected a name, all names below one as in .example.com")


def test_exceptions_are_a_list_and_belong_to_a_proxy() -> None:
    (error,) = proxy_errors({"asgi_http_proxy": PLAIN, "asgi_no_proxy": ".example.com"})
    assert error.startswith("asgi_no_proxy: found text, expected a list")
    (error,) = proxy_errors({"asgi_no_proxy": [".example.com"]})
    assert error == ("asgi_no_proxy: has no effect without asgi_http_proxy; write that as well, or leave it out")


def test_nothing_shows_a_proxy_with_its_password() -> None:
    assert "hunter" not in repr(HttpProxy(BY_PASSWORD))
