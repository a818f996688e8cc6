"""Each application of the table, released for real on Debian 12 and 13, next to all others: `make projects`.

Then the pages with recipes, each followed on a host of its own. `PROJECTS="uv flat datasette"` tries some.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tests import ROOT
from tests.clients import https
from tests.integration.hosts import LAB, Run, playbook
from tests.lab import Lab, LabError
from tests.projects.recipes import RECIPES, Recipe, Visitor, domain_of, follow
from tests.projects.refused import REFUSED, Refused
from tests.projects.sources import published
from tests.projects.table import PROJECTS, Project

HOSTS = {"debian12": "bookworm", "debian13": "trixie"}
HOME = ROOT / ".cache" / "projects"
INVENTORY = HOME / "inventory.yml"
TOGETHER = 6  # applications in one run
COLUMNS = "{:18}{:24}{:15}{:15}{:15}{:11}{:10}{:10}{:>4}"
OF_A_HOST = "{{ inventory_hostname }}"


def site_of(lab: Lab, row: Project | Refused, host: str) -> str:
    return f"{row.name}.{host}.{lab.name}.test"


def entry_of(lab: Lab, row: Project | Refused) -> dict[str, Any]:
    """Publish the source of an application, and return its entry."""
    if isinstance(row, Project):
        source, options = published(lab, HOME, row.name, row.files(), row.source), row.entry()
    else:
        source, options = published(lab, HOME, row.name, row.files), {"module": "main:app", **row.entry}
    lab.set_dns({site_of(lab, row, host): host for host in HOSTS})
    return {"name": row.name, "domains": [site_of(lab, row, OF_A_HOST)], **source, **options}


def release(lab: Lab, *rows: Project | Refused) -> Run:
    """Release applications on each host, and return how that went."""
    entries = [entry_of(lab, row) for row in rows]
    return playbook("--extra-vars", json.dumps({"asgi_apps": entries}), inventories=(INVENTORY,))


def release_together(lab: Lab, rows: Sequence[Project]) -> None:
    """Release what must serve by few runs, since one run with many applications takes less than one for each.

    How it goes does not count: where one fails, it and those after it are released one by one.
    """
    for first in range(0, len(rows), TOGETHER):
        some = rows[first : first + TOGETHER]
        began = time.monotonic()
        release(lab, *some)
        print(f"{' '.join(row.name for row in some)}: {time.monotonic() - began:.0f} s together", flush=True)


def error_on(lab: Lab, host: str, row: Project | Refused, run: Run) -> str | None:
    """Return what is not as the row says on a host."""
    failed = run.counts(host)["failed"] > 0
    if isinstance(row, Refused):
        if not failed:
            return "was not refused"
        printed = " ".join(run.output.replace("\\n", " ").split())
        return None if row.text in printed else f"was refused without {row.text!r}"
    if failed:
        return "could not be released"
    for path, text in row.answers().items():
        answer = https.wait(site_of(lab, row, host), lab.host(host).address, lab.acme_root, path)
        if answer.status_code != 200 or answer.text.strip() != text:
            return f"{path} answers {answer.status_code} {answer.text[:200]!r}, expected {text!r}"
    return None


def line(row: Project | Refused, cells: Mapping[str, str], seconds: float) -> str:
    """Return a line of the table."""
    results = [cells[host] for host in HOSTS]
    if isinstance(row, Project):
        return COLUMNS.format(
            row.name, row.style, row.framework, row.server, row.build, row.source, *results, f"{seconds:.0f}"
        )
    return COLUMNS.format(row.name, "", "", "", "", "git", *results, f"{seconds:.0f}")


def try_row(lab: Lab, row: Project | Refused) -> bool:
    """Release a row, show its line, and return whether all is as it says."""
    began = time.monotonic()
    run = release(lab, row)
    errors = {host: error_on(lab, host, row, run) for host in HOSTS}
    good = "refused" if isinstance(row, Refused) else "serves"
    cells = {host: "WRONG" if error else good for host, error in errors.items()}
    print(line(row, cells, time.monotonic() - began), flush=True)
    wrong = {host: error for host, error in errors.items() if error}
    for host, error in wrong.items():
        print(f"  {host}: {error}", flush=True)
    if wrong:
        print(run.output[-8000:], flush=True)
    return not wrong


def try_recipe(lab: Lab, recipe: Recipe) -> bool:
    """Follow a page on a host of its own, show its line, and return whether it keeps its promise."""
    began = time.monotonic()
    folder = HOME / recipe.name
    shutil.rmtree(folder, ignore_errors=True)
    lab.up({recipe.name: "trixie"})
    host, error = lab.host(recipe.name), ""
    try:
        follow(recipe, lab, host, folder)
        recipe.visit(Visitor(domain_of(recipe, lab), host.address, lab.acme_root), folder)
    except (LabError, OSError, httpx.HTTPError) as failure:
        error = str(failure)
    print(f"{recipe.page:30}{'WRONG' if error else 'as it says'}, {time.monotonic() - began:.0f} s", flush=True)
    if error:
        print(error, flush=True)
    return not error


def chosen(names: str) -> list[Project | Refused | Recipe]:
    """Return the rows and recipes that are named, or all if none is.

    Raises:
        LabError: there is none of a name.
    """
    rows: dict[str, Project | Refused | Recipe] = {row.name: row for row in (*PROJECTS, *REFUSED, *RECIPES)}
    if unknown := set(names.split()) - set(rows):
        raise LabError(f"PROJECTS: found {', '.join(sorted(unknown))}, expected some of {', '.join(rows)}")
    return [rows[name] for name in names.split() or rows]


def main() -> int:
    """Try the rows, and return the exit status."""
    rows = chosen(os.environ.get("PROJECTS", ""))
    lab = Lab(f"{LAB.name}-projects")
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        lab.up(HOSTS, print)
        lab.acme_up(step=print)
        INVENTORY.write_text(lab.inventory("asgi", acme=True) + "    certificate_email: ops@example.com\n")
        wrong = [row.name for row in rows if isinstance(row, Recipe) and not try_recipe(lab, row)]
        release_together(lab, [row for row in rows if isinstance(row, Project)])
        print(COLUMNS.format("row", "style", "framework", "server", "build", "source", "Debian 12", "Debian 13", "s"))
        wrong += [row.name for row in rows if not isinstance(row, Recipe) and not try_row(lab, row)]
    finally:
        lab.down(print)
    print(f"{len(rows) - len(wrong)} of {len(rows)} are as they say")
    if wrong:
        print(f"PROJECTS={json.dumps(' '.join(wrong))} make projects tries the others again")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"error: {error}")
