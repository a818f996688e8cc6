"""A release and its certificate, side by side: what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import certificate as act_certificate
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import release as act_release
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import ReleaseTaskOptions
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import ReleaseTaskResult

LIVE = {"changed": True, "release": "v1"}
SAME = {"changed": False, "release": "v1"}
FAILED = {"failed": True, "msg": "no release"}


def options(certificate: str | None) -> ReleaseTaskOptions:
    """Return the options of a release; the parts that need a host are replaced."""
    return cast("ReleaseTaskOptions", {"certificate": certificate})


def told(
    monkeypatch: pytest.MonkeyPatch, released: Mapping[str, Any], certificate: Any, check_mode: bool = False
) -> ReleaseTaskResult:
    """Return the answer, where the release and the certificate come to these; one that is an error is raised."""

    def had(options: Mapping[str, Any], check: bool) -> Any:
        assert (options, check) == ({"name": "shop"}, check_mode)
        if isinstance(certificate, Exception):
            raise certificate
        return certificate

    monkeypatch.setattr(act_certificate, "act", had)
    monkeypatch.setattr(act_release, "_release", lambda _options, _check_mode: released)
    return act_release.act(options("shop"), check_mode)


@pytest.mark.parametrize(
    ("released", "certificate", "changed"),
    [(LIVE, {"changed": True}, True), (SAME, {"changed": True}, True), (SAME, {"changed": False}, False)],
)
def test_both_are_well(monkeypatch: pytest.MonkeyPatch, released: Any, certificate: Any, changed: bool) -> None:
    assert told(monkeypatch, released, certificate, True) == {
        "changed": changed,
        "release": "v1",
        "certificate": certificate,
    }


def test_the_ca_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in is served: the release is well, and the run is warned."""
    answer = told(monkeypatch, SAME, {"changed": False, "problem": "no", "warnings": ["no"]})
    assert not answer.get("failed")
    assert (answer["certificate"], answer["warnings"]) == ({"changed": False, "problem": "no"}, ["no"])


def test_warnings_of_both_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a git server's key was seen for the first time."""
    answer = told(monkeypatch, {**LIVE, "warnings": ["a key"]}, {"changed": False, "warnings": ["no"]})
    assert answer["warnings"] == ["a key", "no"]
    assert "warnings" not in told(monkeypatch, LIVE, {"changed": True})


@pytest.mark.parametrize(
    ("certificate", "why"),
    [({"failed": True, "msg": "no space left"}, "no space left"), (ValueError("no JSON"), "ValueError: no JSON")],
)
def test_a_certificate_that_fails_hides_nothing_of_the_release(
    monkeypatch: pytest.MonkeyPatch, certificate: Any, why: str
) -> None:
    failure = f"the certificate shop could not be obtained: {why}"
    answer = told(monkeypatch, LIVE, certificate)
    assert (answer["failed"], answer["msg"]) == (True, f"release v1 is live, but\n{failure}")
    answer = told(monkeypatch, FAILED, certificate)
    assert (answer["failed"], answer["msg"]) == (True, f"no release\n{failure}")


def test_a_release_that_fails_keeps_its_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = told(monkeypatch, FAILED, {"changed": True})
    assert (answer["failed"], answer["msg"], answer["changed"]) == (True, "no release", True)


def test_without_a_certificate_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(act_release, "_release", lambda _options, _check_mode: LIVE)
    monkeypatch.setattr(act_certificate, "act", lambda *_arguments: pytest.fail("asked"))
    assert act_release.act(options(None), False) == LIVE
