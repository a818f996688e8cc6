"""The table of attacks names tests that are there, each with a control; the pages promise what a row holds."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter

import pytest

from tests import ROOT
from tests.attacks import pages
from tests.attacks.promises import PROMISES, TRUST
from tests.attacks.rows import LEAST, Party, Row
from tests.attacks.table import TABLE

PROOFS = [(row, proof) for row in TABLE for proof in row.proofs]
NAMED = sorted({item for _, proof in PROOFS for item in (proof.test, proof.control)})
NAMES = {row.name for row in TABLE}


def of_pytest(name: str) -> bool:
    return name.partition("::")[0].rpartition("/")[2].startswith("test_")


@pytest.fixture(scope="module")
def collected() -> set[str]:
    """Return the tests that pytest finds in the files that are named, with and without their cases."""
    files = sorted({name.partition("::")[0] for name in NAMED if of_pytest(name)})
    argv = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", *files]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    tests = {line for line in done.stdout.splitlines() if "::" in line}
    return tests | {test.partition("[")[0] for test in tests}


def test_each_test_that_is_named_is_there(collected: set[str]) -> None:
    assert [name for name in NAMED if of_pytest(name) and name not in collected] == []


@pytest.mark.parametrize("name", [name for name in NAMED if not of_pytest(name)])
def test_each_function_of_a_campaign_is_there(name: str) -> None:
    """Its case, if it has one, is a text in the file."""
    file, _, rest = name.partition("::")
    function, _, case = rest.removesuffix("]").partition("[")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert not case or case in texts, f"{file} has no {case!r}"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_each_row_has_a_test_and_another_one_where_nothing_protects(row: Row) -> None:
    assert row.proofs
    for proof in row.proofs:
        assert proof.test != proof.control
    assert row.tried and row.holds and "|" not in row.tried + row.holds


def test_each_party_has_enough_rows() -> None:
    assert len(NAMES) == len(TABLE), "two rows have one name"
    rows = Counter(row.who for row in TABLE)
    few = [f"{party.value}: {rows[party]}" for party in Party if party is not Party.NETWORK and rows[party] < LEAST]
    assert few == [], f"expected {LEAST} rows of each"


@pytest.mark.parametrize(
    "promise", [*PROMISES, *(item for item in TRUST if item.may_not)], ids=lambda value: value.rows[0]
)
def test_what_is_promised_has_rows(promise: object) -> None:
    rows = getattr(promise, "rows", ())
    assert rows and set(rows) <= NAMES, sorted(set(rows) - NAMES)


@pytest.mark.parametrize("page", [pages.SECURITY, pages.SANDBOX])
def test_pages_are_current(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text == pages.with_parts(page, text), "write it again: make docs"
    for mark in pages.parts(page):
        assert f"<!-- {mark} -->\n| " in text or f"<!-- {mark} -->\n\n### " in text, f"{page} has no part {mark}"


def test_the_page_on_security_has_no_other_table() -> None:
    """One that is written by hand would promise what no row holds."""
    text = (ROOT / pages.SECURITY).read_text(encoding="utf-8")
    for mark in pages.parts(pages.SECURITY):
        head, _, rest = text.partition(f"<!-- {mark} -->")
        text = head + rest.partition(f"<!-- /{mark} -->")[2]
    assert "|" not in text
