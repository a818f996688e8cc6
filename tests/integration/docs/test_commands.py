"""Every command of the documentation, as its readers run it, and what it prints there."""

from __future__ import annotations

import json
from concurrent.futures import Future

import pytest

from tests.integration.docs.conftest import MIGRATING
from tests.integration.docs.reader import Reader
from tests.project import pages
from tests.traffic import Report

# What each leaves is undone by another one.
PLAYBOOK = "ansible-playbook asgi.deploy."
BACK = {
    f"{PLAYBOOK}maintenance -e asgi_maintenance=true": f"{PLAYBOOK}maintenance -e asgi_maintenance=false",
    f"{PLAYBOOK}pause": f"{PLAYBOOK}resume",
    f"{PLAYBOOK}stop": f"{PLAYBOOK}start",
}
LAST = f"{PLAYBOOK}remove -e asgi_app=shop"
REQUESTS = ("6f1c0d0f5d8f4b0e9f5c1b8f2a7e3d4c", "5f0c6f2b1d5e4e0c8f0b2f6a1c9d7e3a")  # those that pages look for


def followed(command: pages.Command) -> bool:
    """Return whether it is one of a page that is followed on a host of its own."""
    return command.page == MIGRATING and command.inside_block


def distinct() -> list[str]:
    """Return the commands that no page has in an order of its own to be followed; what removes all comes last."""
    result = dict.fromkeys(command.plain for command in pages.commands() if command.runs and not followed(command))
    return sorted(result, key=lambda text: text == LAST)


def test_the_start_serves_releases_and_goes_back(reader: Reader) -> None:
    versions = [json.loads(answer)["version"] for answer in reader.printed["curl https://shop.example.com/version"]]
    assert versions == ["1.4.2", "1.5.0", "1.4.2"]


@pytest.mark.parametrize("text", distinct())
def test_a_command_prints_what_pages_show(reader: Reader, text: str) -> None:
    shown = [command for command in pages.commands() if command.plain == text and not followed(command)]
    if text not in reader.printed:
        if shown[0].prompt == pages.HOST or "asgi_request" in text:
            for request in REQUESTS:
                reader.ask("/cart", request)
        reader.run(shown[0])
        if text in BACK:
            reader.run(pages.Command(shown[0].page, pages.CONTROLLER, BACK[text]))
    for command in shown:
        lacking = [pages.missing(command.shown, printed) for printed in reader.printed[text]]
        printed = "\n".join(reader.printed[text])
        assert [] in lacking, f"{command.page}: {text} did not print {lacking}, but\n{printed}"


def test_who_moves_loses_no_visitor(moving: Future[tuple[Reader, Report]]) -> None:
    reader, report = moving.result()
    assert report.requests > 100 and report.failures == 0, str(report)
    assert {release.version for release in report.releases} == {"old", "1.4.2"}, str(report)
    assert reader.host.run("cat /srv/asgi/shop/current/src/uploads/picture").stdout == "a picture\n"
    for command in pages.commands():
        if followed(command) and command.shown:
            lacking = [pages.missing(command.shown, printed) for printed in reader.printed[command.plain]]
            assert [] in lacking, lacking
