"""Errors of a host whose clock may be wrong say what it shows."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.clock import explain

NOON = 1_546_344_000  # 2019-01-01 12:00 UTC


@pytest.mark.parametrize(
    "text",
    [
        "SSL: CERTIFICATE_VERIFY_FAILED certificate verify failed: certificate is not yet valid",
        "fatal: unable to access 'https://…': SSL certificate problem: certificate has expired",
        "E: Release file for http://deb.debian.org/debian/dists/trixie/InRelease is not valid yet (invalid for 3h)",
        "E: Release file for http://deb.debian.org/… is expired (invalid since 2d). Updates will not be applied.",
        "invalid peer certificate: NotValidYet",
        "invalid peer certificate: certificate expired: verification time 2031…",
    ],
)
def test_what_a_wrong_clock_causes(text: str) -> None:
    assert explain(text, NOON) == (
        f"{text}\nThis host's clock says 2019-01-01 12:00 UTC; if that is wrong, set it, as with timedatectl set-ntp "
        "true, and run again"
    )


def test_another_error_stays_as_it_is() -> None:
    assert explain("git: no such version", NOON) == "git: no such version"
