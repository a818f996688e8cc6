"""What nft prints, and the kernel's answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import nft
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

LISTED = (
    '{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}, '
    '{"counter": {"family": "inet", "name": "application", "table": "t", "handle": 3, "packets": 3, "bytes": 220}}, '
    '{"counter": {"family": "inet", "name": "build", "table": "t", "handle": 4, "packets": 0, "bytes": 0}}]}'
)


def test_counters() -> None:
    assert nft.parse_counters(LISTED) == {"application": 3, "build": 0}


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"nftables": [{"counter": {}}]}', '{"nftables": [7]}'])
def test_what_is_no_listing_counts_nothing(text: str) -> None:
    assert nft.parse_counters(text) == {}


def test_a_table_that_was_never_listed_is_not_loaded(tmp_path: Path) -> None:
    assert not nft.is_loaded("asgi_metadata_shop", tmp_path / "loaded")


def test_counters_that_cannot_be_listed_replace_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(*_arguments: object, **_options: object) -> None:
        raise DeployError("nft did not end within 30 s")

    monkeypatch.setattr(nft, "installed", lambda: True)
    monkeypatch.setattr(nft, "run_unchecked", attempt)
    assert nft.counters("asgi_metadata_shop") == {}
    nft.reset_counters("asgi_metadata_shop")
