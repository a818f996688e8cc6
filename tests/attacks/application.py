"""An application that is turned against its host: in docs/sandbox.md."""

from __future__ import annotations

from tests.attacks.rows import (
    ATTACKS,
    CLOUD,
    JOURNAL,
    METADATA,
    OUTGOING,
    RACES,
    SERVES,
    VM,
    Party,
    Proof,
    Row,
    in_vm,
    sandbox,
)

ROWS = (
    Row(
        "neighbours",
        Party.APPLICATION,
        "another application's code, environment file, data, storage, socket, key, site and units; what its visitors "
        "ask for",
        "`TemporaryFileSystem=` over the folders that have one entry for each, and its own entries bound into them; "
        "`InaccessiblePaths=`",
        sandbox(
            "read another application's code",
            "read another application's environment file",
            "read another application's storage",
            "read another application's data",
            "speak to another application's socket",
            "see which applications there are",
            "read another application's key",
            "read the sites of others",
            "read the units of others",
            "read what visitors of others ask for",
        ),
    ),
    Row(
        "processes",
        Party.APPLICATION,
        "another application's processes and their environment, that of the first process",
        "`ProtectProc=invisible`; users of their own",
        sandbox("see another application's process and its environment", "see the environment of the first process"),
    ),
    Row(
        "temporary-files",
        Party.APPLICATION,
        "`/tmp`, `/var/tmp` and shared memory of others",
        "`PrivateTmp=`, a `/dev/shm` of its own, `PrivateIPC=`",
        (Proof(f"{ATTACKS}::test_tmp_and_shared_memory_are_its_own", f"{ATTACKS}::test_root_finds_them"),),
    ),
    Row(
        "people",
        Party.APPLICATION,
        "`/root`, `/home`, the certificates that certbot keeps, what releases are built from",
        "`ProtectHome=`, `InaccessiblePaths=`",
        sandbox("look into /root", "look into /home", "read what certbot keeps", "read what releases are built from"),
    ),
    Row(
        "secrets-of-the-host",
        Party.APPLICATION,
        "`/etc/shadow`, the host's SSH keys, its own environment file and certificate's key",
        "file modes: it is no member of any group",
        sandbox(
            "read /etc/shadow",
            "read the host's SSH key",
            "read its own environment file",
            "read the key of its own certificate",
        ),
    ),
    Row(
        "own-code",
        Party.APPLICATION,
        "its own code, virtual environment and `current`; other programs; shells, systemd; kernel settings; cgroups",
        "root owns them; `ProtectSystem=strict`, `ProtectKernelTunables=`, `ProtectControlGroups=`",
        sandbox(
            "change its own code",
            "change its own virtual environment",
            "make another release the live one",
            "replace a program",
            "have every shell run something",
            "have systemd run something",
            "change the kernel's settings",
            "move processes between cgroups",
        ),
    ),
    Row(
        "root",
        Party.APPLICATION,
        "root: setuid, sudo, a setuid program of its own",
        "`NoNewPrivileges=`, `CapabilityBoundingSet=` with nothing in it, `PrivateUsers=`, `RestrictSUIDSGID=`",
        sandbox("become root", "become root by sudo", "leave a program that makes others its user"),
    ),
    Row(
        "signals",
        Party.APPLICATION,
        "signals to others, memory of others",
        "users of their own, `SystemCallFilter=` without `ptrace`",
        sandbox("signal processes of others", "read another process's memory"),
    ),
    Row(
        "kernel",
        Party.APPLICATION,
        "BPF, mounts, user and network namespaces, keyrings, `userfaultfd`, the host's name, priorities",
        "`SystemCallFilter=`, `RestrictNamespaces=`, `ProtectHostname=`",
        sandbox(
            "load a program into the kernel",
            "mount",
            "have a user namespace",
            "have a network of its own",
            "use the kernel's keyrings",
            "handle page faults, as exploits do",
            "take the host's name",
            "go before others",
        ),
    ),
    Row(
        "kernel-of-its-own",
        Party.APPLICATION,
        "kernel modules, the clock, the kernel's log, `/dev/mem`",
        "`ProtectKernelModules=`, `ProtectClock=`, `ProtectKernelLogs=`, `PrivateDevices=`, `DevicePolicy=closed`",
        in_vm(
            "load a kernel module",
            "remove a kernel module",
            "set the clock",
            "read the kernel's log",
            "open the host's memory",
        ),
    ),
    Row(
        "dropped-programs",
        Party.APPLICATION,
        "code written to memory, programs written to `/tmp`, `/dev/shm`, storage, its own folder or a file in memory",
        "`MemoryDenyWriteExecute=`, `NoExecPaths=`, `SystemCallFilter=` without `memfd_create`; scripts for an "
        "interpreter that is on the host are not stopped",
        sandbox(
            "write code into memory",
            "run a program from /tmp",
            "run a program from /dev/shm",
            "run a program from its storage",
            "run a program from its own folder",
            "run a program from memory",
        ),
    ),
    Row(
        "locks",
        Party.APPLICATION,
        "locks of root's, by which the renewal of certificates would stop",
        "their file modes, `InaccessiblePaths=`",
        sandbox("stop the renewal of all certificates", "keep others from a lock"),
    ),
    Row(
        "sockets",
        Party.APPLICATION,
        "raw and packet sockets, netlink, ports below 1024",
        "`RestrictAddressFamilies=`, no capabilities",
        sandbox(
            "forge packets", "listen to the network", "ask the kernel about the network", "listen on a port below 1024"
        ),
    ),
    Row(
        "buses",
        Party.APPLICATION,
        "D-Bus, systemd",
        "`InaccessiblePaths=`, `TemporaryFileSystem=` over `/run/systemd`",
        sandbox("speak to D-Bus", "speak to systemd"),
    ),
    Row(
        "outgoing",
        Party.APPLICATION,
        "addresses that are not in `outgoing`",
        "`IPAddressDeny=`",
        (
            Proof(
                f"{SERVES}::test_only_what_is_listed_can_be_reached",
                f"{SERVES}::test_reaches_other_hosts_by_name",
            ),
        ),
    ),
    Row(
        "outgoing-by-visitors",
        Party.APPLICATION,
        "addresses that are not in `outgoing`, by the socket of visitors that `proxy: none` hands over, or by a "
        "connection that it has accepted",
        "rules of nft for connections that begin at that socket's port, or are its user's",
        (
            Proof(
                f"{OUTGOING}::test_other_hosts_cannot_be_reached_by_the_public_socket",
                f"{OUTGOING}::test_without_the_rules_they_can",
            ),
        ),
    ),
    Row(
        "journals",
        Party.APPLICATION,
        "what others have logged; to log as another one, or so much that what others have logged is gone",
        "`LogNamespace=`, [a journal of its own](logs-and-health.md#the-journal) that is bounded in bytes",
        (
            *sandbox("read what others have logged", "log as another application", "see who has a journal"),
            Proof(
                f"{JOURNAL}::test_a_flood_takes_nothing_from_others",
                f"{JOURNAL}::test_it_takes_what_is_in_the_same_journal",
            ),
        ),
    ),
    Row(
        "metadata-service",
        Party.APPLICATION,
        "the metadata service of the cloud, by TCP, UDP, an address of IPv4 in one of IPv6, or the socket of visitors "
        "that `proxy: none` hands over",
        "rules of nft for its user and for that socket's port, which come back when a program deletes them",
        (
            *sandbox(*METADATA),
            Proof(f"{CLOUD}::test_it_is_closed_to_the_public_socket", f"{ATTACKS}::test_it_is_one[{METADATA[0]}]"),
        ),
    ),
    Row(
        "race-against-removal",
        Party.APPLICATION,
        "swapping folders of its storage and cache for links to a neighbour's storage or to `/etc`, while root removes "
        "them",
        "folders are removed by their descriptors, and links are not followed",
        (
            Proof(
                f"{RACES}::test_removing_an_application_removes_nothing_elsewhere",
                f"{RACES}::test_a_careless_program_removes_what_is_a_neighbours",
            ),
        ),
    ),
    Row(
        "race-against-restore",
        Party.APPLICATION,
        "swapping folders for links while it is given what root has restored to its storage",
        "systemd does that, by descriptors",
        (
            Proof(
                f"{RACES}::test_giving_it_what_was_restored_gives_it_nothing_else",
                f"{RACES}::test_a_careless_program_gives_away_what_is_roots",
            ),
        ),
    ),
    Row(
        "exhaustion",
        Party.APPLICATION,
        "processes without end, memory without end, core dumps",
        "`TasksMax=`, `MemoryMax=`, `LimitCORE=0`",
        tuple(
            Proof(f"{VM}::bounded[{attack}]", f"{VM}::unbounded[{attack}]")
            for attack in ("fork bomb", "memory", "core dump")
        ),
    ),
)
