"""The options and the plan of the role hardening."""

from __future__ import annotations

from typing import Literal, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FirewallEntry, OpeningEntry

SysctlValue = str | int | float | None
"""A value of a kernel parameter, as YAML reads it; None leaves the parameter as it is."""


class HardeningOptions(TypedDict):
    """The options of the role, without their prefix; roles/hardening/meta/argument_specs.yml describes them."""

    hardening: bool
    firewall: bool
    open: list[OpeningEntry]
    close: list[int]  # ports
    firewall_rules: list[str]  # of nft
    ssh_allow: list[str]  # networks
    ssh: bool
    ssh_root: bool
    ssh_exceptions: list[str]  # criteria of Match
    confirm_timeout: int  # seconds
    sysctl: bool
    sysctl_values: dict[str, SysctlValue]
    updates: bool
    reboot_at: str | None  # a time of day, such as 04:00
    restart: Literal["window", "now", "never"]  # when what runs replaced libraries is restarted
    journal: bool
    journal_size: str  # as journald writes it, such as 1G
    journal_days: int
    time: bool
    no_core_dumps: bool
    umask: bool
    services: bool
    services_off: list[str]  # units
    bans: bool
    ban_minutes: int
    ban_never: list[str]  # networks


class Switches(TypedDict):
    """The switches of the role; all of them are off where the whole role is."""

    firewall: bool
    ssh: bool
    sysctl: bool
    updates: bool
    journal: bool
    services: bool
    bans: bool
    time: bool
    no_core_dumps: bool
    umask: bool


class HardeningPackages(TypedDict):
    """Names of packages of the system."""

    nft: str
    updates: str
    time: str
    other_time: list[str]  # alternatives to `time`
    bans: list[str]


class HardeningUnits(TypedDict):
    """Names of units of the system."""

    ssh: str
    time: str
    updates: list[str]


class HardeningPlan(HardeningOptions):
    """All that is decided of the hardening of a host."""

    paths: dict[str, str]  # fixed paths of a host
    environment: str  # the text of a file with variables that updates need, such as the proxy of the host
    sysctl_rules: dict[str, tuple[str, str]]  # values of kernel parameters, each with the rule that asks for it
    desired_sysctl: dict[str, str]
    desired_firewall: FirewallEntry | None  # None leaves the firewall as it is
    desired_sshd: dict[str, str]  # values that `sshd -T` must show, by lower-case keyword
    desired_services: list[str]  # units that must not run
    key_exchanges: str  # of SSH, as the next ones
    ciphers: str
    macs: str
    packages: HardeningPackages
    units: HardeningUnits
    apt_origins: list[str]
    restarts: bool  # whether what runs replaced libraries is restarted
    restarts_at_once: bool  # whether that follows an upgrade at once
    restart_at: str  # the time of day of the other restarts
    restart_module: str  # the program of these restarts, as `python3 -m` takes it
    restart_modules: list[str]  # dotted names of all its modules below plugins/module_utils
    bans_web: bool  # whether visitors of nginx are banned, too
