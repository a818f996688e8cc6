"""What builds an environment: code of packages, and indexes that they come from."""

from __future__ import annotations

from tests.attacks.rows import (
    BUILDING,
    INDEXES,
    METADATA,
    SUPPLIES,
    Party,
    Proof,
    Row,
    between,
    building,
    each,
)

ROWS = (
    Row(
        "build-neighbours",
        Party.BUILD,
        "reading code, environment, storage, keys and sockets of other applications",
        "a sandbox in which only the application's own folders are",
        building(
            "read another application's code",
            "read another application's environment file",
            "read another application's storage",
            "read another application's data",
            "speak to another application's socket",
            "see another application's process and its environment",
            "see which applications there are",
            "read another application's key",
        ),
    ),
    Row(
        "build-files-of-the-host",
        Party.BUILD,
        "reading what is root's or other people's",
        "file modes, `ProtectHome=`, `InaccessiblePaths=`",
        building(
            "read /etc/shadow",
            "look into /root",
            "look into /home",
            "read what certbot keeps",
            "read the host's SSH key",
            "see the environment of the first process",
        ),
    ),
    Row(
        "build-live-code",
        Party.BUILD,
        "changing the release that serves, its environment file, or which release that is",
        "they are root's, and `ProtectSystem=strict`",
        building(
            "change its own code",
            "change its own virtual environment",
            "make another release the live one",
            "read its own environment file",
            "read the key of its own certificate",
        ),
    ),
    Row(
        "build-system",
        Party.BUILD,
        "changing what runs on the host: programs, shells, systemd, kernel settings, control groups",
        "`ProtectSystem=strict`, `ProtectKernelTunables=`, `ProtectControlGroups=`",
        building(
            "have every shell run something",
            "have systemd run something",
            "replace a program",
            "change the kernel's settings",
            "move processes between cgroups",
        ),
    ),
    Row(
        "build-root",
        Party.BUILD,
        "becoming root: setuid, sudo, a program of its own that is setuid",
        "`NoNewPrivileges=`, `CapabilityBoundingSet=` with nothing in it, `RestrictSUIDSGID=`",
        building("become root", "become root by sudo", "leave a program that makes others its user"),
    ),
    Row(
        "build-kernel",
        Party.BUILD,
        "signalling and tracing others, BPF, mounts, namespaces, keyrings, `userfaultfd`",
        "`SystemCallFilter=`, `RestrictNamespaces=`, a user of its own",
        building(
            "signal processes of others",
            "read another process's memory",
            "load a program into the kernel",
            "mount",
            "have a user namespace",
            "have a network of its own",
            "use the kernel's keyrings",
            "handle page faults, as exploits do",
        ),
    ),
    Row(
        "build-network",
        Party.BUILD,
        "raw sockets, D-Bus, systemd",
        "`RestrictAddressFamilies=`, no capabilities",
        building(
            "forge packets",
            "listen to the network",
            "ask the kernel about the network",
            "speak to D-Bus",
            "speak to systemd",
        ),
    ),
    Row(
        "build-handed-over",
        Party.BUILD,
        "handing open files to the application that serves, to work on in there",
        "no sockets of the kind `AF_UNIX`",
        between("hand open files to the application"),
    ),
    Row(
        "build-signal",
        Party.BUILD,
        "signalling another application's build, which is at work at the same time",
        "each application is built by a user of its own",
        between("signal another build"),
    ),
    Row(
        "build-password",
        Party.BUILD,
        "reading another build's environment with the index's password: of its process, and on disk",
        "`ProtectProc=invisible`; it lies in a folder that only that build sees",
        between("see another build's process and its environment", "take the index's password from another build"),
    ),
    Row(
        "build-cache",
        Party.BUILD,
        "changing what another application is built from, while it is built",
        "a cache for each application, which only its builds see",
        between(
            "change what other applications are built from",
            "write what another build takes from its cache",
            "write into another build's environment",
        ),
    ),
    Row(
        "build-temporary-files",
        Party.BUILD,
        "finding another build's temporary files",
        "`PrivateTmp=`",
        between("find another build's temporary files"),
    ),
    Row(
        "build-left",
        Party.BUILD,
        "leaving links, pipes and files that it can still write, for root to go on with",
        "every file is replaced by a copy that only root can write; pipes are removed, links are not followed",
        tuple(
            Proof(
                f"{BUILDING}::test_what_it_leaves_is_roots_and_harmless",
                f"{BUILDING}::test_careless_root_falls_for_it[{trap}]",
            )
            for trap in ("a link", "a file that everybody may write", "a file that is kept open")
        ),
    ),
    Row(
        "build-pipe",
        Party.BUILD,
        "holding root up at a pipe in the place of a package's description",
        "files of an environment are opened without waiting",
        (
            Proof(
                f"{BUILDING}::test_a_pipe_in_an_environment_delays_no_one",
                f"{BUILDING}::test_careless_root_falls_for_it[a pipe]",
            ),
        ),
    ),
    Row(
        "build-metadata-service",
        Party.BUILD,
        "the metadata service of the cloud",
        "rules of nft for the user of its builds",
        building(*METADATA),
    ),
    Row(
        "build-outgoing",
        Party.BUILD,
        "taking elsewhere what it has read: to another host, to the host itself, by a name server",
        "with `outgoing`, `IPAddressDeny=` but for what it is made from, and a hosts file of its own",
        each(
            f"{BUILDING}::test_a_build_reaches_only_what_it_is_made_from",
            f"{BUILDING}::test_a_build_that_nothing_bounds_reaches_others",
            (
                "connect to another host",
                "send to another host",
                "ask a name server",
                "connect to the host itself",
                "send to the host itself",
                "find another host by its name",
            ),
        ),
    ),
    Row(
        "forged-server",
        Party.BUILD,
        "putting another file in the place of the server that the collection installs",
        "hashes that the collection brings along; versions that a user writes have none, and are named by `status`",
        (
            Proof(
                f"{SUPPLIES}::test_a_server_that_was_forged_is_refused",
                f"{SUPPLIES}::test_a_server_without_hashes_is_reported",
            ),
        ),
    ),
    Row(
        "tampered-package",
        Party.BUILD,
        "putting another file in the place of a package of the same version",
        "hashes of a lock file",
        tuple(
            Proof(
                f"{SUPPLIES}::test_another_hash_is_refused[{installer}]",
                f"{INDEXES}::test_without_a_hash_any_file_is_taken[{installer}]",
            )
            for installer in ("uv", "pip")
        ),
    ),
    Row(
        "package-confusion",
        Party.BUILD,
        "publishing a package of a private name on another index that the host's settings name as well",
        "`index` is asked before all others, and a wheelhouse asks none",
        tuple(
            Proof(
                f"{INDEXES}::{test}[{installer}-{place}]",
                f"{INDEXES}::test_with_both_the_newer_one_is_taken[{installer}]",
            )
            for test in ("test_only_the_private_index_is_asked", "test_a_wheelhouse_asks_no_index")
            for installer in ("uv", "pip")
            for place in ("environment", "files")
        ),
    ),
)
