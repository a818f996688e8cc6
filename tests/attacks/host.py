"""A host that was broken into: what it answers, and to whom."""

from __future__ import annotations

from tests.attacks.rows import HOSTS, RESULTS, Party, Row, each, plain

ROWS = (
    Row(
        "command-on-controller",
        Party.HOST,
        "running a command on the controller: by options of SSH, or by another connection, in what it answers",
        "of an answer only the keys pass that the module documents, of their types and sizes",
        each(
            f"{HOSTS}::test_it_is_not_obeyed",
            f"{HOSTS}::test_it_is_obeyed_where_nothing_protects",
            ("options of SSH of a host", "another connection to a host"),
        ),
    ),
    *(
        Row(
            name,
            Party.HOST,
            tried,
            "only documented keys pass",
            each(f"{HOSTS}::test_it_is_not_obeyed", f"{HOSTS}::test_it_is_obeyed_where_nothing_protects", (case,)),
        )
        for name, tried, case in (
            ("added-host", "adding a host to the inventory, to which the run then goes", "a host"),
            ("added-group", "entering a group, and getting the variables of that", "a group"),
            ("added-variable", "setting a variable of the play", "a variable of the play"),
        )
    ),
    Row(
        "template-in-a-fact",
        Party.HOST,
        "having a template in a fact evaluated on the controller",
        "each fact has a pattern, and is marked as unsafe",
        plain(f"{HOSTS}::test_a_template_in_a_fact_is_not_evaluated", "test_a_template_is_code"),
    ),
    Row(
        "terminal",
        Party.HOST,
        "reaching the administrator's terminal by escape sequences",
        "text of hosts is shown with such characters written out",
        plain(f"{RESULTS}::test_text_is_harmless_wherever_it_is", "test_a_sequence_reaches_the_terminal"),
    ),
    Row(
        "deep-answer",
        Party.HOST,
        "ending the run for all hosts: by an answer that is nested without end",
        "depths have a bound, and what cannot be read is an error of that host",
        plain(f"{RESULTS}::test_what_is_no_json_is_refused", "test_an_answer_ends_its_reader[depth]"),
    ),
    Row(
        "number-of-any-size",
        Party.HOST,
        "ending the run for all hosts: by a number of thousands of digits",
        "numbers have 64 bits",
        plain(f"{RESULTS}::test_numbers_have_bounds", "test_an_answer_ends_its_reader[a number of 5,000 digits]"),
    ),
    Row(
        "answer-of-any-size",
        Party.HOST,
        "filling the controller's memory by what it answers",
        "answers, texts and lists have a size",
        plain(f"{RESULTS}::test_an_answer_has_a_bound", "test_an_answer_of_any_size_is_taken"),
    ),
    Row(
        "answer-of-another-type",
        Party.HOST,
        "ending the run for all hosts: by an answer of another type than is documented",
        "types are checked against the documentation, and what differs fails for that host",
        plain(f"{HOSTS}::test_what_is_no_answer_fails_for_itself", "test_an_answer_of_another_type_ends_what_shows_it"),
    ),
)
