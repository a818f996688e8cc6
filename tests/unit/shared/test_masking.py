"""Secrets in what a program printed."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import PackageSources
from ansible_collections.asgi.deploy.plugins.module_utils._shared.masking import masked


@pytest.mark.parametrize("secrets", [[""], ["", "hunter22"], iter(["hunter22"])])
def test_an_empty_secret_masks_nothing(secrets: list[str]) -> None:
    assert masked("as it is", secrets) == "as it is"


def test_a_password_of_an_index_is_masked_as_json_writes_it() -> None:
    assert PackageSources(secrets=('a"b',)).masked('{"password": "a\\"b"}') == '{"password": "********"}'
