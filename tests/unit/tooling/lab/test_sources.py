"""How the machine's own package configuration becomes that of the hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import sources
from tests.lab.sources import Source

ARCHIVE = "http://mirror.example/debian"
SECURITY = "http://mirror.example/security"


def test_one_line_format_with_options_and_comments() -> None:
    text = f"# deb {ARCHIVE} sid main\n deb [arch=amd64 signed-by=/k.gpg] {ARCHIVE} trixie main contrib # x\n"
    assert sources.parse_one_line(text) == [Source(ARCHIVE, "trixie", ("main", "contrib"))]


def test_source_packages_are_left_out() -> None:
    assert sources.parse_one_line(f"deb-src {ARCHIVE} trixie main") == []


def test_deb822_format() -> None:
    text = (
        f"Types: deb deb-src\n# note\nURIs: {ARCHIVE}\nSuites: trixie\n trixie-updates\nComponents: main\n"
        f"Signed-By:\n -----BEGIN-----\n\n"
        f"Types: deb\nEnabled: no\nURIs: {SECURITY}\nSuites: x\nComponents: main\n"
    )
    assert sources.parse_deb822(text) == [
        Source(ARCHIVE, "trixie", ("main",)),
        Source(ARCHIVE, "trixie-updates", ("main",)),
    ]


def test_lines_are_for_the_release_asked_for() -> None:
    actual = [
        Source("https://other.example/node", "nodistro", ("main",)),
        Source(ARCHIVE, "bookworm", ("main",)),
        Source(SECURITY, "bookworm-security", ("main",)),
    ]
    assert sources.lines_for("trixie", actual) == [
        f"deb {ARCHIVE} trixie main",
        f"deb {ARCHIVE} trixie-updates main",
        f"deb {SECURITY} trixie-security main",
    ]


def test_no_lines_where_apt_reads_no_debian_archive() -> None:
    assert sources.lines_for("trixie", [Source("http://mirror.example/ubuntu", "noble", ("main",))]) == []


def test_mirror_lists_are_read(tmp_path: Path) -> None:
    listing = tmp_path / "debian.list"
    listing.write_text(f"\n{ARCHIVE}\tpriority:1\n")
    assert sources.resolve_mirror_list(f"mirror+file:{listing}") == ARCHIVE
    assert sources.resolve_mirror_list("mirror+file:/nowhere") == ""


def test_only_apt_options_about_reaching_a_mirror_are_passed_on() -> None:
    dump = (
        'Acquire::http::Proxy "http://proxy.example:3128";\n'
        'Acquire::Languages:: "none";\nAcquire::https "";\n'
        'Acquire::Check-Date "false";\nDPkg::Post-Invoke:: "rm -f /x";\n'
    )
    assert sources.apt_options(dump) == [
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::Check-Date "false";',
    ]


def test_settings_that_name_local_files_stay_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "extra_authorities", list)
    environ = {
        "PIP_EXTRA_INDEX_URL": "file:///opt/simple https://index.example/simple",
        "UV_INDEX_URL": "/opt/simple",
        "https_proxy": "http://proxy.example:3128",
        "no_proxy": "localhost",
        "HOME": "/root",
    }
    assert sources.environment(environ) == {
        "PIP_EXTRA_INDEX_URL": "https://index.example/simple",
        "https_proxy": "http://proxy.example:3128",
        "no_proxy": "localhost,localhost,127.0.0.1,198.18.0.0/24",
    }


def test_pip_conf_keeps_what_makes_sense_elsewhere() -> None:
    text = "[global]\nfind-links = /opt/wheels\nextra-index-url = file:///opt/a https://index.example/simple\n"
    assert sources.pip_conf(text, bundle=True) == (
        "[global]\ncert = /etc/ssl/certs/ca-certificates.crt\nextra-index-url = https://index.example/simple\n"
    )
    assert sources.pip_conf("", bundle=False) == ""
