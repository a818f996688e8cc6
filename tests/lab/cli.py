"""The command line: one line of output for each step, with the seconds it took."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from tests import ROOT
from tests.lab import acme, sources, state
from tests.lab.lab import DEFAULT_RELEASE, Lab, sudo_command
from tests.lab.process import LabError

ROOTLESS = ("list", "inventory", "shell", "run")


def parser() -> argparse.ArgumentParser:
    """Return the commands and their options."""
    top = argparse.ArgumentParser(prog="python3 -m tests.lab", description="Throw-away Debian hosts.")
    commands = top.add_subparsers(dest="command", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text)
        one.add_argument("--lab", required=True, metavar="NAME", help="the lab meant")
        return one

    one = command("up", "make and boot hosts; without any named, boot those that the lab has")
    one.add_argument(
        "hosts",
        nargs="*",
        metavar="HOST[=RELEASE]",
        help=f"{', '.join(sources.RELEASES)}; {DEFAULT_RELEASE} by default",
    )
    one.add_argument("--acme", action="store_true", help="start the ACME server as well")
    command("down", "end and remove all of a lab")
    commands.add_parser("list", help="labs, hosts, addresses")
    one = command("inventory", "print an Ansible inventory")
    one.add_argument("--group", default="all", help="group to put the hosts in")
    one.add_argument("--acme", action="store_true", help="with the variables of asgi.deploy for the ACME server")
    for name, text in (
        ("reboot", "reboot a host cleanly"),
        ("cut", "cut a host's power"),
        ("start", "boot a host again after its power was cut"),
        ("console", "print a host's console log"),
    ):
        command(name, text).add_argument("host")
    one = command("shell", "root shell on a host, or a command after --")
    one.add_argument("host")
    one.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND")

    actions = commands.add_parser("acme", help="the ACME server").add_subparsers(dest="action", required=True)
    for name, text in (
        ("up", "start it for a lab"),
        ("down", "a lab needs it no more"),
        ("dns", "point domain names to addresses"),
    ):
        one = actions.add_parser(name, help=text, description=text)
        one.add_argument("--lab", required=True, metavar="NAME")
        if name == "up":
            defaults = acme.Options()
            one.add_argument("--nonce-reject", type=int, default=defaults.nonce_reject, metavar="PERCENT")
            one.add_argument("--validity", type=int, default=defaults.validity, metavar="SECONDS")
            one.add_argument("--restart", action="store_true", help="even if other labs lose their accounts")
        if name == "dns":
            one.add_argument("records", nargs="+", metavar="NAME=ADDRESS|HOST[,…]")
    return top


def reporter() -> Callable[[str], None]:
    """Print a step with the seconds since the command began; several threads may call it."""
    began, lock = time.monotonic(), threading.Lock()

    def step(text: str) -> None:
        with lock:
            print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)

    return step


def pairs(words: list[str]) -> dict[str, str | None]:
    """Parse ``name=value`` words, the value being optional."""
    split = [word.partition("=") for word in words]
    return {name: value or None for name, _, value in split}


def main(arguments: list[str]) -> int:
    """Run one command; return its exit code."""
    options = parser().parse_args(arguments)
    if os.geteuid() and options.command not in ROOTLESS:
        try:
            return subprocess.run(sudo_command(arguments), cwd=ROOT, check=False).returncode
        except OSError as error:
            print(f"root is needed, and sudo cannot be run: {error}", file=sys.stderr)
            return 1
    try:
        return execute(options)
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
    return 1


def execute(options: argparse.Namespace) -> int:
    """Run the command that the options name, and return its exit status."""
    step = reporter()
    if options.command == "list":
        for name in state.lab_names():
            for host in Lab(name).hosts():
                print(name, host.name, host.release, host.address, "running" if host.running else "stopped")
        return 0
    lab = Lab(options.lab)
    if options.command == "up":
        lab.up(pairs(options.hosts), step)
        if options.acme:
            lab.acme_up(acme.Options(), step)
    elif options.command == "down":
        lab.down(step)
    elif options.command == "inventory":
        print(lab.inventory(options.group, acme=options.acme), end="")
    elif options.command == "shell":
        return shell(lab, options.host, options.words)
    elif options.command == "acme":
        acme_command(lab, options, step)
    elif options.command == "console":
        print(lab.host(options.host).machine.runner.console.read_text(errors="replace"), end="")
    else:
        getattr(lab.host(options.host), options.command)()
        step(f"{options.command} {options.host}: done")
    return 0


def shell(lab: Lab, name: str, words: list[str]) -> int:
    """Return a root shell, or one command whose exit code is passed on."""
    words = words[1:] if words[:1] == ["--"] else words
    target = lab.host(name).machine.target
    terminal = sys.stdin.isatty() and not words
    argv = target.argv(" ".join(words) if words else None, terminal=terminal)
    return subprocess.run(argv, check=False).returncode


def acme_command(lab: Lab, options: argparse.Namespace, step: Callable[[str], None]) -> None:
    """Run a subcommand of ``acme``."""
    if options.action == "up":
        requested = acme.Options(options.nonce_reject, options.validity)
        lab.acme_up(requested, step, force=options.restart)
    elif options.action == "down":
        lab.acme_down()
    else:
        records = pairs(options.records)
        if not all(records.values()):
            raise LabError("write records as NAME=ADDRESS")
        lab.set_dns({name: value for name, value in records.items() if value})
