"""Which system a host runs, and what that can do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import PLATFORMS, Platform, platform_of

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


def test_what_templates_read_is_what_programs_can_do() -> None:
    """No name, number or list: these are for plans."""
    able = {"nginx_http2_directive", "nginx_http3", "nginx_keepalive_min_timeout", "nginx_ticket_keys_rotate"}
    assert set(_abilities(PLATFORMS[0])) == {*able, "post_quantum_group", "post_quantum_ssh"}


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


@pytest.mark.parametrize(("major", "able", "newest"), [("12", False, False), ("13", True, False), ("14", True, True)])
def test_abilities_of_each_debian(major: str, able: bool, newest: bool) -> None:
    platform = platform_of({"distribution": "Debian", "distribution_major_version": major})
    common = (
        "nginx_http2_directive",
        "nginx_http3",
        "nginx_ticket_keys_rotate",
        "post_quantum_group",
        "post_quantum_ssh",
    )
    assert _abilities(platform) == {**dict.fromkeys(common, able), "nginx_keepalive_min_timeout": newest}


def _abilities(platform: Platform) -> dict[str, bool]:
    return {name: value for name, value in vars(platform).items() if isinstance(value, bool)}
