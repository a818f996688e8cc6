"""Applications that have a server of a name in nginx, from the files of their sites."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NGINX

_FILE = re.compile(r"^# configuration file (.+):$", re.MULTILINE)  # as nginx -T has it before each
_COMMENT = re.compile(r"#.*")
_SITE = re.compile(rf"{re.escape(str(NGINX))}/sites/([a-z0-9-]+)\.conf")
_OURS = f"include {NGINX}/http"  # http.conf or https.conf, which begin our servers
_NAMES = re.compile(r"^\s*server_name ([^;]+);", re.MULTILINE)


def server_owners(names: Collection[str], folder: Path = Path(NGINX, "sites")) -> list[str]:
    """Return the applications that have a server with one of these names, as server_name of nginx has them."""
    owners = []
    for file in sorted(folder.glob("*.conf")) if names else []:
        text = file.read_text(encoding="utf-8", errors="replace")
        if not {name for line in _NAMES.findall(text) for name in line.split()}.isdisjoint(names):
            owners.append(file.stem)
    return owners


def servers_on(port: int) -> list[str]:
    """Return which applications, and which files of others, have a server of nginx on one of its two public ports.

    The default servers are not among them.
    """
    return listening(run_unchecked(["nginx", "-T", "-q"]).stdout, port)


def listening(configuration: str, port: int) -> list[str]:
    """Return the names of applications and the paths of other files that listen on a port.

    Args:
        configuration: what `nginx -T` shows.
        port: 80 or 443. Sites of this collection listen on both, and a server that says nothing listens on 80.
    """
    _main, *parts = _FILE.split(configuration)
    found = []
    for path, text in zip(parts[::2], parts[1::2]):
        text = _COMMENT.sub("", text)
        if not re.search(r"\bserver\s*\{", text):
            continue
        if site := _SITE.fullmatch(path):
            found.append(site[1])
        elif not path.startswith(f"{NGINX}/") and _listens(text, port):
            found.append(path)
    return found


def _listens(text: str, port: int) -> bool:
    ports = {int(one) for one in re.findall(r"\blisten\s+(?:\S*:)?(\d{1,5})\b[^;]*;", text)}
    return port in ports or _OURS in text or (port == 80 and not ports)
