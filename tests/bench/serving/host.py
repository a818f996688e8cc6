"""The host: what the collection deploys, and on other ports what it is compared with."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from typing import Any

from tests import ROOT
from tests.integration.hosts import playbook
from tests.lab import Lab

from .ways import DOMAIN, FILES, GUIDED, GUIDED_PORTS, PLAIN_PORT, UVICORN, render

NAME = "web1"
HOME = ROOT / ".cache" / "serving"
CERTIFICATE = "/etc/asgi-deploy/tls/{app}/combined.pem"
TOOLS = "wrk nghttp2-client curl"
# The same application three times, since memory is asked for; `few` has a worker for each processor.
APPS: dict[str, dict[str, Any]] = {
    "bare": {"module": "serving:bare"},
    "few": {"module": "serving:bare", "workload": "cpu_bound"},
    "fast": {"module": "serving:fast"},
    "preloaded": {"module": "serving:fast", "settings": {"preload_app": True}},
}
SHOWN = ("gunicorn", "uvicorn", "uvicorn-worker", "uvloop", "httptools", "fastapi")
VENV = """set -eu
export DEBIAN_FRONTEND=noninteractive UV_CACHE_DIR=/var/cache/asgi/uv
apt-get install -qqy --no-install-recommends {tools} >/dev/null
uv=$(ls /opt/asgi/uv-*/bin/uv)
install -d /srv/guide/app /srv/guide/sites
[ -x /srv/guide/venv/bin/python ] || $uv venv -q --python /usr/bin/python3 /srv/guide/venv
# What an application of ours has: nothing but configuration is to differ.
$uv pip freeze --python /srv/asgi/bare/current/venv/bin/python | \
  $uv pip install -q --no-deps --compile-bytecode --python /srv/guide/venv/bin/python -r /dev/stdin
chmod -R a+rX /srv/guide
"""


class Host:
    """A throw-away host of the lab."""

    def __init__(self) -> None:
        """Boot it, deploy, and start everything."""
        self.lab = Lab(os.environ.get("ASGI_TEST_LAB", "serving"))
        self.lab.up({NAME: "trixie"}, print)
        self.lab.acme_up(step=print)
        self.domains = [DOMAIN.format(app=app) for app in APPS]
        self.lab.set_dns(dict.fromkeys(self.domains, NAME))
        self.host = self.lab.host(NAME)
        self.deploy()
        self.host.run(VENV.format(tools=TOOLS), timeout=300)
        self._compared()

    def deploy(self) -> None:
        """Run the playbook site, as a user runs it."""
        HOME.mkdir(parents=True, exist_ok=True)
        entries = [
            {
                "name": name,
                "directory": str(FILES / "app"),
                "domains": [DOMAIN.format(app=name)],
                # All visitors have one address: the limit stays, and is never met.
                "site": {"rate": "999999/s"},
                "watch": {"seconds": 0},
                **options,
            }
            for name, options in APPS.items()
        ]
        variables = {
            "certificate_email": "ops@example.com",
            "certificate_directory": self.lab.acme_directory,
            "certificate_ca_file": str(self.lab.acme_https_ca),
            "asgi_apps": entries,
        }
        (HOME / "hosts.yml").write_text(self.lab.inventory())
        (HOME / "site.json").write_text(json.dumps({"asgi": {"hosts": {NAME: None}, "vars": variables}}))
        playbook(inventories=(HOME / "hosts.yml", HOME / "site.json")).ok()

    def _compared(self) -> None:
        """Start what is compared: the guide's way, uvicorn by itself, and a site of ours without TLS."""
        certificate = CERTIFICATE.format(app="bare")
        files = {f"/srv/guide/app/{name}.py": (FILES / path / f"{name}.py").read_text() for name, path in SOURCES}
        files |= {f"/srv/guide/{name}": (FILES / "guide" / name).read_text() for name in ("nginx.conf", GUNICORN)}
        files["/srv/guide/uvicorn-json.json"] = (FILES / "uvicorn-json.json").read_text()
        files[unit("guide-nginx")] = (FILES / "guide" / "guide-nginx.service").read_text()
        for name, (module, log) in GUIDED.items():
            port, backend = GUIDED_PORTS[name]
            domain = DOMAIN.format(app="fast" if module.endswith("fast") else "bare")
            files[f"/srv/guide/sites/{name}.conf"] = render(
                "guide/site", port=port, backend=backend, domain=domain, certificate=certificate
            )
            files[unit(name)] = render("guide/guide", backend=backend, module=module, json=log)
        for item in UVICORN:
            files[unit(item.name)] = render(
                "uvicorn",
                certificate=certificate,
                module=f"serving:{item.app}",
                port=item.port,
                workers=self.workers("bare"),
                options=item.options,
            )
        files["/etc/nginx/sites-enabled/plain.conf"] = self._without_tls("bare")
        files["/srv/guide/handshakes.py"] = (FILES / "handshakes.py").read_text()
        started = " ".join(f"{name}.service" for name in ("guide-nginx", *GUIDED, *(item.name for item in UVICORN)))
        lines = [f"base64 -d > {path} <<'E'\n{b64encode(text.encode()).decode()}\nE" for path, text in files.items()]
        names = f"127.0.0.1 {' '.join(self.domains)}"
        lines += [
            "chmod -R a+rX /srv/guide",
            f"grep -q '{names}' /etc/hosts || echo '{names}' >> /etc/hosts",
            "nginx -tq && systemctl reload nginx",
            f"systemctl daemon-reload && systemctl restart {started}",
        ]
        self.host.run("sh -eu", stdin="\n".join(lines), timeout=120)

    def workers(self, app: str) -> int:
        """Return the number that the collection has chosen."""
        text = self.host.run(f"cat /srv/asgi/{app}/current/runtime/asgi_deploy_runtime/settings.json").stdout
        number: int = json.loads(text)["gunicorn"]["workers"]
        return number

    def _without_tls(self, app: str) -> str:
        """Return the server of its site as it is, but for TLS: what nginx costs without it."""
        site = self.host.run(f"cat /etc/nginx/asgi/sites/{app}.conf").stdout
        begin = [
            line
            for line in self.host.run("cat /etc/nginx/asgi/https.conf").stdout.splitlines()
            if not line.startswith(("listen ", "http2 "))
        ]
        server = "server {" + site.rsplit("\nserver {", 1)[1]
        include = "    include /etc/nginx/asgi/https.conf;\n"
        assert include in server, server
        server = server.replace(include, "\n".join([f"    listen 127.0.0.1:{PLAIN_PORT};", *begin, ""]))
        return "".join(line for line in server.splitlines(keepends=True) if "ssl_certificate" not in line)

    def versions(self) -> dict[str, str]:
        """Return what was measured."""
        listed = self.host.run("$(ls /opt/asgi/uv-*/bin/uv) pip freeze --python /srv/guide/venv/bin/python").stdout
        result = dict(line.split("==") for line in listed.splitlines() if line.startswith(SHOWN) and "==" in line)
        nginx = self.host.run("nginx -v 2>&1").stdout.split("/")[1].split()[0]
        openssl = self.host.run("openssl version").stdout.split()[1]
        python = self.host.run("/srv/guide/venv/bin/python --version").stdout.split()[1]
        return {**result, "nginx": nginx, "OpenSSL": openssl, "Python of the host": python}

    def down(self) -> None:
        """Remove it."""
        self.lab.down(print)


GUNICORN = "gunicorn.conf.py"
SOURCES = (("serving", "app"), ("guided", "guide"))


def unit(name: str) -> str:
    """Return where systemd looks for a service."""
    return f"/etc/systemd/system/{name}.service"
