"""The application of the documentation: the example, with what pages show of it."""

from __future__ import annotations

from pathlib import Path

from tests import ROOT
from tests.lab import Lab

NAME = "docs"
SOURCE = ROOT / "examples" / "shop"
USERS = 'if __name__ == "__main__":\n    print("ada")\n'
CART = '''

@app.get("/cart")
async def cart() -> None:
    """Logs what docs/logs-and-health.md shows."""
    import logging

    try:
        raise RuntimeError("the card was declined")
    except RuntimeError:
        logging.getLogger("shop.cart").error("payment failed", extra={"order": 7}, exc_info=True)
'''


def publish(lab: Lab, tree: Path) -> None:
    """Publish the versions that pages name."""
    repository = lab.repository(NAME, tree)
    repository.create(SOURCE)
    (tree / "shop" / "users.py").write_text(USERS)
    with (tree / "shop" / "main.py").open("a") as main:
        main.write(CART)
    about = tree / "shop" / "__init__.py"
    text = about.read_text()
    for version in ("1.4.2", "1.5.0"):
        about.write_text(text.replace("1.0.0", version))
        repository.commit(f"v{version}")
