"""Which system a host runs, and what that can do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import (
    PLATFORMS,
    Platform,
    platform_of,
    remarks,
)

from tests import ROOT


@pytest.mark.parametrize(
    ("facts", "system"),
    [
        pytest.param({"distribution_major_version": "12", "distribution_release": "bookworm"}, "12", id="12"),
        pytest.param({"distribution_major_version": "13"}, "13", id="no code name"),
        pytest.param({"distribution_major_version": "forky/sid", "distribution_release": "forky"}, "14", id="testing"),
        pytest.param({"distribution_major_version": "n/a", "distribution_release": "forky"}, "14", id="lsb-release"),
        pytest.param({"distribution_major_version": "14", "distribution_release": "forky"}, "14", id="released"),
    ],
)
def test_a_debian_before_its_release_has_a_number_too(facts: Any, system: str) -> None:
    of_debian: Any = {"distribution": "Debian", **facts}
    assert str(platform_of(of_debian)) == f"Debian {system}"


def test_a_debian_that_is_never_released_is_refused() -> None:
    facts: Facts = {"distribution": "Debian", "distribution_major_version": "n/a", "distribution_release": "sid"}
    with pytest.raises(ValueError, match="this host runs Debian n/a; supported are Debian 12, "):
        platform_of(facts)


def test_a_code_name_of_another_distribution() -> None:
    facts: Facts = {"distribution": "Fork", "distribution_major_version": "1", "distribution_release": "forky"}
    with pytest.raises(ValueError, match="this host runs Fork 1; supported are Debian 12, "):
        platform_of(facts)


def test_a_number_counts_more_than_a_codename() -> None:
    facts: Facts = {"distribution": "Debian", "distribution_major_version": "10", "distribution_release": "trixie"}
    with pytest.raises(ValueError, match="this host runs Debian 10; supported are Debian 12, "):
        platform_of(facts)


@pytest.mark.parametrize("folder", ["plugins", "roles"])
def test_no_other_file_names_a_release(folder: str) -> None:
    """Locks name distributions of Python, and a README has what the argument specs say."""
    names = "|".join([*(str(platform) for platform in PLATFORMS), *(platform.codename for platform in PLATFORMS)])
    release = re.compile(rf"\b({names})\b", re.IGNORECASE)
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert len(files) > 50
    actual = [str(path.relative_to(ROOT)) for path in files if release.search(path.read_text(encoding="utf-8"))]
    assert actual == (["plugins/plugin_utils/_common/platforms.py"] if folder == "plugins" else [])


ABILITIES = (
    "nginx_http2_directive",
    "nginx_http3",
    "nginx_ticket_keys_rotate",
    "nginx_keepalive_min_timeout",
    "post_quantum_group",
    "post_quantum_ssh",
)


def abilities(platform: Platform) -> set[str]:
    return {name for name in ABILITIES if getattr(platform, name)}


@pytest.mark.parametrize(
    ("major", "lacks"), [("12", set(ABILITIES)), ("13", {"nginx_keepalive_min_timeout"}), ("14", set())]
)
def test_abilities_of_each_debian(major: str, lacks: set[str]) -> None:
    platform = platform_of({"distribution": "Debian", "distribution_major_version": major})
    assert set(ABILITIES) - abilities(platform) == lacks


def test_what_is_installed_counts_more_than_the_archive() -> None:
    facts: Facts = {"distribution": "Debian", "distribution_version": "12"}
    of_nginx = {"nginx_http2_directive", "nginx_http3", "nginx_ticket_keys_rotate", "nginx_keepalive_min_timeout"}
    other = platform_of({**facts, "versions": {"nginx": "1.30.1", "python": "3.11.2"}})
    assert abilities(other) == of_nginx
    assert remarks({**facts, "versions": {"nginx": "1.30.1", "python": "3.11.2", "openssl": "3.0.22"}}) == [
        "has nginx 1.30.1 in place of 1.22, so what nginx is given goes by 1.30.1"
    ]


def test_a_program_that_is_too_old_is_refused() -> None:
    facts: Facts = {"distribution": "Debian", "distribution_version": "13", "versions": {"nginx": "1.18.0"}}
    with pytest.raises(
        ValueError, match=r"^this host runs Debian 13 with nginx 1\.18\.0; expected nginx 1\.22 at least"
    ):
        platform_of(facts)


DERIVATIVE: Facts = {"distribution": "Raspbian", "distribution_version": "13", "versions": {"glibc": "2.41"}}


def test_a_derivative_is_treated_as_what_it_is_like() -> None:
    facts: Facts = {**DERIVATIVE, "like": "debian-13"}
    assert str(platform_of(facts)) == "Raspbian 13, as Debian 13"
    assert remarks(facts) == ["Raspbian 13 is treated as Debian 13, as asgi_like says; not run there by us"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "this host runs Raspbian 13; supported are .*; for a derivative .* as in asgi_like: debian-13"),
        ({"like": "debian-11"}, "asgi_like: found 'debian-11', expected one of debian-12, debian-13, debian-14"),
        ({"like": ["debian-13"]}, r"asgi_like: found \['debian-13'\], expected one of debian-12"),
        (
            {"like": "debian-13", "distribution": "Debian"},
            "asgi_like: found debian-13, but .* Debian 13.* leave it out",
        ),
        ({"like": "debian-13", "versions": {"systemd": "249"}}, "with systemd 249; expected systemd 252 at least"),
        (
            {"like": "debian-13", "distribution": "Rocky"},
            "Rocky 13, which is not supported: its SELinux .* take Debian",
        ),
        ({"distribution": "Ubuntu", "distribution_version": "24.04"}, "Ubuntu 24.04, which is not supported: an sshd"),
    ],
)
def test_other_systems_are_refused_with_what_to_do(changes: Any, says: str) -> None:
    facts: Any = {**DERIVATIVE, **changes}
    with pytest.raises(ValueError, match=says):
        platform_of(facts)
