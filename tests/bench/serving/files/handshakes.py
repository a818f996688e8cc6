"""Runs on the host: shakes hands over and over, and prints how often, and how many sessions were resumed, as JSON."""

import json
import multiprocessing
import socket
import ssl
import sys
import time


def main(name: str, port: str, kind: str, seconds: str, processes: str) -> None:
    arguments = [(name, int(port), kind == "resumed", float(seconds))] * int(processes)
    with multiprocessing.Pool(len(arguments)) as pool:
        counts = pool.starmap(shake, arguments)
    print(json.dumps(dict(zip(("handshakes", "resumed", "errors"), map(sum, zip(*counts)), strict=True))))


def shake(name: str, port: int, resume: bool, seconds: float) -> tuple[int, int, int]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the server's cost is asked for
    session = ask(context, name, port) if resume else None
    handshakes = resumed = errors = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with (
                socket.create_connection((name, port), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname=name, session=session) as secure,
            ):
                handshakes += 1
                resumed += bool(secure.session_reused)
        except OSError:
            errors += 1
    return handshakes, resumed, errors


def ask(context: ssl.SSLContext, name: str, port: int) -> ssl.SSLSession:
    """Return the session of a connection; TLS 1.3 gives it with the first answer."""
    with (
        socket.create_connection((name, port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        secure.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        while secure.recv(65536):
            pass
        if not secure.session:
            raise ValueError(f"{name}:{port} gave no session to resume")
        return secure.session


if __name__ == "__main__":
    main(*sys.argv[1:])
