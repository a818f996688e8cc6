"""The same application behind an nginx as many guides have it, on a port of its own: what nothing of ours protects."""

from __future__ import annotations

from dataclasses import dataclass

from tests.integration.web.conftest import Site

PORT = 8088  # which the inventory opens, for TCP and UDP
FILE = "/etc/nginx/sites-enabled/unprotected"
LOG = "/var/log/nginx/asgi/unprotected.log"  # rotated as the others are
SERVER = """\
log_format unprotected '$status "$upstream_addr" $request_uri $http_user_agent';
server {{
    {listen}
    server_name _;
    ssl_certificate {tls}/combined.pem;
    ssl_certificate_key {tls}/combined.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    access_log {log} unprotected;
    client_max_body_size 0;
    client_header_timeout 60s;
    location /moved/ {{
        return 301 https://$host$uri;
    }}
    location /redoc {{
        allow 192.0.2.1;
        deny all;
        proxy_pass http://unix:{socket};
    }}
    location / {{
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_pass http://unix:{socket};
    }}
}}
"""
LISTEN = {
    "bookworm": "listen 8088 ssl http2;",
    "trixie": "listen 8088 ssl; listen 8088 quic reuseport; http2 on;",
}


@dataclass(frozen=True)
class Unprotected:
    """How it is asked."""

    site: Site

    def up(self) -> None:
        """Make nginx serve it in addition."""
        text = SERVER.format(
            listen=LISTEN.get(self.site.host.release, LISTEN["trixie"]),
            tls=f"/etc/asgi-deploy/tls/{self.site.app}",
            socket=f"/srv/asgi/{self.site.app}/current/app.sock",
            log=LOG,
        )
        self.site.host.run(f"cat >{FILE} && nginx -q -t && systemctl reload nginx", stdin=text)
        self.site.eventually(f"ss -Hltn 'sport = :{PORT}' | grep .")

    def down(self) -> None:
        """Take it away."""
        self.site.host.run(f"rm -f {FILE} && nginx -q -t && systemctl reload nginx; rm -f {LOG}")

    def raw(self, sent: str, seconds: float = 8) -> bytes:
        """Return all that comes back for these bytes."""
        return self.site.raw(sent.replace("{name}", self.site.domain).encode("latin-1"), port=PORT, seconds=seconds)

    def logged(self, words: str) -> list[str]:
        """Return the lines of its log that hold these words."""
        return self.site.host.run(f"grep -F -- '{words}' {LOG} || true").stdout.splitlines()
