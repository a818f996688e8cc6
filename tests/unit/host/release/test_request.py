"""What a host would do that has nothing yet."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release import request
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.request import ReleaseRequest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import Closing
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

from tests.unit.host.release.test_builder import ARCHIVE, builder


@pytest.mark.parametrize(
    ("python", "archive", "fetched"),
    [
        ("3.99", ARCHIVE, "3.99.2, fetched from https://mirror.example.com/x.tar.gz"),
        ("system", ARCHIVE, ""),
        ("3.99", None, ""),  # refused once there is a release to build
    ],
)
def test_a_host_without_git_names_the_python_that_it_would_fetch(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, python: str, archive: Any, fetched: str
) -> None:
    monkeypatch.setattr(request, "PATH", str(tmp_path))
    inputs = dataclasses.replace(builder(tmp_path, {}).inputs, python=python, python_archive=archive)
    nothing = cast("Any", None)
    predicted = ReleaseRequest(Layout("shop"), inputs, nothing, nothing, Closing()).predict()
    assert (predicted["python"], predicted["changed"]) == (fetched, True)
