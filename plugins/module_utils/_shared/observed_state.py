"""Shapes of what a host reports: the facts, and what an inspection observes.

The RETURN of the module look documents the same keys; a test compares both.
"""

from __future__ import annotations

from typing import Literal, TypedDict

RestartMode = Literal["window", "now", "never"]


class RestartTime(TypedDict):
    """When a host restarts by itself what runs replaced libraries.

    Attributes:
        mode: as the option hardening_restart has it; never also without hardening.
        at: the time of day; None if never.
    """

    mode: RestartMode
    at: str | None


class ReplacedState(TypedDict):
    """Libraries, or a Python, that still run although an upgrade has replaced them.

    Attributes:
        files: their paths.
        since: when the first was replaced, in seconds of the epoch; None if no file has such a name any more.
    """

    files: list[str]
    since: float | None


class Difference(TypedDict, total=False):
    """A difference, as Ansible's --diff shows it."""

    before: str
    after: str
    before_header: str
    after_header: str


class SystemFacts(TypedDict, total=False):
    """What decisions need to know of the system of a host, by the names of Ansible's own facts.

    Attributes:
        distribution: the name of the system, such as Debian.
        distribution_version: its number as os-release has it, such as 24.04.
        distribution_major_version: the first part of that, such as 24.
        distribution_release: its codename.
        versions: of installed programs, by their names; only numbers, such as 1.26.3.
    """

    distribution: str
    distribution_version: str
    distribution_major_version: str
    distribution_release: str
    versions: dict[str, str]


class HostFacts(SystemFacts, total=False):
    """What decisions need to know of a host, by the names of Ansible's own facts.

    Attributes:
        architecture: of the processor; only from Ansible's own facts.
        processor_nproc: CPUs that processes may use.
        memtotal_mb: memory in MiB.
        all_ipv6_addresses: addresses, without that of the loopback.
        nameservers: addresses of the name servers that programs ask.
        nftables: whether the kernel takes rules of nft.
    """

    architecture: str
    processor_nproc: int
    memtotal_mb: int
    all_ipv6_addresses: list[str]
    nameservers: list[str]
    nftables: bool


class TrustedKey(TypedDict):
    """A key of a git server that a host trusts because it saw it first.

    Attributes:
        host: the server.
        fingerprint: of the key.
        line: what to write in known_hosts of the application's entry.
    """

    host: str
    fingerprint: str
    line: str


class SourceSummary(TypedDict, total=False):
    """Where a release's code comes from, as it is recorded and shown; nothing secret.

    Attributes:
        kind: git, archive or package.
        url: of the repository or the archive.
        commit: of git.
        name: of the archive's file.
        sha256: of the archive.
        requirement: of a package, with its version.
        plugins: requirements that are installed with the package, each with its version.
        subdirectory: where in its tree the application lies.
    """

    kind: str
    url: str
    commit: str
    name: str
    sha256: str
    requirement: str
    plugins: list[str]
    subdirectory: str


class LastAttempt(TypedDict, total=False):
    """What came of the last request for a certificate.

    Attributes:
        at: when, in UTC, as 2026-11-30T11:12:42Z.
        ok: whether it succeeded.
        text: ok, or what went wrong.
        wait: when the CA accepts the same request again.
    """

    at: str
    ok: bool
    text: str
    wait: RetryTime


class RequestKey(TypedDict):
    """What a CA counts its limits by.

    Attributes:
        server: the URL of its directory.
        domains: in order.
    """

    server: str | None
    domains: list[str]


class RetryTime(TypedDict):
    """When a CA accepts a request again.

    Attributes:
        until: in UTC, as 2026-11-30T11:12:42Z.
        asked: the request that this is about.
    """

    until: str
    asked: RequestKey


