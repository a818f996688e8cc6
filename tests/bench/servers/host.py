"""The host: nginx, one virtual environment, and the units of the variant that is measured."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

from tests.lab import Lab

from .variants import FILES, Variant, render

LAB, HOST = "bench-servers", "web1"
NAME = "bench.example.test"
PACKAGES = ("gunicorn==27.0.1", "uvicorn==0.54.0", "uvicorn-worker==0.4.0", "httptools", "uvloop", "websockets")
SHOWN = {"gunicorn", "uvicorn", "uvicorn-worker", "httptools", "uvloop", "websockets"}

INSTALL = f"""set -eu
export DEBIAN_FRONTEND=noninteractive UV_CACHE_DIR=/var/cache/asgi/uv
apt-get update -qq
apt-get install -qqy --no-install-recommends nginx python3-venv curl openssl >/dev/null
id bench >/dev/null 2>&1 || useradd --system --home-dir /srv/bench bench
mkdir -p /srv/bench/app /srv/bench/releases/a /srv/bench/releases/b
[ -x /opt/uv/bin/uv ] || {{ python3 -m venv /opt/uv; /opt/uv/bin/pip install -q uv; }}
[ -x /srv/bench/venv/bin/python ] || /opt/uv/bin/uv venv -q --python /usr/bin/python3 /srv/bench/venv
/opt/uv/bin/uv pip install -q --compile-bytecode --python /srv/bench/venv/bin/python {" ".join(PACKAGES)}
cd /srv/bench
openssl req -quiet -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={NAME} \
  -addext subjectAltName=DNS:{NAME} -addext keyUsage=critical,digitalSignature,keyCertSign \
  -keyout key.pem -out certificate.pem
"""

CONFIGURE = """
systemctl stop 'bench@*.service' 'bench@*.socket' 2>/dev/null || true
systemctl daemon-reload
systemctl reset-failed
rm -f /srv/bench/current
ln -s releases/a /srv/bench/current
systemctl start bench@a.socket bench@a.service
nginx -tq
systemctl restart nginx
"""


class Host:
    """A throw-away host of the lab."""

    def __init__(self) -> None:
        """Boot it and install what all variants share."""
        self._lab = Lab(LAB)
        self._lab.up({HOST: "trixie"})
        self._host = self._lab.host(HOST)
        self._host.run(INSTALL, timeout=300)
        self._put({f"/srv/bench/{path}": (FILES / path).read_text() for path in ("operate.py",)})
        self._put({"/srv/bench/app/app.py": (FILES / "app.py").read_text()})
        self.ca = self._lab.state_dir / "bench-ca.pem"
        self.ca.write_text(self._host.run("cat /srv/bench/certificate.pem").stdout)

    @property
    def address(self) -> str:
        """Return where it listens."""
        return self._host.address

    def versions(self) -> dict[str, str]:
        """Return what was measured."""
        command = "/opt/uv/bin/uv pip list --format=json --python /srv/bench/venv/bin/python"
        listed: list[dict[str, str]] = json.loads(self._host.run(command).stdout)
        result = {item["name"]: item["version"] for item in listed if item["name"] in SHOWN}
        for name, words in {"nginx": "nginx -v 2>&1", "Python": "/srv/bench/venv/bin/python --version"}.items():
            result[name] = self._host.run(words).stdout.split("/" if name == "nginx" else None)[1].strip()
        return result

    def configure(self, variant: Variant, *, recycling: bool = False) -> None:
        """Make a variant the live one, and wait until all of it serves."""
        server, upstream = variant.server, variant.upstream
        self._put(
            {
                "/srv/bench/gunicorn.conf.py": server.config_text(recycling=recycling),
                "/etc/systemd/system/bench@.socket": render("socket"),
                "/etc/systemd/system/bench@.service": render(
                    "service", command=server.command_line(recycling=recycling)
                ),
                "/etc/nginx/nginx.conf": render("nginx", upstream=upstream.directives, location=upstream.location),
            },
            CONFIGURE + operate("ready", variant),
        )

    def settle(self, variant: Variant) -> None:
        """Wait until all of it serves again."""
        self.operate("ready", variant)

    def operate(self, operation: str, variant: Variant) -> dict[str, Any]:
        """Perform the operation, and return its result."""
        done: dict[str, Any] = json.loads(self._host.run(operate(operation, variant), timeout=90).stdout)
        return done

    def journal(self, lines: int = 40) -> str:
        """Return what the services and nginx said last."""
        return self._host.run(f"journalctl -n {lines} -o cat -u 'bench@*'; tail -n 20 /var/log/nginx/error.log").stdout

    def down(self) -> None:
        """Remove it."""
        self._lab.down()

    def _put(self, files: dict[str, str], then: str = "") -> subprocess.CompletedProcess[str]:
        """Write files, and run a command, in one connection."""
        lines = [
            f"mkdir -p {Path(path).parent}; base64 -d > {path} <<'E'\n{b64encode(text.encode()).decode()}\nE"
            for path, text in files.items()
        ]
        return self._host.run("sh -eu", stdin="\n".join([*lines, then]), timeout=90)


def operate(operation: str, variant: Variant) -> str:
    """Return the command of an operation."""
    return f"BENCH_WORKERS={variant.server.workers} python3 /srv/bench/operate.py {operation}"
