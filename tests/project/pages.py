"""What readers of docs and of the pages next to it are shown to write: blocks, and commands with what they print.

A block says what it is: `yaml` is taken by the unit tests, `console` holds commands. `$ ` is a prompt on the
controller, `# ` one of root on a host, and other lines are what the command before prints.
"""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import ROOT

ELSEWHERE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "tests/lab/README.md", "examples/shop/README.md")
PAGES = tuple(path for pattern in (*ELSEWHERE, "roles/*/README.md", "docs/*.md") for path in sorted(ROOT.glob(pattern)))
KINDS = {"console", "diff", "jinja", "json", "python", "text", "yaml"}
RECIPES = "CONTRIBUTING.md"  # whose other blocks are files and changes of files: see recipes.py
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PLAYBOOK = re.compile(r"ansible-playbook (?:asgi\.deploy\.(\w+)|playbooks/(\w+)\.yml)")
VARIABLE = re.compile(r"-e \"?(asgi_\w+)=")
LAB = "python3 -m tests.lab "
PROMPT = re.compile(r"^([$#]) (.*?)(?: +# .*)?$")
CONTROLLER, HOST = "$", "#"
# What is a command where it stands in a sentence, and where it is run.
ON_HOSTS = ("apt-get", "certbot", "journalctl", "nft", "nginx", "sshd", "systemctl")
HERE = ("ansible", "export", "git", "iptables", "make", "molecule", "openssl", "pip", "python3?", "uv")
PROGRAM = "|".join((*ON_HOSTS, *HERE, r"ansible-[a-z]+", r"\.venv/bin/\S+"))
INLINE = re.compile(rf"(?<!`)`((?:{PROGRAM}) [^`]+)`")
RUN = {
    CONTROLLER: ("ansible", "ansible-playbook", "ansible-doc", "curl", "sed", ".venv/bin/ansible-playbook"),
    HOST: ("chown", "cp", "grep", "journalctl", "mkdir", "rm", "systemctl", "useradd"),
}
_REGISTRY = "installs from a registry; the tests run what `make build` made"
_CLONE = "work in a clone; `make molecule` is what runs these tests, with the same commands"
_BENCH = "takes half an hour"
_OWN_CI = "`make your-ci` does as the page says, with a copy of this clone"
_ENGINE = "needs a container engine; tests/unit/behaviour/test_execution_environment.py makes what it builds from"
_TERM = "no command to be run, but what is described"
_BEFORE = "of the certbot that served before, which the host of the test does not have"
_INDEX = "asks a package index for the versions of the day"
_SHOP = "run by the tests of release commands, processes and jobs"
_FOLLOWED = "`make projects` follows the page, word by word, on a host of its own"
FOLLOWED = {"docs/datasette.md", "docs/wagtail.md", "docs/weblate.md"}  # tests/projects/recipes.py
_SIGNED = "tests/integration/sources signs commits and tags, by the same options"
NOT_RUN = {
    "pipx install ansible-core": _REGISTRY,
    "ansible-galaxy collection install asgi.deploy": _REGISTRY,
    "ansible-galaxy collection install --upgrade asgi.deploy": _REGISTRY,
    "export PATH=$PWD/.venv/bin:$PATH ANSIBLE_COLLECTIONS_PATH=$PWD/.cache/collections": _CLONE,
    "make build && python -m tests.integration.hosts up deploy": _CLONE,
    "ansible-playbook asgi.deploy.site -i .cache/molecule/hosts.yml -i molecule/inventory.yml": _CLONE,
    "python -m pytest tests/integration/deploy/test_operate.py -k pause": _CLONE,
    "python -m tests.integration.hosts down": _CLONE,
    "ansible-galaxy collection publish build/asgi-deploy-X.Y.Z.tar.gz": "publishes",
    "python -m tests.bench.servers": _BENCH,
    "runuser -u postgres -- createuser asgi-shop": "done in SQL by molecule/services/prepare.yml, next to a PostgreSQL",
    "runuser -u postgres -- createdb --owner=asgi-shop shop": "the same",
    "ansible-playbook asgi.deploy.wheelhouse": "run by tests/integration/sources, which has an application for it",
    "git clone https://git.example.com/asgi/deploy.git ../asgi.deploy": _OWN_CI,
    "mkdir -p molecule && cp -r ../asgi.deploy/examples/molecule molecule/default": _OWN_CI,
    "pip install ansible-core molecule pytest-testinfra": _REGISTRY,
    "ansible-galaxy collection install --force ../asgi.deploy": _OWN_CI,
    "molecule test": _OWN_CI,
    "cd ../asgi.deploy && python3 -m tests.lab shell": _OWN_CI,
    "ansible-builder build": _ENGINE,
    "uv run": _INDEX,
    "uv lock": _INDEX,
    "uv pip compile": _INDEX,
    "uv pip compile pyproject.toml": _INDEX,
    "python -m shop.migrate": _SHOP,
    "python -m shop.worker": _SHOP,
    "python -m shop.tick": _SHOP,
    "git commit -S": _SIGNED,
    "git tag -s": _SIGNED,
    "git push": "tests publish a repository in one go",
    "certbot delete": _BEFORE,
    "apt-get purge certbot": _BEFORE,
    "openssl passwd -6": "asks for the password; tests/unit/controller/app/test_passwords.py compares what it makes",
    "molecule converge": _OWN_CI,
    "molecule verify": _OWN_CI,
    "molecule destroy": _OWN_CI,
    "export ANSIBLE_INVENTORY=inventory.yml": "set for every command that these tests run",
    "iptables -I DOCKER-USER -i asgi-lab0 -j ACCEPT; iptables -I DOCKER-USER -o asgi-lab0 -j ACCEPT": _ENGINE,
    "git add": _TERM,
    "git pull": _TERM,
    "git clone": _TERM,
    "pip install": _TERM,
    "nft": _TERM,
    "nginx -t": _TERM,
    "sshd -t": _TERM,
    "sshd -T": _TERM,
    "systemctl reload shop": _TERM,
    "systemctl restart": _TERM,
    "systemctl show": _TERM,
}
# What differs from run to run: words with a figure in them, and the unit after one.
CHANGING = re.compile(r"\S*\d\S*( (s|min|h|d|KiB|MiB|GiB)(?=\s|,|$))?")


