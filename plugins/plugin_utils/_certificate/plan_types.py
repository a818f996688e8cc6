"""The options and the plan of the role certificate."""

from __future__ import annotations

from typing import Literal, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import (
    CertificateEntry,
    FileEntry,
    ToolEntry,
)

Credential = str | int | float
"""A value of credentials for a DNS provider, as YAML reads it."""


class AccountOptions(TypedDict):
    """The key that binds an account of ACME to a customer of the CA."""

    key_id: str
    hmac_key: str


class DnsPluginOptions(TypedDict):
    """A plugin of certbot for a DNS provider."""

    name: Literal[
        "cloudflare",
        "digitalocean",
        "dnsimple",
        "dnsmadeeasy",
        "gehirn",
        "google",
        "linode",
        "luadns",
        "nsone",
        "ovh",
        "rfc2136",
        "route53",
        "sakuracloud",
    ]
    credentials: dict[str, Credential] | None
    propagation: int | None  # seconds


class DnsHookOptions(TypedDict):
    """Programs on the controller that write into the DNS."""

    auth: str
    cleanup: str | None


class GivenOptions(TypedDict):
    """A certificate of the user's: files on the controller."""

    certificate: str
    key: str


class ServedOptions(TypedDict):
    """What serves a certificate: an application whose group reads it, or nginx without a group."""

    port: int
    group: str | None


class PlannedOptions(TypedDict):
    """The options that a plan has as they are."""

    name: str
    domains: list[str]
    email: str | None
    directory: str  # a word for one of Let's Encrypt's, or a URL
    ca_file: str | None  # on the controller
    account: AccountOptions | None
    key_type: Literal["ecdsa", "rsa"]
    profile: str | None
    challenge: Literal["http", "dns"]
    dns_plugin: DnsPluginOptions | None
    dns_hooks: DnsHookOptions | None
    wheelhouse: str | None  # SHA-256 of the archive of wheels that was shipped
    given: GivenOptions | None
    served: ServedOptions


class CertificateOptions(PlannedOptions):
    """The options of the role, without their prefix; roles/certificate/meta/argument_specs.yml describes them."""

    source: Literal["acme", "self-signed"]


class HooksPlan(TypedDict):
    """Programs on the controller that write into the DNS, where certbot calls them."""

    auth: str | None
    cleanup: str | None


class CertificatePlan(PlannedOptions):
    """All that is decided of one certificate."""

    source: Literal["acme", "self-signed", "given"]  # given: files of the controller
    by_ca: bool  # whether a CA issues it
    by_nginx: bool  # whether nginx serves it
    authenticator: str  # of certbot
    propagation: int | None  # seconds
    environment: str  # the text of a file with variables that certbot needs, such as the proxy of the host
    credentials: str  # the text of the file that certbot's plugin reads
    hooks: HooksPlan
    renewal: dict[str, str | None]  # options that certbot keeps for its renewal
    packages: list[str]
    locks: list[str]  # files on the controller that pin certbot
    folder: str  # on the host, as the next ones: where its request and its secrets are
    placed: str  # where the certificate is
    webroot: str
    library: str
    paths: dict[str, str]  # fixed paths of a host
    module: str  # the module that renews, by its dotted name
    named: list[str]  # domains without addresses
    requested: CertificateEntry  # what the host records


class CertificateState(TypedDict):
    """What the tasks of the role take.

    Attributes:
        served: files of which a change is a change of what nginx serves.
        renewal: all other files.
        units: units that are enabled and active.
        venvs: environments of programs.
    """

    served: list[FileEntry]
    renewal: list[FileEntry]
    units: list[str]
    venvs: list[ToolEntry]
