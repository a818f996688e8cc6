"""Content addresses."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import digest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import installable


def test_digest_is_the_same_on_every_controller() -> None:
    assert digest({"b": [1, "ü"], "a": None}) == "6bafd57c7869b3aca54e576a5157b40cc195c8486124cab93d52f1b59556838e"


def test_digest_heeds_no_order_of_keys() -> None:
    assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"a": 1}, id="a key less"),
        pytest.param({"a": 1, "b": None}, id="no value"),
        pytest.param({"a": 1, "b": ["y", "x"]}, id="order of a list"),
        pytest.param({"a": "1", "b": ["x", "y"]}, id="text instead of a number"),
        pytest.param({"a": 1, "b": ["x,y"]}, id="joined texts"),
    ],
)
def test_digest_heeds(other: dict[str, Any]) -> None:
    assert digest(other) != digest({"a": 1, "b": ["x", "y"]})


@pytest.mark.parametrize(
    ("requirements", "installed", "result"),
    [
        pytest.param(["gunicorn==27.0.1"], {}, ["gunicorn==27.0.1"], id="not there"),
        pytest.param(["uvicorn==0.54.0"], {"uvicorn": "0.50.0"}, ["uvicorn"], id="the application's version wins"),
        pytest.param(["uvicorn[standard]==0.54.0"], {"uvicorn": "0.50.0"}, ["uvicorn[standard]"], id="extras stay"),
        pytest.param(["Uvicorn==0.54.0"], {"uvicorn": "0.50.0"}, ["Uvicorn"], id="capital letters"),
        pytest.param(
            ["uvicorn_worker==0.4.0"], {"uvicorn-worker": "0.3.0"}, ["uvicorn_worker"], id="underscore for hyphen"
        ),
        pytest.param(
            ["uvicorn-worker==0.4.0"], {"uvicorn": "0.5"}, ["uvicorn-worker==0.4.0"], id="a name that begins alike"
        ),
        pytest.param([], {"uvicorn": "0.5"}, [], id="nothing"),
    ],
)
def test_installable(requirements: list[str], installed: dict[str, str], result: list[str]) -> None:
    assert installable(requirements, installed) == result
