"""A repository: its trees, links, archives, requirements and signatures."""

from __future__ import annotations

from tests.attacks.rows import (
    ADDITIONS,
    ARCHIVES,
    BUILDING,
    FILES,
    GIT,
    PLAIN,
    REQUIREMENTS,
    SIGNATURES,
    WHEELHOUSE,
    Party,
    Proof,
    Row,
    plain,
)

ROWS = (
    Row(
        "crafted-tree",
        Party.REPOSITORY,
        "having a submodule laid out elsewhere on the host: by `..` in its path, or through a link of the same tree",
        "trees are checked when they are fetched and when they are laid out, which a user of the application does",
        tuple(
            Proof(
                f"{GIT}::test_a_crafted_tree_writes_nothing_elsewhere[{way}-True]",
                f"{PLAIN}::test_a_submodule_is_laid_out_where_its_path_leads[{way}]",
            )
            for way in ("..", "link")
        ),
    ),
    Row(
        "submodule-of-the-host",
        Party.REPOSITORY,
        "having a folder of the host fetched as a submodule",
        "what comes from the network refers to the network only",
        plain(
            f"{GIT}::test_a_submodule_from_the_network_reads_no_file_of_the_host",
            "test_a_submodule_is_fetched_from_a_folder_of_the_host",
        ),
    ),
    Row(
        "unsigned",
        Party.REPOSITORY,
        "releasing a commit that was slipped in, and that none of your keys has signed",
        "`verify`: only what one of your keys has signed is released",
        tuple(
            proof
            for test in ("test_a_commit_without_a_signature", "test_a_commit_that_is_signed_by_another_key")
            for proof in plain(f"{SIGNATURES}::{test}", "test_a_commit_of_another_author_is_checked_out")
        ),
    ),
    Row(
        "archive",
        Party.REPOSITORY,
        "writing elsewhere from an archive: by names, links and devices in it",
        "an archive is unpacked by code that refuses what lies outside its folder",
        plain(f"{ARCHIVES}::test_what_does_not_belong", "test_an_archive_is_unpacked_where_its_names_lead"),
    ),
    Row(
        "link-to-a-file",
        Party.REPOSITORY,
        "having root read a file of the host through a link, and show it or hash it",
        "root opens regular files in a tree, folder by folder, and no link that leads out of it",
        plain(f"{FILES}::test_nothing_else_is_read", "test_a_link_is_followed"),
    ),
    Row(
        "endless-file",
        Party.REPOSITORY,
        "having root read without end: a link to a device",
        "only regular files are read, up to a size",
        plain(f"{REQUIREMENTS}::test_nothing_outside_the_tree_is_included", "test_a_device_is_read_without_end"),
    ),
    Row(
        "pipe",
        Party.REPOSITORY,
        "holding root up, and the release's lock with it: a pipe in the place of a file",
        "files are opened without waiting, and what is no regular file is refused",
        plain(f"{REQUIREMENTS}::test_what_is_no_regular_file_is_not_read", "test_a_pipe_is_waited_for"),
    ),
    Row(
        "swapped-folder",
        Party.REPOSITORY,
        "swapping a folder for a link between its inspection and its opening",
        "each folder on the way is opened by the one above, and links are not followed",
        plain(
            f"{FILES}::test_what_is_swapped_in_between_is_not_followed",
            "test_a_folder_is_inspected_and_another_one_is_read",
        ),
    ),
    Row(
        "included-requirements",
        Party.REPOSITORY,
        "including a file of the host in its requirements",
        "an inclusion ends at the tree, whatever links are in it",
        plain(
            f"{REQUIREMENTS}::test_nothing_outside_the_tree_is_included",
            "test_requirements_are_included_from_elsewhere",
        ),
    ),
    Row(
        "code-on-the-controller",
        Party.REPOSITORY,
        "running code on the controller while `wheelhouse` fetches its requirements",
        "lines of requirements that would be built are refused; only wheels are fetched",
        plain(
            f"{WHEELHOUSE}::test_requirement_that_would_be_built_is_refused", "test_a_line_of_requirements_runs_code"
        ),
    ),
    Row(
        "compiled-link",
        Party.REPOSITORY,
        "having root compile another application's environment file, for its own application to read",
        "its user compiles it, in a sandbox where that file is not to be seen",
        (
            Proof(
                f"{BUILDING}::test_root_reads_and_compiles_nothing_through_a_link",
                f"{BUILDING}::test_careless_root_falls_for_it[a link that is compiled]",
            ),
        ),
    ),
    Row(
        "static-link",
        Party.REPOSITORY,
        "having nginx serve a file of the host: by a link among static files",
        "what is served are the files of a folder, and links to such files",
        plain(f"{ADDITIONS}::test_refusals[public link out of the tree]", "test_a_link_among_static_files_is_served"),
    ),
)
