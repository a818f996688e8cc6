"""Facts of a host have the form that facts have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import facts
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import checked_facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import HostResultError


def test_those_of_a_host_pass() -> None:
    here = facts.read_facts()
    assert checked_facts(json.loads(json.dumps(here))) == here
    setup: dict[str, Json] = {
        "architecture": "x86_64",
        "python": {"version": {"major": 3, "minor": 13, "micro": 5}, "type": "cpython"},
    }
    assert checked_facts({**setup, "hostname": "web1"}) == {
        "architecture": "x86_64",
        "python": {"version": {"major": 3, "minor": 13}},
    }


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"distribution": "{{ lookup('pipe', 'id') }}"}, r"fact distribution: found \"\{\{ lookup"),
        ({"distribution": ["Debian"]}, "fact distribution: found"),
        ({"distribution_major_version": "13\n"}, "fact distribution_major_version"),
        ({"distribution_release": "trixie; id"}, "fact distribution_release"),
        ({"distribution_release": "x" * 65}, "fact distribution_release"),
        ({"architecture": "x86_64 --index-url=https://192.0.2.1"}, "fact architecture"),
        ({"processor_nproc": 0}, "fact processor_nproc: found 0, expected a number from 1 to 65536"),
        ({"processor_nproc": True}, "fact processor_nproc: found True"),
        ({"processor_nproc": "2"}, "fact processor_nproc: found '2'"),
        ({"memtotal_mb": 10**30}, "fact memtotal_mb"),
        ({"all_ipv6_addresses": ["::1", "{{ x }}"]}, "fact all_ipv6_addresses"),
        ({"all_ipv6_addresses": "::1"}, "fact all_ipv6_addresses"),
        ({"all_ipv6_addresses": ["::2"] * 10_001}, "fact all_ipv6_addresses"),
        ({"nameservers": ["192.0.2.1", "$(id)"]}, "fact nameservers: found .* expected a list of IP addresses"),
        ({"nftables": "yes"}, "fact nftables: found 'yes', expected true or false"),
        ({"python": {"version": {"major": 3, "minor": "13; id"}}}, r"fact python\.version\.minor"),
        ({"python": "3.13"}, "fact python"),
    ],
)
def test_others_are_refused(facts: dict[str, Any], text: str) -> None:
    with pytest.raises(HostResultError, match=text):
        checked_facts(facts)
