"""What docs/security.md promises in words, and the rows of the table that hold each promise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """What is done against something, where that is described in full, and the rows that hold it."""

    against: str
    done: str
    described_in: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Trust:
    """What a party may do and may not, and the rows that hold the latter; nothing is promised without a `may_not`."""

    who: str
    may: str
    may_not: str = ""
    rows: tuple[str, ...] = ()


PROMISES = (
    Promise(
        "code that an attacker runs in the application",
        "a user of its own, no privileges, and a sandbox in which it sees neither other applications nor homes, writes "
        "next to nowhere, and runs nothing that it wrote",
        "[sandbox](sandbox.md)",
        ("neighbours", "people", "own-code", "root", "kernel", "kernel-of-its-own", "dropped-programs"),
    ),
    Promise(
        "asking the cloud for the machine's credentials",
        "its metadata service is closed to applications and builds, unless `sandbox.metadata` opens it",
        "[sandbox](sandbox.md#the-clouds-metadata-service)",
        ("metadata-service", "build-metadata-service"),
    ),
    Promise(
        "reading secrets",
        "encrypted on the host, in memory only while a unit runs, in no file, log, unit or command line",
        "[secrets](secrets.md)",
        ("secrets-on-disk", "secrets-of-the-host", "processes"),
    ),
    Promise(
        "guessing and scanning",
        "a firewall that names what is open and comes back when a program deletes it, only keys at sshd, kernel "
        "parameters",
        "[hardening](hardening.md)",
        ("ports", "logins", "kernel-parameters"),
    ),
    Promise(
        "listening on the way",
        "TLS by Mozilla's guidelines 6.0",
        "[web](web.md)",
        ("old-tls",),
    ),
    Promise(
        "visitors who lie about themselves, or take all there is",
        "`X-Forwarded-…` headers are overwritten, others that frameworks believe are taken away, paths that can be "
        "read in two ways are refused, unknown names get no answer, sizes, rates and connections have limits, over "
        "HTTP/3 as well",
        "[web](web.md)",
        (
            *("odd-paths", "claims", "believed-headers", "other-names", "sizes", "flood", "rapid-reset", "connections"),
            *("http-3", "slow-head", "slow-health", "long-logs"),
        ),
    ),
    Promise(
        "a host that was broken into",
        "of what it answers only that is taken which a module documents, of its types and sizes; no text of it does "
        "anything to a terminal, and none is a template",
        "[what modules return](plugins.md)",
        (
            *("command-on-controller", "added-host", "added-variable", "answer-of-another-type", "answer-of-any-size"),
            *("terminal", "template-in-a-fact"),
        ),
    ),
    Promise(
        "repositories that lead elsewhere",
        "trees are checked when they are fetched and when they are laid out; git, installers and compilers run as a "
        "user of each application, and root reads through no link; nothing of a repository is run on the controller",
        "[sandbox](sandbox.md#what-builds-an-environment)",
        ("crafted-tree", "link-to-a-file", "compiled-link", "code-on-the-controller", "build-signal", "build-left"),
    ),
    Promise(
        "tampered packages",
        "the collection's own versions of servers come by hashes that it brings along, an application's packages by "
        "those of its lock; what you write in `server_requirements` has none, and `status` and `release_info` name it; "
        "a private index is asked before all others",
        "[sources](sources.md#hashes)",
        ("forged-server", "tampered-package", "package-confusion"),
    ),
    Promise(
        "packages that take elsewhere what they read while they are built",
        "with `sandbox.outgoing`, builds reach the repository, the index and hosts that you name, and ask no name "
        "server",
        "[sandbox](sandbox.md#what-a-build-reaches)",
        ("build-outgoing",),
    ),
    Promise(
        "servers that answer in the place of git's",
        "with `known_hosts`, only the keys that you name, on every host; without it a host keeps the first key that it "
        "sees and reports it; `http://` and `git://` need a signature, or a word in the entry that `plan` and "
        "`status` go on naming",
        "[sources](sources.md#whose-server-it-is)",
        ("false-git-server", "plain-transport"),
    ),
    Promise(
        "commits that were slipped in",
        "with `verify`, only commits and tags signed by keys that you name",
        "[sources](sources.md#who-signed-it)",
        ("unsigned",),
    ),
    Promise(
        "mistakes in the inventory",
        "no value ends up as code in a file that systemd reads",
        "[what a message means](troubleshooting.md)",
        ("value-as-code",),
    ),
)

TRUST = (
    Trust("the controller, and the authors of the inventory", "everything on the hosts, by sudo"),
    Trust(
        "the git repository, or those who sign in it",
        "run code as the application, and less than that as "
        "[what builds packages](sandbox.md#what-builds-an-environment)",
        "become root",
        ("crafted-tree", "build-root", "root"),
    ),
    Trust(
        "the application",
        "its own data, secrets and database; the network, unless `sandbox.outgoing` bounds it",
        "other applications, the host, its own code, the cloud's metadata service",
        ("neighbours", "people", "own-code", "outgoing", "outgoing-by-visitors", "metadata-service"),
    ),
    Trust(
        "nginx's workers",
        "read static files and error pages, connect to applications",
        "read keys (its master process does), environments, code",
        ("nginx-workers",),
    ),
    Trust("visitors", "what the application answers", "connect to anything but nginx and SSH", ("ports",)),
    Trust(
        "a host",
        "be wrong or away: its own part of a run fails",
        "reach the controller or other hosts by what it answers",
        ("command-on-controller", "added-host"),
    ),
    Trust(
        "a CA's answers, a package index, a git server",
        "be wrong or away: the run ends or warns, and what serves goes on",
    ),
)
