"""The documentation site takes pages and files from outside `docs`: mkdocs calls what is here, as mkdocs.yml says.

Links are written for who reads the files in the repository, as in `../CONTRIBUTING.md`. In the site, what lies in the
repository's top lies next to the pages.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

TOP = Path(__file__).resolve().parents[2]  # mkdocs loads this file by its path, and cannot import `tests`
DOCS = "docs/"
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)#\s]+)")
FENCE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take along what pages link to, and what is in the navigation."""
    named = {entry for entry in flat(config["nav"]) if files.get_file_from_path(entry) is None}
    for file in list(files.documentation_pages()):
        named |= {path for path in leads_to(file.content_string, file.src_uri) if not path.startswith(DOCS)}
    for path in sorted(named):
        if (TOP / path).is_file():  # of others mkdocs says that they are missing
            files.append(File.generated(config, path, abs_src_path=str(TOP / path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Point links to where their files lie in the site."""
    here = page.file.src_uri

    def moved(link: re.Match[str]) -> str:
        return posixpath.relpath(target(link[1], here).removeprefix(DOCS), posixpath.dirname(here) or ".")

    parts = FENCE.split(markdown)
    parts[::2] = [LINK.sub(moved, part) for part in parts[::2]]
    return "".join(parts)


def leads_to(markdown: str, here: str) -> Iterator[str]:
    """Yield the files that a page links to, by their paths in the repository."""
    for part in FENCE.split(markdown)[::2]:
        for link in LINK.finditer(part):
            yield target(link[1], here)


def target(link: str, here: str) -> str:
    """Return a file of the repository, from a link of the page `here` of the site."""
    inside = (TOP / DOCS / here).is_file()
    return posixpath.normpath(posixpath.join(posixpath.dirname(f"{DOCS if inside else ''}{here}"), link))


def flat(entries: Any) -> Iterator[str]:
    """Yield the pages of the navigation."""
    if isinstance(entries, str):
        yield entries
    else:
        for entry in entries.values() if isinstance(entries, dict) else entries:
            yield from flat(entry)
