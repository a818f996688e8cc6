"""The supported systems: one object for each, with everything that differs between them.

What a system can do follows from the versions of its programs: those that its archive has, until others are installed.
No other file below plugins/ and roles/ names a release of a system.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.versions import Versions, written


@dataclass(frozen=True, kw_only=True)
class Packages:
    """The names of packages, by what they are for."""

    web: tuple[str, ...] = ("nginx", "logrotate")
    brotli: str = "libnginx-mod-http-brotli-filter"
    venv: str = "python3-venv"
    git: str = "git"
    signatures: str = "openssh-client"
    certificates: str = "openssl"
    nft: str = "nftables"
    updates: str = "unattended-upgrades"
    time: str = "systemd-timesyncd"
    other_time: tuple[str, ...] = ("chrony", "ntpsec", "openntpd")  # alternatives to it
    bans: tuple[str, ...] = ("fail2ban", "nftables", "python3-systemd")

    @property
    def first(self) -> frozenset[str]:
        """Return the packages that may upgrade Python or systemd, which everything else needs while it runs."""
        return frozenset({self.venv, self.time})


@dataclass(frozen=True, kw_only=True)
class Units:
    """The names of units that the system brings, by what they are for."""

    ssh: str = "ssh.service"
    time: str = "systemd-timesyncd.service"
    updates: tuple[str, ...] = ("apt-daily.timer", "apt-daily-upgrade.timer")


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A system.

    Attributes:
        name: its distribution, as facts name it.
        version: its version, as os-release has it once it is released.
        codename: of the release. Facts give no number before a release: "forky/sid", or "n/a" with lsb-release.
        versions: of its programs: the archive's, or those that a host has.
        packages: the names of packages.
        units: the names of units.
        apt_origins: the archives from which upgrades are installed automatically, as unattended-upgrades matches them.
        derivative: the system of the host, which is like this one; empty where it is this one.
    """

    name: str
    version: str
    codename: str
    versions: Versions
    packages: Packages = Packages()
    units: Units = Units()
    apt_origins: tuple[str, ...] = (
        "origin=Debian,codename=${distro_codename},label=Debian-Security",
        "origin=Debian,codename=${distro_codename}-security,label=Debian-Security",
    )
    derivative: str = ""

    def __str__(self) -> str:
        """Return the name and the version."""
        return f"{self.derivative}, as {self.name} {self.version}" if self.derivative else f"{self.name} {self.version}"

    @property
    def word(self) -> str:
        """Return what `asgi_like` calls it."""
        return f"{self.name.lower()}-{self.version}"

    @property
    def glibc(self) -> int:
        """Return the minor version of glibc 2, which decides which binary wheels run."""
        return self.versions.glibc[1]

    @property
    def nginx_http2_directive(self) -> bool:
        """Return whether nginx has `http2 on;`."""
        return self.versions.nginx >= (1, 25, 1)

    @property
    def nginx_http3(self) -> bool:
        """Return whether nginx has HTTP/3."""
        return self.versions.nginx >= (1, 25, 0)

    @property
    def nginx_ticket_keys_rotate(self) -> bool:
        """Return whether nginx changes the keys of TLS session tickets."""
        return self.versions.nginx >= (1, 23, 2)

    @property
    def nginx_keepalive_min_timeout(self) -> bool:
        """Return whether nginx has that directive."""
        return self.versions.nginx >= (1, 27, 4)

    @property
    def post_quantum_group(self) -> bool:
        """Return whether OpenSSL has X25519MLKEM768."""
        return self.versions.openssl >= (3, 5)

    @property
    def post_quantum_ssh(self) -> bool:
        """Return whether OpenSSH has mlkem768x25519-sha256."""
        return self.versions.openssh >= (9, 9)


