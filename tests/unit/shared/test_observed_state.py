"""Shapes of what hosts report: they have the keys that modules document."""

from __future__ import annotations

import dataclasses

from ansible_collections.asgi.deploy.plugins.module_utils._shared import observed_state
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import returned


def test_an_observation_has_the_keys_that_the_module_look_documents() -> None:
    elements = returned("look")["found"].elements
    assert elements is not None
    # Only Ansible's own facts have it, which a host without pipelining reports.
    documented = {*elements.contains, "architecture"}
    assert set(observed_state.Observation.__annotations__) == documented


def test_facts_have_the_keys_of_the_kind_facts() -> None:
    elements = returned("look")["found"].elements
    assert elements is not None
    documented = {key for key, shape in elements.contains.items() if "facts" in shape.kinds}
    assert set(observed_state.HostFacts.__annotations__) == {*documented, "architecture"}


def test_a_trusted_key_has_what_status_shows_of_it() -> None:
    keys = returned("release_info")["trusted_at_first_use"].elements
    assert keys is not None and dataclasses.is_dataclass(keys)
    assert set(observed_state.TrustedKey.__annotations__) == set(keys.contains)
