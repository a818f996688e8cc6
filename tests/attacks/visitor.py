"""A visitor, by nginx or without it."""

from __future__ import annotations

from tests.attacks.rows import (
    ATTACKS,
    BOUNDS,
    DIRECT,
    HOSTILE,
    QUIC,
    SITE,
    Party,
    Proof,
    Row,
    bounds,
    web,
)

ROWS = (
    Row(
        "odd-paths",
        Party.VISITOR,
        "getting past a path's password, addresses and rates by a path that is read in two ways",
        "dot segments in any encoding, backslashes and NUL are refused, and where paths have rules `%2f` and `;` too",
        tuple(
            proof
            for path in (
                "/redoc/../version",
                "/redoc/x/../../version",
                "/redoc/%2e%2e/version",
                "/redoc%2f..%2fversion",
            )
            for proof in web(
                f"{HOSTILE}::test_request[a path that can be read in two ways, {path}]",
                f"test_a_path_that_is_read_in_two_ways_reaches_the_application[{path}]",
            )
        ),
    ),
    Row(
        "lost-body",
        Party.VISITOR,
        "having the application get an empty body: by an upgrade to another protocol",
        "only a WebSocket's upgrade is passed on, and only of GET",
        (
            *web(f"{HOSTILE}::test_an_upgrade_takes_no_body_away[h2c]", "test_an_upgrade_takes_the_body_away"),
            Proof(f"{BOUNDS}::test_an_upgrade_takes_no_body_away", f"{BOUNDS}::test_uvicorn_lets_it"),
            Proof(f"{DIRECT}::test_an_upgrade_takes_no_body_away", f"{BOUNDS}::test_uvicorn_lets_it"),
        ),
    ),
    Row(
        "believed-headers",
        Party.VISITOR,
        "headers that frameworks believe: another URL, method, user or address",
        "they are taken away",
        web(f"{HOSTILE}::test_what_frameworks_believe_is_not_passed_on", "test_what_frameworks_believe_is_passed_on"),
    ),
    Row(
        "claims",
        Party.VISITOR,
        "claiming another address in `X-Forwarded-For` and its like",
        "they are overwritten; without nginx none is believed",
        (
            *web(f"{HOSTILE}::test_claims_are_not_passed_on", "test_claims_are_believed"),
            *web(f"{DIRECT}::test_answers_without_nginx", "test_claims_are_believed"),
        ),
    ),
    Row(
        "slow-health",
        Party.VISITOR,
        "closing the host by slow requests to a path of health",
        "they are GET and HEAD without a body, with a rate and a number of connections",
        web(f"{HOSTILE}::test_slow_questions_after_its_health_delay_no_one", "test_slow_questions_hold_connections"),
    ),
    Row(
        "slow-head",
        Party.VISITOR,
        "holding connections by a request that never ends",
        "a head has 15 seconds and 64 KiB, a body 30 seconds between two parts; without nginx as well",
        (
            *web(f"{HOSTILE}::test_a_header_that_never_ends", "test_a_header_that_never_ends_holds_its_connection"),
            *bounds("nothing", "a head", "a second head", "a body"),
            Proof(f"{BOUNDS}::test_a_head_has_a_size", f"{BOUNDS}::test_uvicorn_takes_a_head_of_any_size"),
            Proof(f"{DIRECT}::test_a_visitor_holds_no_connection", f"{BOUNDS}::test_uvicorn_waits_for_ever"),
            Proof(f"{DIRECT}::test_a_head_has_a_size", f"{BOUNDS}::test_uvicorn_takes_a_head_of_any_size"),
        ),
    ),
    Row(
        "flood",
        Party.VISITOR,
        "flooding the application",
        "a rate for each address, 429 beyond it",
        web(f"{HOSTILE}::test_a_flood", "test_a_flood_is_passed_on"),
    ),
    Row(
        "rapid-reset",
        Party.VISITOR,
        "rapid reset: cancelling each request as soon as it was sent, so that no limit of streams counts",
        "a cancelled request counts for the rate; nginx ends connections of too many",
        (
            *web(f"{QUIC}::test_what_is_cancelled_is_counted", "test_what_is_cancelled_reaches_the_application"),
            *web(f"{QUIC}::test_what_is_cancelled_over_http_3_is_counted", "test_over_http_3_nothing_is_held_either"),
        ),
    ),
    Row(
        "http-3",
        Party.VISITOR,
        "any of these over HTTP/3",
        "the same rules, in the same places",
        tuple(
            proof
            for test in (
                "test_a_path_that_can_be_read_in_two_ways",
                "test_a_path_with_rules",
                "test_another_name_than_the_handshake_s",
                "test_sizes",
                "test_what_frameworks_believe_is_not_passed_on",
                "test_a_flood",
            )
            for proof in web(f"{QUIC}::{test}", "test_over_http_3_nothing_is_held_either")
        ),
    ),
    Row(
        "connections",
        Party.VISITOR,
        "holding all connections of a path by slow requests",
        "a number of connections for each address",
        web(f"{SITE}::test_connections_are_counted", "test_connections_are_not_counted"),
    ),
    Row(
        "sizes",
        Party.VISITOR,
        "sending a body of any size",
        "`body_size`",
        web(f"{SITE}::test_sizes", "test_sizes_have_no_limit"),
    ),
    Row(
        "long-logs",
        Party.VISITOR,
        "filling the disk by long URLs that are logged",
        "a request is logged in a line of a bounded length, a refused one in a short one",
        web(f"{HOSTILE}::test_a_flood_of_long_urls_is_logged_in_short_lines", "test_long_urls_are_logged_whole"),
    ),
    Row(
        "other-names",
        Party.VISITOR,
        "asking for a name that no site has, or another one than the handshake's",
        "no handshake, and 421",
        (
            *web(f"{HOSTILE}::test_a_name_that_is_nobodys", "test_every_name_is_answered"),
            *web(f"{HOSTILE}::test_request[another name than the handshake's]", "test_every_name_is_answered"),
        ),
    ),
    Row(
        "nginx-workers",
        Party.VISITOR,
        "reading keys, environments and code, once nginx's workers were broken into",
        "file modes: its master process reads keys, and its workers are other users",
        (Proof(f"{ATTACKS}::test_nginxs_workers_read_nothing_of_it", f"{ATTACKS}::test_root_reads_it"),),
    ),
    Row(
        "passwords",
        Party.VISITOR,
        "reading a path that has a password",
        "`auth`",
        web(f"{SITE}::test_passwords", "test_no_password_is_asked_for"),
    ),
    Row(
        "redirect",
        Party.VISITOR,
        "writing a header of an answer by a line break in a path",
        "redirects take the path as it was sent",
        web(f"{HOSTILE}::test_a_line_break_in_a_redirect", "test_a_line_break_in_a_redirect_is_a_header"),
    ),
)
