"""What the machine uses to reach Debian and Python packages, so that hosts reach them in the same way.

Nothing here names a mirror: it is read from the machine's own apt configuration, for whichever release that
is written, and turned into the lines for the requested release.
"""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.process import run

RELEASES = ("bookworm", "trixie", "forky")
_CODENAMES = "bullseye|bookworm|trixie|forky|sid|oldstable|stable|testing|unstable"
_SUITE = re.compile(rf"^(?:{_CODENAMES})(?P<pocket>-updates|-security|/updates)?/?$")

# Ways to reach a mirror, and how far to believe its clock: whether `apt-get update` works at all.
_APT_OPTIONS = re.compile(
    r'^Acquire::(?:https?::.+|Check-Valid-Until|Check-Date|Retries|ForceIPv[46]) "[^"]+";$',
)

PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
INDEXES = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_INSECURE_HOST",
)
_PIP_OPTIONS = ("index-url", "extra-index-url", "trusted-host", "proxy")

BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
LOCAL_CAS = Path("/usr/local/share/ca-certificates")


@dataclass(frozen=True)
class Source:
    """One archive that the machine's apt reads: where it is and which suite of it."""

    uri: str
    suite: str
    components: tuple[str, ...]


def parse_one_line(text: str) -> list[Source]:
    """Return the sources of a ``sources.list``."""
    result = []
    for line in text.splitlines():
        match = re.match(r"^\s*deb\s+(?:\[[^]]*]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line)
        if match:
            result.append(Source(match[1], match[2], tuple(match[3].split())))
    return result


def parse_deb822(text: str) -> list[Source]:
    """Return the sources of a ``*.sources`` file."""
    result = []
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, list[str]] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t"):
                fields.setdefault(key, []).extend(line.split())
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.split()
        if "deb" not in fields.get("types", []) or fields.get("enabled") == ["no"]:
            continue
        components = tuple(fields.get("components", []))
        for uri in fields.get("uris", []):
            result += [Source(uri, suite, components) for suite in fields.get("suites", [])]
    return result


def resolve_mirror_list(uri: str) -> str:
    """Return the first mirror of a ``mirror+file:`` list, as in Debian's cloud images; other addresses stay."""
    if not uri.startswith("mirror+file:"):
        return uri
    file = Path(uri.removeprefix("mirror+file:"))
    lines = file.read_text().splitlines() if file.is_file() else []
    words = [line.split()[0] for line in lines if line.strip()]
    return next((word for word in words if word.startswith("http")), "")


def lines_for(release: str, sources: list[Source]) -> list[str]:
    """Return lines of a sources.list for a release; none when the machine's apt names no Debian archive."""
    archive = security = ""
    for source in sources:
        uri = resolve_mirror_list(source.uri)
        match = _SUITE.match(source.suite)
        if not match or "main" not in source.components or not uri.startswith("http"):
            continue
        if match["pocket"] in ("-security", "/updates"):
            security = security or uri
        else:
            archive = archive or uri
    if not archive:
        return []
    lines = [f"deb {archive} {release} main", f"deb {archive} {release}-updates main"]
    return [*lines, f"deb {security} {release}-security main"] if security else lines


def machine_sources(etc: Path = Path("/etc/apt")) -> list[Source]:
    """Return every archive that the machine's apt reads."""
    result = []
    for file in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        if file.suffix == ".list" and file.is_file():
            result += parse_one_line(file.read_text())
        elif file.suffix == ".sources" and file.is_file():
            result += parse_deb822(file.read_text())
    return result


def apt_options(dump: str) -> list[str]:
    """Return options out of ``apt-config dump`` that a host needs to reach the same mirror."""
    return [line for line in dump.splitlines() if _APT_OPTIONS.match(line)]


def machine_apt_options() -> list[str]:
    """Return options of the machine's own apt that hosts need."""
    return apt_options(run(["apt-config", "dump"]).stdout)


def extra_authorities() -> list[Path]:
    """Return the certificate authorities that this machine trusts beyond those of Debian."""
    return sorted(LOCAL_CAS.glob("**/*.crt"))


def _remote(value: str) -> str:
    """Return the words of a setting that mean something on another host."""
    return " ".join(word for word in value.split() if not word.startswith(("file:", "/", ".")))


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment that services and sessions of the hosts need: trust, proxies and package indexes."""
    result = {name: _remote(environ[name]) for name in (*PROXIES, *INDEXES) if environ.get(name)}
    for name in ("no_proxy", "NO_PROXY"):
        if result.get(name):
            result[name] += ",localhost,127.0.0.1,198.18.0.0/24"
    if extra_authorities():
        # uv brings its own list of authorities and leaves it only for this variable.
        result["SSL_CERT_FILE"] = str(BUNDLE)
    return {name: value for name, value in result.items() if value}


def pip_conf(text: str, *, bundle: bool) -> str:
    """Return the host's pip.conf: the bundle to trust, and what of the machine's own makes sense elsewhere."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        parser = configparser.RawConfigParser()
    options = {"cert": str(BUNDLE)} if bundle else {}
    for name in _PIP_OPTIONS:
        value = _remote(parser.get("global", name, fallback=""))
        if value:
            options[name] = value
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in options.items()) if options else ""
