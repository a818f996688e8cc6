"""Whether there are lists of Debian's own packages."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt

RELEASE = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: {}\nLabel: Debian\n"


@pytest.mark.parametrize(
    ("origin", "packages", "listed"),
    [
        ("Debian", "mirror_debian_dists_trixie_main_binary-amd64_Packages", True),
        ("Debian", "mirror_debian_dists_trixie_main_binary-amd64_Packages.lz4", True),
        ("Debian", "other_debian_dists_trixie_main_binary-amd64_Packages", False),
        ("Docker", "mirror_debian_dists_trixie_main_binary-amd64_Packages", False),
    ],
)
def test_debian_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str, packages: str, listed: bool
) -> None:
    monkeypatch.setattr(apt, "LISTS", tmp_path)
    assert not apt._debian_is_listed()
    (tmp_path / "mirror_debian_dists_trixie_InRelease").write_text(RELEASE.format(origin))
    (tmp_path / packages).touch()
    assert apt._debian_is_listed() is listed
