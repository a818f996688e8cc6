"""The options of where an application and its dependencies come from, and how they are built: see options.py."""

from __future__ import annotations

from typing import TypedDict

EnvironmentValue = str | int | float | bool
"""A value of an environment variable, as YAML reads it."""


class VerifyOptions(TypedDict):
    """Who must have signed a commit or a tag."""

    signers: list[str]  # public SSH keys, each a line of a .pub file


class ArchiveOptions(TypedDict):
    """A file that holds the source."""

    url: str | None
    sha256: str | None
    path: str | None  # on the controller


class BuildOptions(TypedDict):
    """Commands that make a part of a release."""

    commands: list[str]
    env: dict[str, EnvironmentValue]
    secrets: dict[str, str]
    network: bool  # whether they reach the network


class AptOptions(TypedDict):
    """Debian packages of an application."""

    build: list[str]  # that building its environment needs
    run: list[str]  # that it needs when it runs


class PythonMirrorOptions(TypedDict):
    """Where interpreters come from that a host does not have."""

    url: str | None
    archives: dict[str, str]  # checksums, by path below the URL; empty for those of uv's own list


class IndexOptions(TypedDict):
    """A private index of distributions, and the hosts that builds may reach."""

    url: str | None
    username: str | None
    password: str | None
    hosts: list[str]


class PackageIndexOptions(TypedDict):
    """A further index, of some distributions."""

    url: str
    username: str | None
    password: str | None
    packages: list[str]
