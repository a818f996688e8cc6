"""The parts of docs/security.md and docs/sandbox.md that are made from the table: `make docs` writes them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.attacks.promises import PROMISES, TRUST
from tests.attacks.rows import Party, Row
from tests.attacks.table import TABLE

SECURITY, SANDBOX = "docs/security.md", "docs/sandbox.md"
IN_SANDBOX = {Party.APPLICATION}  # described there, and not twice


def with_parts(page: str, text: str) -> str:
    """Return the text of a page with the parts that are between its marks as they are now."""
    for mark, lines in parts(page).items():
        head, begin, rest = text.partition(f"<!-- {mark} -->\n")
        _old, end, tail = rest.partition(f"<!-- /{mark} -->\n")
        text = "".join([head, begin, *(f"{line}\n" for line in lines), end, tail])
    return text


def parts(page: str) -> dict[str, list[str]]:
    """Return the lines of each part of a page, by its mark."""
    if page == SANDBOX:
        return {"attacks": list(attacks(Party.APPLICATION))}
    return {"promises": list(promises()), "trust": list(trust()), "attacks": list(all_attacks())}


def promises() -> Iterator[str]:
    """Yield a table of what is done."""
    yield from ("| against | what is done | described in |", "|---|---|---|")
    yield from (f"| {promise.against} | {promise.done} | {promise.described_in} |" for promise in PROMISES)


def trust() -> Iterator[str]:
    """Yield a table of who may do what."""
    yield from ("| who | may | may not |", "|---|---|---|")
    yield from (f"| {item.who} | {item.may} | {item.may_not} |" for item in TRUST)


def all_attacks() -> Iterator[str]:
    """Yield the tables of the parties that have no page of their own, each with a heading."""
    for party in Party:
        yield from ("", f"### {party.value}", "")
        if party in IN_SANDBOX:
            yield "[What an attacker reaches](sandbox.md#what-an-attacker-reaches) has its table."
        else:
            yield from attacks(party)
    yield ""


def attacks(party: Party) -> Iterator[str]:
    """Yield the table of a party."""
    yield from ("| tries | what stops it | tests |", "|---|---|---|")
    yield from (f"| {row.tried} | {row.holds} | {links(row)} |" for row in TABLE if row.who is party)


def links(row: Row) -> str:
    """Return links to the files with a row's tests and controls."""
    files = dict.fromkeys(item.partition("::")[0] for proof in row.proofs for item in (proof.test, proof.control))
    return ", ".join(f"[{name(file)}](../{file})" for file in files)


def name(file: str) -> str:
    """Return a file's name in words: `sandbox attacks` for tests/integration/sandbox/test_attacks.py."""
    *_, folder, last = file.removesuffix(".py").split("/")
    return f"{folder} {last.removeprefix('test_')}".replace("_", " ")
