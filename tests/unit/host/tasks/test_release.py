"""A release and its certificate at the same time: their common result."""

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


def run(
    monkeypatch: pytest.MonkeyPatch, released: Mapping[str, Any], certificate: Any, check_mode: bool = False
) -> ReleaseTaskResult:
    """Return the common result of these results of a release and a certificate; an exception is raised."""

    def obtain(options: Mapping[str, Any], check: bool) -> Any:
        assert (options, check) == ({"name": "shop"}, check_mode)
        if isinstance(certificate, Exception):
            raise certificate
        return certificate

    monkeypatch.setattr(act_certificate, "act", obtain)
    monkeypatch.setattr(act_release, "_release", lambda _options, _check_mode: released)
    return act_release.act(options("shop"), check_mode)


@pytest.mark.parametrize(
    ("released", "certificate", "changed"),
    [(LIVE, {"changed": True}, True), (SAME, {"changed": True}, True), (SAME, {"changed": False}, False)],
)
def test_both_succeed(monkeypatch: pytest.MonkeyPatch, released: Any, certificate: Any, changed: bool) -> None:
    assert run(monkeypatch, released, certificate, True) == {
        "changed": changed,
        "release": "v1",
        "certificate": certificate,
    }


def test_the_ca_issues_no_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in is served: the release is well, and the run is warned."""
    answer = run(monkeypatch, SAME, {"changed": False, "problem": "no", "warnings": ["no"]})
    assert not answer.get("failed")
    assert (answer["certificate"], answer["warnings"]) == ({"changed": False, "problem": "no"}, ["no"])


def test_warnings_of_both_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a git server's key that was seen for the first time."""
    answer = run(monkeypatch, {**LIVE, "warnings": ["a key"]}, {"changed": False, "warnings": ["no"]})
    assert answer["warnings"] == ["a key", "no"]
    assert "warnings" not in run(monkeypatch, LIVE, {"changed": True})


@pytest.mark.parametrize(
    ("certificate", "why"),
    [({"failed": True, "msg": "no space left"}, "no space left"), (ValueError("no JSON"), "ValueError: no JSON")],
)
def test_a_certificate_that_fails_hides_nothing_of_the_release(
    monkeypatch: pytest.MonkeyPatch, certificate: Any, why: str
) -> None:
    failure = f"the certificate shop could not be obtained: {why}"
    answer = run(monkeypatch, LIVE, certificate)
    assert (answer["failed"], answer["msg"]) == (True, f"release v1 is live, but\n{failure}")
    answer = run(monkeypatch, FAILED, certificate)
    assert (answer["failed"], answer["msg"]) == (True, f"no release\n{failure}")


def test_a_release_that_fails_keeps_its_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = run(monkeypatch, FAILED, {"changed": True})
    assert (answer["failed"], answer["msg"], answer["changed"]) == (True, "no release", True)


def test_without_a_certificate_no_ca_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(act_release, "_release", lambda _options, _check_mode: LIVE)
    monkeypatch.setattr(act_certificate, "act", lambda *_arguments: pytest.fail("asked"))
    assert act_release.act(options(None), False) == LIVE
