"""Nothing in the pages is passed over, leads nowhere, or names what is not there; the site is whole by itself."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests import ROOT
from tests.lab import cli
from tests.project import pages

NAMED = re.compile(r"(?<!ansible_collections\.)\basgi\.deploy\.([a-z_]+)")
PLAYBOOKS = {file.stem for file in (ROOT / "playbooks").glob("*.yml")}
# What a message of the page on messages leaves open: `…`, and the values that stand for others.
OPEN = re.compile(r"…|/ready|\b\d+\b|,(?= at the gate)")
MADE = ("build", "tests/output")  # by make, and by ansible-test
# Words of programs of others.
FOREIGN = ("UNREACHABLE", "Confirm firewall and sshd by a new connection", "gate.timeout")


def test_each_block_says_what_it_is() -> None:
    assert {block.kind for block in pages.blocks()} == pages.KINDS


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_no_block_is_hidden(page: Path) -> None:
    """An indented block says nothing of itself, so no test would run it."""
    lines = pages.prose(page).splitlines()
    hidden = [line for before, line in zip(["", *lines], lines, strict=False) if not before and line.startswith("    ")]
    assert hidden == []


def test_each_command_is_run_or_said_why_not() -> None:
    commands = pages.commands()
    for command in commands:
        program = shlex.split(command.text)[0]
        known = command.targets or command.of_lab or command.reason or program in pages.RUN[command.prompt]
        assert known, f"{command.page}: {command.text}: who runs this?"
    gone = [words for words in pages.NOT_RUN if not any(command.begins(words) for command in commands)]
    assert gone == [], "no page has these any more"


@pytest.mark.parametrize(
    "block", [block for block in pages.blocks() if block.kind == "console"], ids=lambda value: value.page
)
def test_a_block_of_commands_is_for_one_machine(block: pages.Block) -> None:
    """A reader pastes it into one terminal."""
    assert len({command.prompt for command in pages.of_block(block)}) == 1, block.text


def test_what_is_printed_is_compared_by_its_shape() -> None:
    shown = ["HOST  STATE  SINCE", "web1  ok     3 d"]
    assert pages.missing(shown, "HOST              STATE  SINCE\nweb1.example.com  ok     12 s\n") == []
    assert pages.missing(shown, "HOST  SINCE\nweb1  unwell  3 d\n") == shown
    assert pages.missing(['{"version":"1.4.2",', '"pid":4711}'], '{"version": "1.5.0"}') == ["pid"]


def test_each_target_is_there() -> None:
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for command in pages.commands() for target in command.targets}
    assert len(named) > 10
    assert named - made == set()


def test_each_name_is_one_of_the_collection() -> None:
    kinds = ("roles", "playbooks", "plugins/modules", "plugins/filter", "plugins/lookup", "plugins/action")
    there = {file.stem for kind in kinds for file in (ROOT / kind).iterdir()}
    for page in pages.PAGES:
        named = set(NAMED.findall(page.read_text(encoding="utf-8")))
        assert named - there == set(), pages.name(page)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_each_file_that_is_named_is_there(page: str) -> None:
    """Words in capitals stand for others, and the role motd is made by a recipe."""
    named = re.findall(
        r"`((?:\.github|docs|molecule|playbooks|plugins|roles|tests)/[\w./]+)`", (ROOT / page).read_text()
    )
    assert len(named) > 10
    gone = [path for path in named if not re.search(r"[A-Z]|motd", path) and not (ROOT / path).exists()]
    assert gone == []


def test_each_type_that_a_run_passes_on_is_one() -> None:
    section = (ROOT / "docs/architecture.md").read_text().partition("## One run\n")[2].partition("\n### ")[0]
    named = set(re.findall(r"`([A-Z][A-Za-z]+)`", section))
    assert len(named) > 5
    defined = {
        actual
        for file in (ROOT / "plugins").rglob("*.py")
        for actual in re.findall(r"^class (\w+)", file.read_text(), re.M)
    }
    assert named - defined == set()


def test_each_command_of_the_lab_is_one() -> None:
    commands = [command.of_lab for command in pages.commands() if command.of_lab]
    assert len(commands) > 10
    for words in commands:
        cli.parser().parse_args(words)


def test_each_playbook_is_there_and_has_the_variables_it_is_given() -> None:
    """Ansible takes any word after -e, and one that nothing reads has no effect."""
    commands = [command for command in pages.commands() if command.playbook]
    assert len(commands) > 20
    for command in commands:
        assert command.playbook in PLAYBOOKS, f"{command.page}: {command.text}"
        assert set(command.variables) - read_by(command.playbook) == set(), f"{command.page}: {command.text}"


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_each_variable_that_is_named_is_one_of_a_playbook(page: Path) -> None:
    named = set(pages.VARIABLE.findall(page.read_text(encoding="utf-8")))
    assert named - set().union(*map(read_by, PLAYBOOKS)) == set()


@cache
def read_by(playbook: str) -> set[str]:
    """Return the variables that a playbook reads, by itself or by what all of them share."""
    folder = ROOT / "playbooks"
    files = [folder / f"{playbook}.yml", *folder.glob("*/*.yml")]
    return {name for file in files for name in re.findall(r"\basgi_\w+", file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
def test_each_playbook_is_described(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert {
        name for name in PLAYBOOKS if not re.search(rf"`(asgi\.deploy\.)?{name}`|playbook asgi\.deploy\.{name}\b", text)
    } == set()


def test_each_folder_is_described() -> None:
    named = re.findall(r"`([a-z_/]+)/`", (ROOT / "README.md").read_text(encoding="utf-8"))
    there = {path.relative_to(ROOT) for top in (ROOT, ROOT / "tests") for path in top.iterdir() if path.is_dir()}
    folders = {str(path) for path in there if re.fullmatch(r"[a-z]+(/[a-z]+)?", str(path))} - {"tests", *MADE}
    assert {folder for folder in folders if not any(f"{name}/".startswith(f"{folder}/") for name in named)} == set()


def messages() -> Iterator[str]:
    """Yield those that the page on messages explains and that are the collection's own: before what visitors see."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8").partition("## The run went well")[0]
    for row in re.findall(r"^\| (`.*?) \| ", text, re.MULTILINE):
        yield from re.findall(r"`([^`]+)`", row)