class CertificateStatus(TypedDict):
    """The status of a certificate, as it is recorded for monitoring.

    Attributes:
        name: of the certificate.
        domains: names and addresses that are requested.
        source: acme, self-signed, given, or stand-in.
        issuer: of the certificate that is served; None if there is none, as with what follows.
        not_after: when it ends, in UTC, as 2026-11-30T11:12:42Z.
        days_left: days until then.
        last: what came of the last request; None if there was none.
    """

    name: str
    domains: list[str]
    source: str
    issuer: str | None
    not_after: str | None
    days_left: float | None
    last: LastAttempt | None


class ReleasePrediction(TypedDict, total=False):
    """What a release would do.

    Attributes:
        changed: whether anything would be done.
        release: the name of the release; None where it cannot be known yet.
        before: the release that serves; None if none does.
        stopped: why the application is stopped; None if it is not.
        before_commit: the commit of `before`; None if it did not come from git.
        dependencies: the file that `before` was built from, by its path; empty if its record does not say.
        python: the Python that the host would fetch, and from where; empty if it has it.
        state_in_memory: distributions of `before` that keep state of visitors in the memory of a worker.
        commit: the commit of `release`; None if it does not come from git.
        source: where the code of `release` comes from.
        trusted_at_first_use: keys that are trusted because they were seen first.
        health: what is wrong with the live release's answer; empty when nothing is.
        noted: whether the host has recorded the same settings already.
        damage: what is damaged, by release.
        loose: what differs only in owner or mode, as texts; a run repairs it in place.
        unrecorded: releases without a manifest.
        steps: seconds that each step took, by its name; none in a prediction.
        left: the states that are still to be reached.
        metadata: what would be done about the cloud's metadata service, as a word; None for nothing.
    """

    changed: bool
    release: str | None
    before: str | None
    stopped: str | None
    before_commit: str | None
    dependencies: str
    python: str
    state_in_memory: list[str]
    commit: str | None
    source: SourceSummary
    trusted_at_first_use: list[TrustedKey]
    health: str
    noted: bool
    damage: dict[str, list[str]]
    loose: list[str]
    unrecorded: list[str]
    steps: dict[str, float]
    left: list[str]
    metadata: str | None


class Observation(HostFacts, ReleasePrediction, total=False):
    """What one inspection observed; each kind of inspection has keys of its own.

    The facts have those of `HostFacts`, a release those of `ReleasePrediction`, a removal only `changed`.

    Attributes:
        failed: why nothing can be said; then no other key is there.
        missing_packages: Debian packages that are not installed. Of parts and hardening.
        diff: the differences of files. Of parts and hardening.
        drift: paths of files that differ, and a service that has not read them. Of parts, as what follows.
        inactive_units: units that do not run, or do not start at boot.
        unmet_needs: what is wrong with units that are needed, as messages.
        missing_users: users that do not exist.
        altered_users: how users differ in shell or groups, as messages.
        present_users: users that still exist.
        port_owners: names of programs that listen, by port.
        nginx_servers: who has a server of nginx on a port that it holds, applications and paths of others' files.
        server_owners: applications that have a server in nginx with one of the names.
        outdated_venvs: paths of virtual environments that must be built.
        missing_archives: SHA-256 of archives that have not been shipped.
        pending_certificates: why certificates must be obtained, by their names.
        lineages: names that certbot has a certificate for.
        parts: names of what would be done. Of hardening, as what follows.
        refusals: why nothing would be done, as messages.
        reboot_required: whether an upgrade waits for a reboot.
        replaced: what runs libraries that an upgrade has replaced: applications by their names, and nginx.
    """

    failed: str
    missing_packages: list[str]
    diff: list[Difference]
    drift: list[str]
    inactive_units: list[str]
    unmet_needs: list[str]
    missing_users: list[str]
    altered_users: list[str]
    present_users: list[str]
    port_owners: dict[str, str]
    nginx_servers: list[str]
    server_owners: list[str]
    outdated_venvs: list[str]
    missing_archives: list[str]
    pending_certificates: dict[str, str]
    lineages: list[str]
    parts: list[str]
    refusals: list[str]
    reboot_required: bool
    replaced: dict[str, ReplacedState]
