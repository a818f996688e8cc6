"""The host that a URL, or a repository as git writes it, leads to."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import host_of


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://git.example.com/shop.git", "git.example.com"),
        ("https://Git.Example.com.:8443/shop.git", "git.example.com"),
        ("http://10.0.0.1:8080/simple/", "10.0.0.1"),
        ("http://[2001:db8::1]:8080/simple/", "2001:db8::1"),
        ("https://[2001:db8::1/simple/", None),
        ("ssh://git@git.example.com:2222/~team/shop.git", "git.example.com"),
        ("git://198.51.100.1/shop.git", "198.51.100.1"),
        ("git@git.example.com:team/shop.git", "git.example.com"),
        ("git.example.com:team/shop.git", "git.example.com"),
        ("git@[2001:db8::1]:team/shop.git", "2001:db8::1"),
        ("gitlab:shop.git", "gitlab"),
        ("/srv/git/shop.git", None),
        ("/srv/git/a:b.git", None),
        ("../shop.git", None),
        ("file:///srv/git/shop.git", None),
        # What git reads otherwise than a URL is read.
        ("ssh://git.example.com#@elsewhere.example.com/lib.git", None),
        ("ssh://git.example.com?@elsewhere.example.com/lib.git", None),
        ("ssh://git.example.com\\@elsewhere.example.com/lib.git", None),
        ("https::https://elsewhere.example.com/lib.git", None),
    ],
)
def test_host_of(url: str, host: str | None) -> None:
    assert host_of(url) == host
