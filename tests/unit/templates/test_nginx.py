"""Files of the role nginx."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from ansible.errors import AnsibleError

Render = Callable[..., str]


def test_defaults(render: Render) -> None:
    text = render("nginx", "nginx.conf.j2")
    assert "worker_connections 4096;" in text
    assert "worker_rlimit_nofile 8192;" in text
    assert "client_max_body_size 16m;" in text


def test_options(render: Render) -> None:
    text = render("nginx", "nginx.conf.j2", nginx_worker_connections="512", nginx_client_max_body_size="0")
    assert "worker_connections 512;" in text
    assert "worker_rlimit_nofile 1024;" in text
    assert "client_max_body_size 0;" in text


def test_wrong_option(render: Render) -> None:
    with pytest.raises(AnsibleError) as error:
        render("nginx", "nginx.conf.j2", nginx_worker_connections="many")
    assert "nginx_worker_connections: found 'many', expected a whole number, as in 4096" in str(error.value)


def test_security(render: Render) -> None:
    text = render("nginx", "nginx.conf.j2")
    assert "server_tokens off;" in text
    assert re.findall(r"ssl_protocols ([^;]+);", text) == ["TLSv1.2 TLSv1.3"]
    (ciphers,) = re.findall(r"ssl_ciphers ([^;]+);", text)
    assert all(re.match(r"ECDHE-(RSA|ECDSA)-(AES(128|256)-GCM|CHACHA20)", cipher) for cipher in ciphers.split(":"))
    assert "log_format asgi escape=json" in text


def test_upgrade_map(render: Render) -> None:
    """Without an upgrade the header is empty, so that connections to applications stay open."""
    text = render("nginx", "nginx.conf.j2")
    (block,) = re.findall(r"map \$http_upgrade \$asgi_connection \{([^}]*)\}", text)
    assert block.split() == ["default", "upgrade;", "''", "'';"]


def test_order_of_includes(render: Render) -> None:
    """The catch-all servers come first; what the user put into sites-enabled stays in."""
    text = render("nginx", "nginx.conf.j2")
    includes = re.findall(r"include (/etc/nginx/\S+);", text[text.index("http {") :])
    assert includes == [
        "/etc/nginx/mime.types",
        "/etc/nginx/conf.d/*.conf",
        "/etc/nginx/asgi/default.conf",
        "/etc/nginx/asgi/sites/*.conf",
        "/etc/nginx/sites-enabled/*",
    ]


def test_unknown_names_are_refused(render: Render) -> None:
    text = render("nginx", "default.conf.j2")
    assert text.count("default_server;") == 4
    assert "return 444;" in text
    assert "ssl_reject_handshake on;" in text
    assert "include /etc/nginx/asgi/http.d/*.conf;" in text


@pytest.mark.parametrize("name", ["nginx.conf.j2", "default.conf.j2"])
def test_text(render: Render, name: str) -> None:
    text = render("nginx", name)
    assert text.startswith("# Written by asgi.deploy, role nginx")
    assert text.count("{") == text.count("}")
    assert text.endswith("}\n")
