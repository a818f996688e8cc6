"""Check the commits since START: `make lint-history`.

Each has a subject of at most 72 characters and a body that says why. A range of commits that is not in origin/main yet,
and that changes plugins or roles, adds a fragment for the changelog. Nothing is checked where git has no such commits:
in a shallow clone of an older commit, or without a repository.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests import ROOT

START = 1_796_083_200  # 2026-12-01, in seconds of the epoch; before, commits had other forms
LONGEST = 72  # characters of a subject
UPSTREAM = "origin/main"
FRAGMENTS = "changelogs/fragments/"
CODE = ("plugins/", "roles/")


class Commit(NamedTuple):
    """A commit, and the files that it changes."""

    name: str
    subject: str
    body: str
    files: tuple[str, ...]


def commits(repository: Path, revisions: str, start: int = START) -> list[Commit]:
    """Return the commits of a range since a time, without merges; none where the range names what is not there.

    Args:
        repository: A folder in a clone.
        revisions: As git log takes them, such as `HEAD` or `origin/main..HEAD`.
        start: The oldest committer's time, in seconds of the epoch.
    """
    command = [
        "git",
        "-C",
        str(repository),
        "log",
        "--no-merges",
        "--name-only",
        "--format=%x1e%h%x1f%ct%x1f%s%x1f%b%x1f",
    ]
    done = subprocess.run([*command, revisions, "--"], capture_output=True, text=True, check=False)
    if done.returncode:
        return []
    entries = [entry.split("\x1f") for entry in done.stdout.split("\x1e")[1:]]
    return [
        Commit(name, subject, body.strip(), tuple(files.split("\n")[2:-1]))
        for name, time, subject, body, files in entries
        if int(time) >= start
    ]


def form_errors(all_commits: Iterable[Commit]) -> list[str]:
    """Return a message for each commit whose subject is too long, or that has no body."""
    messages = []
    for commit in all_commits:
        if len(commit.subject) > LONGEST:
            messages.append(
                f"{commit.name}: found a subject of {len(commit.subject)} characters, expected at most {LONGEST}"
            )
        if not commit.body:
            messages.append(f"{commit.name}: found no body, expected one that says why, below an empty line")
    return messages


def fragment_errors(all_commits: Iterable[Commit]) -> list[str]:
    """Return a message if commits change plugins or roles, and none of them adds or changes a fragment."""
    files = {file for commit in all_commits for file in commit.files}
    changed = sorted(file for file in files if file.startswith(CODE))
    if not changed or any(file.startswith(FRAGMENTS) for file in files):
        return []
    return [
        f"{changed[0]}: found no fragment in {FRAGMENTS} for this change, expected one, as in {FRAGMENTS}NAME.yml;"
        " section trivial if users notice nothing"
    ]


def main(repository: Path = ROOT) -> list[str]:
    """Return the messages for a clone."""
    return form_errors(commits(repository, "HEAD")) + fragment_errors(commits(repository, f"{UPSTREAM}..HEAD"))


if __name__ == "__main__":
    if messages := main():
        sys.exit("\n".join(messages))
