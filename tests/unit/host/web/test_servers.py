"""Whose server in nginx has a name."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.servers import listening, server_owners

SITE = """\
server {
    include /etc/nginx/asgi/http.conf;
    server_name shop.example.com [2001:db8::1];
}
server {
    server_name www.example.com;
}
"""


def test_all_names_of_all_servers_count(tmp_path: Path) -> None:
    (tmp_path / "shop.conf").write_text(SITE)
    (tmp_path / "blog.conf").write_text("upstream asgi_blog { server unix:/x; }\n# server_name shop.example.com;\n")
    for name in ("shop.example.com", "www.example.com", "[2001:db8::1]"):
        assert server_owners([name], tmp_path) == ["shop"]
    assert server_owners(["example.com"], tmp_path) == server_owners([], tmp_path) == []
    assert server_owners(["shop.example.com"], tmp_path / "none") == []


SHOWN = """\
# configuration file /etc/nginx/nginx.conf:
http { include /etc/nginx/conf.d/*.conf; }
# configuration file /etc/nginx/asgi/default.conf:
server { listen 80 default_server; listen 443 ssl; }
# configuration file /etc/nginx/asgi/sites/shop.conf:
upstream asgi_shop { server unix:/x; }
server {
    include /etc/nginx/asgi/https.conf;
}
# configuration file /etc/nginx/asgi/https.conf:
listen 443 ssl;
# configuration file /etc/nginx/asgi/sites/blog.conf:
upstream asgi_blog { server unix:/x; }
# configuration file /etc/nginx/conf.d/own.conf:
OWN
"""


@pytest.mark.parametrize(
    ("own", "ports"),
    [
        ("server { listen 443 ssl; }", {443}),
        ("server { listen [::]:443 ssl http2; listen 0.0.0.0:8080; }", {443}),
        ("server { server_name x; }", {80}),
        ("server { listen 8443 ssl; listen 127.0.0.1:4430; }", set()),
        ("# server { listen 443 ssl; }", set()),
        ("server { include /etc/nginx/asgi/https.conf; }", {80, 443}),
        ("map $a $b { default 443; }", set()),
    ],
)
def test_who_is_served_on_a_port(own: str, ports: set[int]) -> None:
    """A site that is in the server of another one is not, and our default servers belong to no application."""
    for port in (80, 443):
        others = ["/etc/nginx/conf.d/own.conf"] if port in ports else []
        assert listening(SHOWN.replace("OWN", own), port) == ["shop", *others]