@pytest.mark.parametrize("message", list(messages()))
def test_each_message_is_said_somewhere(message: str) -> None:
    parts = [part.strip(" …,:;") for part in OPEN.split(message)]
    for part in (part for part in parts if len(part) > 3 and message not in FOREIGN):
        assert part in sources(), part


def sources() -> str:
    """Return all text of the plugins, roles and playbooks, with the pieces of a string put together."""
    files = [file for kind in ("plugins", "roles", "playbooks") for file in (ROOT / kind).rglob("*")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.suffix in (".py", ".yml"))
    return re.sub(r"\"\s*\n\s*f?\"", "", text)


class Fetched(HTMLParser):
    """What a page has a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attribute = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}.get(tag)
        self.addresses += [value for key, value in attrs if key == attribute and value]


def test_the_site_is_whole_by_itself(tmp_path: Path) -> None:
    """Built strictly: a link that leads nowhere, or a page that is in no menu, fails."""
    # Not quietly, which drops the warnings that count.
    argv = [str(Path(sys.executable).with_name("mkdocs")), "build", "--strict", f"--site-dir={tmp_path}"]
    done = subprocess.run(
        argv, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "Documentation built" in done.stderr, done.stdout + done.stderr
    built = list(tmp_path.rglob("*.html"))
    assert len(built) > len(list((ROOT / "docs").glob("*.md")))
    for page in built:
        browser = Fetched()
        browser.feed(page.read_text(encoding="utf-8"))
        assert browser.addresses
        assert [address for address in browser.addresses if re.match(r"(https?:)?//", address)] == [], page
    for sheet in tmp_path.rglob("*.css"):
        assert not re.search(r"(url\(|@import )[\"']?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet
