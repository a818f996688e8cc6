"""Specifiers of versions of Python."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.version_specifiers import parse_version, satisfies


@pytest.mark.parametrize(
    ("version", "specifier", "good"),
    [
        ("3.13.5", ">=3.11", True),
        ("3.11.2", ">=3.11,<3.14", True),
        ("3.14.0", ">=3.11, <3.14", False),
        ("3.13.5", "==3.13.*", True),
        ("3.12.5", "==3.13.*", False),
        ("3.13.5", "!=3.13.*", False),
        ("3.13.5", "!=3.13.5", False),
        ("3.13.0", "==3.13", True),
        ("3.13.5", "==3.13", False),
        ("3.13.5", "===3.13.5", True),
        ("3.13.5", "~=3.11", True),
        ("4.0.0", "~=3.11", False),
        ("3.13.5", "~=3.13.2", True),
        ("3.14.0", "~=3.13.2", False),
        ("3.13.1", "~=3.13.2", False),
        ("3.13.5", ">3.13", True),
        ("3.13.5", "<=3.13", False),
        ("3.13.5", "<4", True),
        ("3.13.5", ">=3.8.dev0", True),
        ("3.13.5", "<3.14a0", True),
        ("3.13.5", ">=3.14rc1", False),
        ("3.13.5", "", True),
        ("3.13.5", ">= 3.11 , ", True),
    ],
)
def test_versions(version: str, specifier: str, good: bool) -> None:
    assert satisfies(parse_version(version), specifier) is good


@pytest.mark.parametrize("specifier", ["3.11", "^3.11", ">=3.x", ">=3.*", "~=3", ">=3.11;<4", "=3.11"])
def test_what_is_no_specifier_is_refused(specifier: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        satisfies((3, 13, 5), specifier)
