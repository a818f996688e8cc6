"""A git server for a lab, over HTTPS: applications are fetched from it as users' hosts fetch theirs.

There is one for each lab, on the bridge's address, with an authority of its own that the lab's hosts trust. It is this
file run as a program, in front of git's own CGI. On the next port it answers without TLS, and what is below `/led/` on
the first one leads there: for tests of what is not protected on its way.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LED = "/led/"


def folder_of(lab: str) -> Path:
    """Return where a lab's repositories and the authority of their server are."""
    from tests.lab.state import LABS

    return LABS / lab / "git"


def authority_of(lab: str) -> Path:
    """Return the certificate of the authority that a lab's hosts trust for it."""
    return folder_of(lab) / "ca.pem"


def _port(lab: str) -> int:
    return 10_000 + 2 * (zlib.crc32(lab.encode()) % 2000)


class Repository:
    """A repository of a lab, with a working tree next to it."""

    def __init__(self, lab: str, name: str, tree: Path) -> None:
        from tests.lab.network import GATEWAY

        path, port = f"{name}.git", _port(lab)
        self.url = f"https://{GATEWAY}:{port}/{path}"
        self.plain_url = f"http://{GATEWAY}:{port + 1}/{path}"
        self.led_url = f"https://{GATEWAY}:{port}{LED}{path}"  # to the plain one
        self.tree = tree
        self._bare = folder_of(lab) / "repositories" / path
        self.push_url = str(self._bare)  # over HTTPS it is only read

    def create(self, source: Path) -> None:
        """Begin with a copy of a folder's files, without what building and running left there."""
        shutil.rmtree(self.tree, ignore_errors=True)
        shutil.rmtree(self._bare, ignore_errors=True)
        shutil.copytree(source, self.tree, ignore=shutil.ignore_patterns("__pycache__", ".venv", ".*_cache"))
        _run("git", "init", "--quiet", "--bare", str(self._bare))
        self._git("init", "--quiet", "--initial-branch=main")
        self._git("config", "user.name", "asgi.deploy")
        self._git("config", "user.email", "dev@example.com")
        self._git("remote", "add", "origin", str(self._bare))

    def commit(self, tag: str) -> None:
        """Publish the working tree as it is now, under a tag."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", tag)
        self._git("tag", tag)
        self._git("push", "--quiet", "--tags", "origin", "main")

    def _git(self, *arguments: str) -> None:
        _run("git", "-C", str(self.tree), *arguments)


def _run(*command: str) -> None:
    from tests.lab.process import run

    run(list(command))


def prepare(lab: str) -> None:
    """Make the authority that the lab's hosts are to trust; before they are made."""
    from tests.lab.acme import make_certificates

    folder = folder_of(lab)
    folder.mkdir(parents=True, exist_ok=True)
    make_certificates(folder)


def up(lab: str) -> None:
    """Start the server unless it runs, and wait until it answers."""
    from tests.lab.network import GATEWAY
    from tests.lab.process import LabError, tail, wait_for
    from tests.lab.state import read_process, start_service

    folder = folder_of(lab)
    if read_process(folder / "server.json"):
        return
    prepare(lab)
    (folder / "repositories").mkdir(exist_ok=True)
    start_service(
        folder / "server", [sys.executable, __file__], {"FOLDER": str(folder), "AT": f"{GATEWAY}:{_port(lab)}"}
    )
    output = folder / "server.log"
    if not wait_for(lambda: "ready" in output.read_text(errors="replace"), 20, 0.1):
        raise LabError(f"the git server of lab {lab} does not start:\n{tail(output.read_text(errors='replace'), 15)}")


def down(lab: str) -> None:
    """End it; what it served goes with the lab."""
    from tests.lab.state import read_process

    if process := read_process(folder_of(lab) / "server.json"):
        process.end()


class Handler(BaseHTTPRequestHandler):
    """Hands each request to git's own CGI: git-http-backend(1)."""

    protocol_version = "HTTP/1.1"  # with lengths: GnuTLS takes no end of a connection for the end of an answer
    repositories = Path(os.environ.get("FOLDER", ".")) / "repositories"
    address, port = os.environ.get("AT", "127.0.0.1:0").split(":")
    plain = f"http://{address}:{int(port) + 1}/"

    def do_GET(self) -> None:
        """Answer a request."""
        if self.path.startswith(LED):
            self.send_response(302)
            self.send_header("Location", self.plain + self.path.removeprefix(LED))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            # They are of this lab, whatever published them.
            **{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"},
            **{"REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query},
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().splitlines()]
        headers = {name: value for name, _, value in lines}
        self.send_response(int(headers.pop("Status", "200").split()[0]) if done.returncode == 0 else 500)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET


def main() -> None:
    """Serve, with TLS on one port and without on the next."""
    folder = Path(os.environ["FOLDER"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    secure = ThreadingHTTPServer((Handler.address, int(Handler.port)), Handler)
    # Handshakes in the thread of their request: a slow one does not keep others waiting.
    secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    plain = ThreadingHTTPServer((Handler.address, int(Handler.port) + 1), Handler)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    print("ready", flush=True)
    secure.serve_forever()


if __name__ == "__main__":
    main()
