"""A private index of packages for a lab: a folder of wheels, behind a name and a password, on the bridge's address.

It is this file run as a program; what is below `/open/` it gives to everybody. Below `/team/` is a second index, of the
wheels in the folder `team`, with a password of its own.
"""

from __future__ import annotations

import base64
import html
import os
import re
import sys
import zlib
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

_TEAM = "-of-the-team"  # what the password of the second index ends with


@dataclass(frozen=True)
class Index:
    """Where it is, and who may ask."""

    url: str
    username: str
    password: str

    @property
    def open(self) -> str:
        """Return where everybody may fetch files of the folder `open`."""
        return self.url.removesuffix("simple/") + "open/"

    @property
    def team(self) -> Index:
        """Return the second index."""
        return Index(self.url.removesuffix("simple/") + "team/simple/", self.username, f"{self.password}{_TEAM}")


def up(state_dir: Path, lab: str, folder: Path) -> Index:
    """Start it unless it runs; it serves what the folder holds at the time of each question."""
    from tests.lab.network import GATEWAY
    from tests.lab.state import read_process, start_service

    port = 20_000 + zlib.crc32(lab.encode()) % 10_000  # one for each lab
    username, password = "deploy", f"secret-of-{lab}"
    if read_process(state_dir / "index.json") is None:
        environment = {"INDEX": f"{GATEWAY}:{port}", "FOLDER": str(folder), "AUTH": f"{username}:{password}"}
        start_service(state_dir / "index", [sys.executable, __file__], environment)
    return Index(f"http://{GATEWAY}:{port}/simple/", username, password)


def down(state_dir: Path) -> None:
    """End it."""
    from tests.lab.state import read_process

    if process := read_process(state_dir / "index.json"):
        process.end()


def normalised(name: str) -> str:
    """Return a distribution's name as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Handler(BaseHTTPRequestHandler):
    """PEP 503, and files."""

    folder = Path(os.environ.get("FOLDER", "."))
    auth = "Basic " + base64.b64encode(os.environ.get("AUTH", "").encode()).decode()
    team_auth = "Basic " + base64.b64encode(f"{os.environ.get('AUTH', '')}{_TEAM}".encode()).decode()

    def do_GET(self) -> None:
        """Answer with a list of files, or a file."""
        kind, _, rest = unquote(self.path).strip("/").partition("/")
        folder, auth, top = self.folder, self.auth, ""
        if kind == "team":
            kind, _, rest = rest.partition("/")
            folder, auth, top = self.folder / "team", self.team_auth, "/team"
        if kind != "open" and self.headers.get("Authorization") != auth:
            self.answer(401, b"who asks?", "text/plain", {"WWW-Authenticate": 'Basic realm="index"'})
        elif kind == "simple" and rest:
            names = sorted(path.name for path in folder.glob("*.whl"))
            files = [name for name in names if normalised(name.split("-")[0]) == rest]
            elsewhere = folder / f"{Path(rest).name}.links"  # URLs of files on other hosts
            urls = [
                *(f"{top}/files/{name}" for name in files),
                *(elsewhere.read_text().split() if elsewhere.is_file() else ()),
            ]
            links = "".join(f'<a href="{url}">{html.escape(url.rpartition("/")[2])}</a>\n' for url in urls)
            self.answer(200 if urls else 404, links.encode(), "text/html")
        else:
            path = folder / ("open" if kind == "open" else "") / Path(rest).name
            result = path.is_file() and kind in ("open", "files")
            self.answer(200 if result else 404, path.read_bytes() if result else b"", "application/octet-stream")

    do_HEAD = do_GET

    def answer(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


if __name__ == "__main__":
    address, port = os.environ["INDEX"].split(":")
    ThreadingHTTPServer((address, int(port)), Handler).serve_forever()
