"""Results of tasks."""

from __future__ import annotations

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import switch_diff


def test_switch_diff() -> None:
    assert switch_diff("shop", None, "v1") == {
        "before_header": "shop: live release",
        "after_header": "shop: live release",
        "before": "none\n",
        "after": "v1\n",
    }
