"""Transports of URLs: which protect what comes, and which servers are SSH's."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import (
    allowed_transports,
    plain_transport,
    ssh_server,
    transport_of,
)


@pytest.mark.parametrize(
    ("url", "transport", "plain"),
    [
        ("https://git.example.com/shop.git", "https", None),
        ("http://git.example.com/shop.git", "http", "http"),
        ("HTTP://git.example.com/shop.git", "http", "http"),
        ("git://git.example.com/shop.git", "git", "git"),
        ("ftp://git.example.com/shop.git", "ftp", "ftp"),
        ("http://10.0.0.1:3000/shop", "http", "http"),
        ("http://localhost.example.com/shop", "http", "http"),
        ("http://127.0.0.1.example.com/shop", "http", "http"),
        ("http://localhost@git.example.com/shop", "http", "http"),
        ("http://[::ffff:10.0.0.1]/shop", "http", "http"),
        ("http://[bad/shop", "http", "http"),
        ("http://localhost:3000/shop", "http", None),
        ("http://127.0.0.1/shop", "http", None),
        ("http://127.8.0.1/shop", "http", None),
        ("git://[::1]:9418/shop", "git", None),
        ("ssh://git@git.example.com/shop.git", "ssh", None),
        ("git+ssh://git@git.example.com/shop.git", "ssh", None),
        ("git@git.example.com:shop.git", "ssh", None),
        ("file:///srv/git/shop.git", "file", None),
        ("/srv/git/a:b.git", "file", None),
    ],
)
def test_transport(url: str, transport: str, plain: str | None) -> None:
    assert (transport_of(url), plain_transport(url)) == (transport, plain)


@pytest.mark.parametrize(
    ("url", "local", "plain", "allowed"),
    [
        ("https://git.example.com/shop.git", False, False, "https:ssh"),
        ("https://git.example.com/shop.git", False, True, "ftp:git:http:https:ssh"),
        ("http://git.example.com/shop.git", False, False, "https:ssh"),
        ("http://localhost/shop.git", False, False, "http:https:ssh"),
        ("/srv/shop.git", True, False, "file:https:ssh"),
        ("/srv/shop.git", False, False, "https:ssh"),
    ],
)
def test_what_git_may_use(url: str, local: bool, plain: bool, allowed: str) -> None:
    assert allowed_transports(url, local, plain) == allowed


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("git@git.example.com:team/shop.git", "git.example.com"),
        ("git@GIT.example.com:team/shop.git", "git.example.com"),
        ("ssh://git.example.com/shop.git", "git.example.com"),
        ("ssh://git@git.example.com:22/shop.git", "git.example.com"),
        ("ssh://git@git.example.com:2222/shop.git", "[git.example.com]:2222"),
        ("ssh://git@[2001:db8::1]:2222/shop.git", "[2001:db8::1]:2222"),
        ("ssh://git@[2001:db8::1]/shop.git", "2001:db8::1"),
        ("ssh://git@git.example.com:x/shop.git", None),
        ("https://git.example.com/shop.git", None),
        ("/srv/git/shop.git", None),
    ],
)
def test_server(url: str, server: str | None) -> None:
    assert ssh_server(url) == server
