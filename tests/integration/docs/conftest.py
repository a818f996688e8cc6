"""Two readers: one with a bare host, who goes through all pages, and one whose application is served already."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.docs.reader import Reader
from tests.integration.hosts import LAB, MOVED, READER
from tests.project import pages
from tests.traffic import Report, Traffic

START, MIGRATING = "docs/start.md", "docs/migrating.md"
USUAL = Path(__file__).with_name("usual.sh")


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Future[tuple[Reader, Report]]]:
    """Yield the host that is moved to, for the time between: it has nothing to wait for."""
    reader = Reader(LAB.host(MOVED), tmp_path_factory.mktemp("moved"))
    with ThreadPoolExecutor() as pool:
        yield pool.submit(moved, reader)


def moved(reader: Reader) -> tuple[Reader, Report]:
    """Follow the page under visitors, with the root of both certificates."""
    reader.begin(MIGRATING)
    script = f"export DOMAIN={reader.domain}\n{USUAL.read_text()}"
    reader.host.run("bash -s", stdin=script, timeout=300)
    old = reader.host.run(f"cat /etc/letsencrypt/live/{reader.domain}/fullchain.pem").stdout
    roots = reader.folder / "roots.pem"
    roots.write_text(old + LAB.acme_root.read_text())
    reader.trust(roots)
    # nginx is reloaded, which closes kept connections; these visitors keep none.
    traffic = Traffic(f"https://{reader.domain}", connect=reader.host.address, ca=roots, seconds=900, new=3, pause=0.2)
    with traffic as flow:
        for command in (
            item for item in pages.commands() if item.page == MIGRATING and item.inside_block and item.runs
        ):
            reader.run(command)
    return reader, flow.report


@pytest.fixture(scope="session")
def reader(moving: object, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Return the one who begins, and has done what the first page shows."""
    reader = Reader(LAB.host(READER), tmp_path_factory.mktemp("reader"))
    reader.begin(START)
    for command in (item for item in pages.commands() if item.page == START and item.inside_block and item.runs):
        reader.run(command)
    return reader
