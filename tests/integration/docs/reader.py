"""Who has read a page, and does on a machine what it shows."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests import ROOT
from tests.integration.docs import shelf
from tests.integration.hosts import DOMAIN, HOSTS, LAB, PLAIN
from tests.lab import Host
from tests.lab.git import Repository
from tests.project import pages


@dataclass
class Reader:
    """A folder on the controller with an inventory as a page shows it, and the host that it is for."""

    host: Host
    folder: Path
    printed: dict[str, list[str]] = field(default_factory=dict)  # by command

    @property
    def domain(self) -> str:
        return f"{self.host.name}.{DOMAIN}"

    def begin(self, page: str) -> None:
        """Write the first inventory of a page, and next to it what only a host of the lab needs."""
        shown = next(block.text for block in pages.blocks() if block.page == page and block.kind == "yaml")
        (self.folder / "inventory.yml").write_text(self.here(shown))
        hosts = yaml.safe_load(HOSTS.read_text())["all"]
        (self.folder / "group_vars").mkdir()
        own = {**hosts["vars"], **hosts["hosts"][self.host.name]}
        (self.folder / "group_vars" / "asgi.yml").write_text(yaml.safe_dump(own))
        self.trust(LAB.acme_root)
        for name in (".venv", "playbooks"):
            (self.folder / name).symlink_to(ROOT / name)

    def trust(self, roots: Path) -> None:
        """Make curl find the host by its name, and trust its certificate."""
        options = {"cacert": roots, "resolve": f"{self.domain}:443:{self.host.address}"}
        (self.folder / ".curlrc").write_text("".join(f'{key} = "{value}"\n' for key, value in options.items()))

    def here(self, text: str) -> str:
        """Return what is shown, with the lab's names and addresses."""
        repository = Repository(LAB.name, shelf.NAME, Path())
        for theirs, ours in {
            "https://git.example.com/shop.git": repository.url,
            "shop.example.com": self.domain,
            "203.0.113.7": self.host.address,
        }.items():
            text = text.replace(theirs, ours)
        return text

    def run(self, command: pages.Command) -> str:
        """Run a command as its page has it, which must succeed, and return what it prints."""
        self._leisurely()
        if command.prompt == pages.HOST:
            done = self.host.run(f"bash -o pipefail -c {shlex.quote(self.here(command.text))}", check=False)
        else:
            done = self._run_here(self.here(command.text))
        assert done.returncode == 0, f"{command.page}: {command.text}\n{done.stdout}{done.stderr}"
        self.printed.setdefault(command.plain, []).append(done.stdout)
        return done.stdout

    def _leisurely(self) -> None:
        """Wait as long as a reader takes between two commands: longer than a replaced release takes to end."""
        self.host.run("while systemctl list-units --plain --no-legend '*.drain@*' | grep -q .; do sleep 0.2; done")

    def _run_here(self, text: str) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        own = {"PATH": path, "USER": "ada", "CURL_HOME": str(self.folder), "ANSIBLE_INVENTORY": "inventory.yml"}
        argv = ["bash", "-o", "pipefail", "-c", text]
        env = {**os.environ, **PLAIN, **own}
        return subprocess.run(
            argv,
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def ask(self, path: str, request: str) -> None:
        """Visit the application, with a request id."""
        done = self._run_here(f"curl --fail --silent -H 'X-Request-ID: {request}' https://{self.domain}{path}")
        assert done.returncode == 0, done.stderr
