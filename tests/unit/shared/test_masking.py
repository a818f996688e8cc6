"""Secrets in what a program printed."""

from __future__ import annotations

import pytest
from ansible import release
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import PackageSources
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.masking import mask_values, masked


@pytest.mark.parametrize("secrets", [[""], ["", "hunter22"], iter(["hunter22"])])
def test_an_empty_secret_masks_nothing(secrets: list[str]) -> None:
    assert masked("as it is", secrets) == "as it is"


def test_a_password_of_an_index_is_masked_as_json_writes_it() -> None:
    assert PackageSources(secrets=('a"b',)).masked('{"password": "a\\"b"}') == '{"password": "********"}'


@pytest.mark.skipif(
    release.__version__.startswith("2.18."),
    reason="replaces a shorter secret within a longer one there, and truth values",
)
@pytest.mark.parametrize(
    "value",
    [
        "hunter2",
        "it is hunter2, hunter2-long and hunter",
        ["hunter2", {"deep": [{"key hunter2": "x hunter2-long x"}]}],
        {"number": 42, "part": 1427, "other": 7, "real": 1.42},
        {"truth": True, "nothing": None, "empty": ["", [], {}]},
        "4",
    ],
)
@pytest.mark.parametrize("secrets", [["hunter2", "hunter2-long", "42"], ["True", "None", "4"], [""], []])
def test_values_are_masked_as_ansible_masks_those_of_a_module(value: Json, secrets: list[str]) -> None:
    assert mask_values(value, secrets) == remove_values(value, [secret for secret in secrets if secret])
