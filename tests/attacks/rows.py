"""What a row of the table of attacks is, and proofs of many attacks at once; see table.py."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

INTEGRATION, UNIT = "tests/integration", "tests/unit"
ATTACKS = f"{INTEGRATION}/sandbox/test_attacks.py"
BUILDING = f"{INTEGRATION}/sandbox/test_building.py"
HOSTS = f"{INTEGRATION}/sandbox/test_hosts.py"
RACES = f"{INTEGRATION}/sandbox/test_races.py"
SERVES = f"{INTEGRATION}/sandbox/test_serves.py"
HOSTILE = f"{INTEGRATION}/web/test_hostile.py"
SITE = f"{INTEGRATION}/web/test_site.py"
QUIC = f"{INTEGRATION}/web/test_quic.py"
UPGRADES = f"{INTEGRATION}/web/test_upgrades.py"
UNPROTECTED = f"{INTEGRATION}/web/test_unprotected.py"
DIRECT = f"{INTEGRATION}/direct/test_direct.py"
SECRETS = f"{INTEGRATION}/deploy/test_secrets.py"
HARDENING = f"{INTEGRATION}/hardening/test_hardening.py"
CLOUD = f"{INTEGRATION}/direct/test_cloud.py"
OUTGOING = f"{INTEGRATION}/direct/test_bounds.py"
JOURNAL = f"{INTEGRATION}/sandbox/test_journal.py"
SUPPLIES = f"{INTEGRATION}/sources/test_supply_chain.py"
TRUST = f"{INTEGRATION}/sources/test_trust.py"
BOUNDS = "tests/runtime/test_bounds.py"
VM = "tests/campaigns/exhaustion.py"
PLAIN = f"{UNIT}/behaviour/test_unprotected.py"
RESULTS = f"{UNIT}/controller/common/test_host_results.py"
GIT = f"{UNIT}/host/source/test_git.py"
SIGNATURES = f"{UNIT}/host/source/test_signatures.py"
ARCHIVES = f"{UNIT}/host/source/test_archives.py"
FILES = f"{UNIT}/host/system/test_untrusted_files.py"
REQUIREMENTS = f"{UNIT}/host/build/test_requirements.py"
INDEXES = f"{UNIT}/host/build/test_package_sources_confusion.py"
WHEELHOUSE = f"{UNIT}/controller/app/test_wheel_requirements.py"
ADDITIONS = f"{UNIT}/host/release/test_additions.py"


class Party(Enum):
    """Who attacks."""

    HOST = "A host that was broken into"
    REPOSITORY = "A repository"
    BUILD = "What builds an environment"
    APPLICATION = "An application"
    VISITOR = "A visitor"
    NETWORK = "Others: on the network, in backups, in the inventory"


METADATA = (
    "ask for credentials of the machine's role at 169.254.169.254",
    "ask for credentials of the machine's role at fd00:ec2::254",
    "ask for credentials of the machine's role at 168.63.129.16",
    "ask the metadata service by UDP",
    "ask the metadata service by an address of IPv6",
)
"""Attacks of applications and builds alike."""
LEAST = 10  # rows of each party but the last


@dataclass(frozen=True)
class Proof:
    """A test in which the attack fails, and one in which it succeeds as nothing protects."""

    test: str
    control: str


@dataclass(frozen=True)
class Row:
    """An attack, or several that the same thing holds."""

    name: str
    who: Party
    tried: str
    holds: str
    proofs: tuple[Proof, ...]


def each(test: str, control: str, cases: Iterable[str]) -> tuple[Proof, ...]:
    """Return proofs for the same cases of two tests."""
    return tuple(Proof(f"{test}[{case}]", f"{control}[{case}]") for case in cases)


def sandbox(*attacks: str) -> tuple[Proof, ...]:
    """Return attacks of tests/integration/sandbox/attacks.py: in the application, and as root outside of it."""
    return each(f"{ATTACKS}::test_attack", f"{ATTACKS}::test_it_is_one", attacks)


def in_vm(*attacks: str) -> tuple[Proof, ...]:
    """Return those that root can do on a kernel of its own only."""
    return tuple(Proof(f"{ATTACKS}::test_attack[{attack}]", f"{VM}::as_root") for attack in attacks)


def building(*attacks: str) -> tuple[Proof, ...]:
    """Return attacks of the application that the build of a package tries as well."""
    return tuple(
        Proof(f"{BUILDING}::test_attack[{attack}]", f"{ATTACKS}::test_it_is_one[{attack}]") for attack in attacks
    )


def between(*attacks: str) -> tuple[Proof, ...]:
    """Return attacks that only a build tries; as root while the neighbour's build runs."""
    return each(f"{BUILDING}::test_attack", f"{BUILDING}::test_it_is_one", attacks)


def plain(test: str, control: str) -> tuple[Proof, ...]:
    """Return one attack; its control is in tests/unit/behaviour/test_unprotected.py."""
    return (Proof(test, f"{PLAIN}::{control}"),)


def web(test: str, control: str) -> tuple[Proof, ...]:
    """Return one attack of a visitor; its control asks an nginx as guides have it."""
    return (Proof(test, f"{UNPROTECTED}::{control}"),)


def bounds(*cases: str) -> tuple[Proof, ...]:
    """Return what never ends, to each of the two parsers that uvicorn has, without nginx."""
    names = [f"{case}-{parser}" for case in cases for parser in ("Protocol", "H11Protocol")]
    return each(f"{BOUNDS}::test_what_never_ends_is_ended", f"{BOUNDS}::test_uvicorn_waits_for_ever", names)
