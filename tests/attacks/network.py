"""Others: scanners, guessers, readers of a backup, mistakes, upgrades."""

from __future__ import annotations

from tests.attacks.rows import HARDENING, SECRETS, SITE, TRUST, UNIT, UPGRADES, Party, Proof, Row, plain, web

ROWS = (
    Row(
        "old-tls",
        Party.NETWORK,
        "having an older version of TLS spoken",
        "Mozilla's guidelines 6.0",
        web(f"{SITE}::test_modern_tls_is_only_1_3", "test_an_old_tls_is_spoken"),
    ),
    Row(
        "ports",
        Party.NETWORK,
        "reaching a program of the host that was started and forgotten",
        "a firewall that names what is open, and comes back when a program deletes it",
        (
            Proof(
                f"{HARDENING}::test_a_scanner_finds_what_is_served_and_nothing_else",
                f"{HARDENING}::test_undone_and_applied_again",
            ),
            Proof(
                f"{HARDENING}::test_rules_that_are_thrown_away_come_back",
                f"{HARDENING}::test_undone_and_applied_again",
            ),
        ),
    ),
    Row(
        "logins",
        Party.NETWORK,
        "logging in by a password",
        "sshd accepts only keys, by modern algorithms",
        (
            Proof(
                f"{HARDENING}::test_sshd_accepts_only_keys_by_modern_algorithms",
                f"{HARDENING}::test_undone_and_applied_again",
            ),
        ),
    ),
    Row(
        "kernel-parameters",
        Party.NETWORK,
        "leading the host's packets elsewhere",
        "kernel parameters: no redirects are taken or sent",
        (Proof(f"{HARDENING}::test_kernel", f"{HARDENING}::test_undone_and_applied_again"),),
    ),
    Row(
        "false-git-server",
        Party.NETWORK,
        "answering in the place of a git server",
        "keys of `known_hosts`, or the first one that a host has seen, which is named from then on",
        tuple(
            Proof(f"{TRUST}::{test}", f"{TRUST}::test_without_it_the_first_key_is_kept_and_reported")
            for test in (
                "test_a_key_that_the_entry_does_not_have_is_refused",
                "test_a_key_that_the_entry_revokes_is_refused",
                "test_another_key_than_the_first_is_refused",
            )
        ),
    ),
    Row(
        "plain-transport",
        Party.NETWORK,
        "changing what comes over `http://` and `git://`",
        "they are refused, also where a server leads there, unless a signature is asked for or the entry says so",
        tuple(
            Proof(f"{TRUST}::{test}", f"{TRUST}::test_what_is_allowed_to_be_plain_goes_on_being_named")
            for test in (
                "test_a_plain_transport_is_refused_before_any_host_is_touched",
                "test_a_server_that_leads_to_a_plain_transport_is_refused",
            )
        ),
    ),
    Row(
        "secrets-on-disk",
        Party.NETWORK,
        "finding a secret in the files, logs, units and command lines of a host, as in a backup of it",
        "they are encrypted with a key of the host, and lie in memory while a unit runs",
        (
            Proof(
                f"{SECRETS}::test_they_are_nowhere_on_the_host",
                f"{SECRETS}::test_who_looks_for_them_finds_them_where_they_are",
            ),
        ),
    ),
    Row(
        "value-as-code",
        Party.NETWORK,
        "having a value of the inventory read as more than a value: another line, another word of a command",
        "each value is quoted as its reader reads it",
        tuple(
            proof
            for test in (
                "test_an_environment_file_is_read_as_it_was_meant",
                "test_a_command_line_is_read_as_these_words",
            )
            for proof in plain(f"{UNIT}/behaviour/test_injection.py::{test}", "test_a_value_becomes_a_line")
        ),
    ),
    Row(
        "upgrades",
        Party.NETWORK,
        "no attacker: packages that are upgraded at night, while visitors are there",
        "nothing that serves depends on what they restart, but nginx's own package: it restarts nginx, and who "
        "connects in that second is refused",
        (
            Proof(
                f"{UPGRADES}::test_upgrades_lose_no_request",
                f"{UPGRADES}::test_nginx_upgrades_itself_without_losing_a_request",
            ),
        ),
    ),
)
