"""Versions for build backends."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.scm_versions import (
    backend_variables,
    scm_version,
)

COMMIT = "0a1b2c3d4e5f60718293"


@pytest.mark.parametrize(
    ("described", "version"),
    [
        ("v1.4.2-0-g0a1b2c3", "1.4.2"),
        ("1.4.2-0-g0a1b2c3", "1.4.2"),
        ("shop-1.4.2rc1-0-g0a1b2c3", "1.4.2rc1"),
        ("releases/v2-0-g0a1b2c3", "2"),
        ("v1.4.2-5-g0a1b2c3", "1.4.3.dev5+g0a1b2c3d4"),
        ("v7-1-g0a1b2c3", "8.dev1+g0a1b2c3d4"),
        ("before-2026-cleanup-3-g0a1b2c3", "0.0.dev0+g0a1b2c3d4"),
        ("v1.0; touch x-0-g0a1b2c3", "0.0.dev0+g0a1b2c3d4"),
        ("", "0.0.dev0+g0a1b2c3d4"),
        (None, "0.0.dev0+g0a1b2c3d4"),
    ],
)
def test_versions(described: str | None, version: str) -> None:
    assert scm_version(described, COMMIT) == version


def test_variables_of_backends() -> None:
    assert backend_variables("1.4.2")["SETUPTOOLS_SCM_PRETEND_VERSION"] == "1.4.2"
    assert backend_variables(None) == {}