PLATFORMS = (
    Platform(
        name="Debian",
        version="12",
        codename="bookworm",
        versions=Versions(nginx=(1, 22), openssl=(3, 0), openssh=(9, 2), systemd=(252,), python=(3, 11), glibc=(2, 36)),
    ),
    Platform(
        name="Debian",
        version="13",
        codename="trixie",
        versions=Versions(
            nginx=(1, 26), openssl=(3, 5), openssh=(10, 0), systemd=(257,), python=(3, 13), glibc=(2, 41)
        ),
    ),
    Platform(
        name="Debian",
        version="14",
        codename="forky",
        versions=Versions(
            nginx=(1, 30), openssl=(3, 6), openssh=(10, 6), systemd=(262,), python=(3, 14), glibc=(2, 43)
        ),
    ),
)
# The oldest that units, sites and keys work with.
LEAST = Versions(nginx=(1, 22), openssl=(3, 0), openssh=(9, 2), systemd=(252,), python=(3, 11), glibc=(2, 36))
# Systems that are often asked for and are refused, with the reason and what to do.
_NO_POLICY = "its SELinux keeps nginx from applications' sockets, and no policy allows it yet; take Debian"
_REFUSED = {
    "Ubuntu": "an sshd that its socket starts, and sudo-rs, are not handled yet; take Debian",
    **dict.fromkeys(("RedHat", "Rhel", "Rocky", "AlmaLinux", "Almalinux", "CentOS", "Centos"), _NO_POLICY),
    **dict.fromkeys(("Fedora", "OracleLinux", "Ol", "Amazon", "Amzn"), _NO_POLICY),
}


def platform_of(facts: Facts) -> Platform:
    """Return the system of a host, with the versions of the programs that it has.

    Args:
        facts: the host's: `distribution`, with `distribution_version` or `distribution_release`; `versions` of what is
            installed; and `like`, the variable `asgi_like` of the host.

    Raises:
        ValueError: the system is not supported, or a program is too old; says what was found and what to do.
    """
    platform, like = _named(facts), facts.get("like")
    if like and (errors := like_errors(like)):
        raise ValueError(errors[0])
    if like and platform:
        raise ValueError(f"asgi_like: found {like}, but this host runs {platform}, which is supported; leave it out")
    if like and _name(facts) not in _REFUSED:
        platform = replace(next(other for other in PLATFORMS if other.word == like), derivative=_system(facts))
    if platform is None:
        raise ValueError(_refusal(facts))
    platform = replace(platform, versions=platform.versions.observed(facts.get("versions", {})))
    if old := platform.versions.below(LEAST):
        found = ", ".join(f"{name} {written(getattr(platform.versions, name))}" for name in old)
        least = ", ".join(f"{name} {written(getattr(LEAST, name))}" for name in old)
        raise ValueError(f"this host runs {platform} with {found}; expected {least} at least; upgrade it there")
    return platform


def like_errors(like: Json) -> list[str]:
    """Return what is wrong with the variable `asgi_like`."""
    words = [platform.word for platform in PLATFORMS]
    if like in words:
        return []
    return [f"asgi_like: found {like!r}, expected one of {', '.join(words)}, as in asgi_like: {PLATFORMS[1].word}"]


def remarks(facts: Facts) -> list[str]:
    """Return what users must know of a host's system: that no one has tried it, and which versions are not its own."""
    platform = platform_of(facts)
    table = next(other for other in PLATFORMS if (other.name, other.version) == (platform.name, platform.version))
    texts = []
    if platform.derivative:
        alike = f"{platform.name} {platform.version}"
        texts.append(f"{platform.derivative} is treated as {alike}, as asgi_like says; not run there by us")
    for name in table.versions.differing(platform.versions):
        found, usual = (written(getattr(versions, name)) for versions in (platform.versions, table.versions))
        texts.append(f"has {name} {found} in place of {usual}, so what {name} is given goes by {found}")
    return texts


def _named(facts: Facts) -> Platform | None:
    """Return the supported system that facts name."""
    name, version, codename = _name(facts), _version(facts), str(facts.get("distribution_release"))
    for platform in PLATFORMS:
        # Point releases change nothing: 13.2 is 13. But where the table has 24.04, 24.10 is another system.
        released = version if "." in platform.version else version.partition(".")[0]
        unreleased = platform.codename == codename and not version[:1].isdigit()
        if platform.name == name and (platform.version == released or unreleased):
            return platform
    return None


def _refusal(facts: Facts) -> str:
    """Return why a system is refused, and what to do."""
    if reason := _REFUSED.get(_name(facts)):
        return f"this host runs {_system(facts)}, which is not supported: {reason}"
    return (
        f"this host runs {_system(facts)}; supported are {', '.join(map(str, PLATFORMS))}; "
        f"for a derivative of one of them write which, as in asgi_like: {PLATFORMS[1].word}"
    )


def _system(facts: Facts) -> str:
    return f"{_name(facts)} {_version(facts)}"


def _name(facts: Facts) -> str:
    return str(facts.get("distribution", "unknown"))


def _version(facts: Facts) -> str:
    """Return the version of a system as it is written: its own, or the first number of it."""
    return str(facts.get("distribution_version") or facts.get("distribution_major_version", "unknown"))
