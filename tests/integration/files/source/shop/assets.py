"""What this application's build writes: a script that nginx serves, which says what the build was given."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

from shop import __version__


def reaches_network() -> bool:
    """Return whether there is a way to the network of the lab; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        return probe.connect_ex(("198.18.0.1", 9)) == 0


if __name__ == "__main__":
    text = json.dumps(
        {
            "version": __version__,
            "theme": os.environ.get("THEME"),
            "token": len(os.environ.get("TOKEN", "")),
            "of the application": os.environ.get("NAME"),
            "network": reaches_network(),
            "user": os.getuid() != 0,
        }
    )
    folder = Path("public/static/built")
    folder.mkdir()
    (folder / f"about.{int(__version__.replace('.', '')):08x}.json").write_text(text)
