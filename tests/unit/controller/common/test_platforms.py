"""Which system a host runs, and what that can do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import PLATFORMS, platform_of, system_of


@pytest.mark.parametrize(
    ("facts", "system"),
    [
        pytest.param({"distribution_major_version": "12", "distribution_release": "bookworm"}, "12", id="12"),
        pytest.param({"distribution_major_version": "13"}, "13", id="no code name"),
        pytest.param({"distribution_major_version": "forky/sid", "distribution_release": "forky"}, "14", id="testing"),
        pytest.param({"distribution_major_version": "n/a", "distribution_release": "forky"}, "14", id="lsb-release"),
        pytest.param({"distribution_major_version": "14", "distribution_release": "forky"}, "14", id="released"),
        pytest.param({"distribution_major_version": "n/a", "distribution_release": "sid"}, "n/a", id="unstable"),
    ],
)
def test_a_debian_before_its_release_has_a_number_too(facts: dict[str, Any], system: str) -> None:
    assert system_of({"distribution": "Debian", **facts}) == ("Debian", system)


def test_a_code_name_of_another_distribution() -> None:
    facts = {"distribution": "Fork", "distribution_major_version": "1", "distribution_release": "forky"}
    with pytest.raises(ValueError, match="this host runs Fork 1; supported are Debian 12, "):
        platform_of(facts)


def test_every_system_answers_the_same_questions() -> None:
    assert len({frozenset(platform) for platform in PLATFORMS.values()}) == 1