@dataclass(frozen=True)
class Block:
    """A block of a page."""

    page: str
    kind: str
    text: str


@dataclass
class Command:
    """A command that a reader may run, and what it prints, if the page shows that."""

    page: str
    prompt: str
    text: str
    shown: list[str] = field(default_factory=list)
    inside_block: bool = True  # otherwise it stands in a sentence

    @property
    def plain(self) -> str:
        """Return the command, without the inventory that is the same in all of them."""
        return self.text.replace(" -i inventory.yml", "")

    @property
    def runs(self) -> bool:
        """Return whether it is to be run on hosts."""
        return self.reason is None and not self.targets and not self.of_lab

    @property
    def reason(self) -> str | None:
        """Return why it is not run; the same for a command with other options."""
        if self.page in FOLLOWED and self.inside_block:
            return _FOLLOWED
        return next((NOT_RUN[key] for key in NOT_RUN if self.begins(key)), None)

    def begins(self, words: str) -> bool:
        """Return whether it is made of these words, and perhaps options."""
        return f"{self.plain} --".startswith(f"{words} --")

    @property
    def targets(self) -> list[str]:
        """Return the targets of a command of make."""
        first, *words = self.text.split()
        return [word for word in words if "=" not in word] if first == "make" and self.reason is None else []

    @property
    def of_lab(self) -> list[str]:
        """Return what the program that makes test hosts is given, if it is its."""
        words = self.text.partition(LAB)[2].partition(" >")[0]
        return shlex.split(words)

    @property
    def playbook(self) -> str | None:
        """Return the playbook that it runs."""
        result = PLAYBOOK.search(self.text)
        return result and (result[1] or result[2])

    @property
    def variables(self) -> list[str]:
        """Return the variables of a playbook that it sets."""
        return VARIABLE.findall(self.text)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks() -> Iterator[Block]:
    """Yield all blocks of all pages."""
    for page in PAGES:
        for _, kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
            yield Block(name(page), kind, textwrap.dedent(text))


def prose(page: Path) -> str:
    """Return a page without its blocks."""
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


def commands() -> list[Command]:
    """Return all commands of all pages: those of blocks in their order, and those in sentences."""
    result: list[Command] = []
    for block in blocks():
        if block.kind == "console":
            result += of_block(block)
    for page in PAGES:
        for text in INLINE.findall(prose(page)):
            prompt = HOST if text.startswith(ON_HOSTS) else CONTROLLER
            result.append(Command(name(page), prompt, text, inside_block=False))
    return result


def of_block(block: Block) -> list[Command]:
    """Return the commands of a block of `console`."""
    result: list[Command] = []
    for line in block.text.splitlines():
        if prompt := PROMPT.match(line):
            result.append(Command(block.page, prompt[1], prompt[2]))
        elif not result:
            raise ValueError(f"{block.page}: what prints {line!r}? A command begins with '$ ' or '# '")
        elif line.strip(". "):  # a line of dots stands for what is left out
            result[-1].shown.append(line)
    return result


def missing(shown: list[str], printed: str) -> list[str]:
    """Return what a page shows and a command did not print: lines, or keys of a JSON object."""
    try:
        expected = json.loads("\n".join(shown) or "{}")
    except ValueError:
        have = {shape(line) for line in printed.splitlines()}
        return [line for line in shown if shape(line) not in have]
    result = json.loads(printed) if shown else {}
    return sorted(expected.keys() - result.keys())


def shape(line: str) -> str:
    """Return a line without what differs from run to run, and without the width of columns.

    >>> shape("web1  ok    3 d  199 MiB") == shape("web2.example.com  ok  12 s  7 GiB")
    True
    """
    return " ".join(CHANGING.sub("*", line).split())
