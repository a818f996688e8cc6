"""The supported systems: one object for each, with everything that differs between them.

No other file below plugins/ and roles/ names a release of a system.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts


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
        version: its major version, as facts name it once it is released.
        codename: of the release. Facts give no number before a release: "forky/sid", or "n/a" with lsb-release.
        glibc: the minor version of glibc 2, which decides which binary wheels run.
        nginx_http2_directive: whether nginx has `http2 on;`, since 1.25.1.
        nginx_http3: whether nginx has HTTP/3, since 1.25.0.
        nginx_ticket_keys_rotate: whether nginx changes the keys of TLS session tickets, since 1.23.2.
        nginx_keepalive_min_timeout: whether nginx has that directive, since 1.27.4.
        post_quantum_group: whether OpenSSL has X25519MLKEM768, since 3.5.
        post_quantum_ssh: whether OpenSSH has mlkem768x25519-sha256, since 9.9.
        packages: the names of packages.
        units: the names of units.
        apt_origins: the archives from which upgrades are installed automatically, as unattended-upgrades matches them.
    """

    name: str
    version: str
    codename: str
    glibc: int
    nginx_http2_directive: bool
    nginx_http3: bool
    nginx_ticket_keys_rotate: bool
    nginx_keepalive_min_timeout: bool
    post_quantum_group: bool
    post_quantum_ssh: bool
    packages: Packages = Packages()
    units: Units = Units()
    apt_origins: tuple[str, ...] = (
        "origin=Debian,codename=${distro_codename},label=Debian-Security",
        "origin=Debian,codename=${distro_codename}-security,label=Debian-Security",
    )

    def __str__(self) -> str:
        """Return the name and the version."""
        return f"{self.name} {self.version}"


PLATFORMS = (
    Platform(
        name="Debian",
        version="12",
        codename="bookworm",
        glibc=36,
        nginx_http2_directive=False,
        nginx_http3=False,
        nginx_ticket_keys_rotate=False,
        nginx_keepalive_min_timeout=False,
        post_quantum_group=False,
        post_quantum_ssh=False,
    ),
    Platform(
        name="Debian",
        version="13",
        codename="trixie",
        glibc=41,
        nginx_http2_directive=True,
        nginx_http3=True,
        nginx_ticket_keys_rotate=True,
        nginx_keepalive_min_timeout=False,
        post_quantum_group=True,
        post_quantum_ssh=True,
    ),
    Platform(
        name="Debian",
        version="14",
        codename="forky",
        glibc=43,
        nginx_http2_directive=True,
        nginx_http3=True,
        nginx_ticket_keys_rotate=True,
        nginx_keepalive_min_timeout=True,
        post_quantum_group=True,
        post_quantum_ssh=True,
    ),
)


def platform_of(facts: Facts) -> Platform:
    """Return the system of a host.

    Args:
        facts: the host's; `distribution`, with `distribution_major_version` or `distribution_release`.

    Raises:
        ValueError: the system is not supported; names it and those that are.
    """
    name = str(facts.get("distribution", "unknown"))
    version = str(facts.get("distribution_major_version", "unknown"))
    codename = str(facts.get("distribution_release"))
    for platform in PLATFORMS:
        unreleased = platform.codename == codename and not version.isdigit()
        if platform.name == name and (platform.version == version or unreleased):
            return platform
    raise ValueError(f"this host runs {name} {version}; supported are {', '.join(map(str, PLATFORMS))}")
