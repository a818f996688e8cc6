"""The settings of a release: the controller writes what the runtime reads."""

from __future__ import annotations

import ast

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import plan_types

from tests import ROOT

SETTINGS = ROOT / "roles" / "app" / "files" / "asgi_deploy_runtime" / "settings.py"


def keys(name: str) -> set[str]:
    """Return the keys of a shape in the runtime, which is not imported: it reads the settings of a release."""
    tree = ast.parse(SETTINGS.read_text(encoding="utf-8"))
    (shape,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    return {
        node.target.id for node in shape.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("Settings", plan_types.RuntimeSettings),
        ("HealthSettings", plan_types.HealthSettings),
        ("LogSettings", plan_types.LogSettings),
        ("DirectSettings", plan_types.DirectPlan),
        ("TlsSettings", plan_types.DirectTls),
    ],
)
def test_the_runtime_reads_the_keys_that_the_controller_writes(read: str, written: type) -> None:
    assert keys(read) == set(written.__annotations__)
