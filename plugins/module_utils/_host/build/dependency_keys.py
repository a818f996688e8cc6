"""Keys for repositories of dependencies: which one git offers, while an environment is built."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.source.servers import strict_options
from ansible_collections.asgi.deploy.plugins.module_utils._shared.repositories import parse_repository

_SCRIPT = """\
#!/bin/sh
# Runs ssh for git, with the key of the repository that git asks for.
key=none
case " $*" in
{cases}esac
exec ssh -F /etc/ssh/ssh_config {options} -oIdentityFile="$key" "$@"
"""


def ssh_variables(keys: Mapping[str, str], known_hosts: Sequence[str], folder: Path) -> dict[str, str]:
    """Return variables by which git logs in to repositories, each with its own key.

    Args:
        keys: texts of private keys, by the URL of a repository.
        known_hosts: lines of known_hosts; no other key of a server counts.
        folder: for the files, which only root can read until a build gets them.
    """
    if not keys:
        return {}
    files = folder / "ssh"
    files.mkdir(mode=0o700)
    cases = []
    for number, (url, key) in enumerate(keys.items()):
        file = _write(files / f"key{number}", key.strip() + "\n")
        cases.append(f"{' | '.join(_patterns(url))}) key={shlex.quote(str(file))} ;;\n")
    servers = _write(files / "known_hosts", "".join(f"{line}\n" for line in known_hosts))
    options = shlex.join([*strict_options(servers), "-oIdentitiesOnly=yes", "-oIdentityAgent=none"])
    script = _write(files / "ssh.sh", _SCRIPT.format(cases="".join(cases), options=options))
    # Earlier builds wrote into the home of their user, so settings there do not count. Without the variant git would
    # run the script once more, to find out whether it is OpenSSH.
    command = f"/bin/sh {shlex.quote(str(script))}"
    return {"GIT_SSH_COMMAND": command, "GIT_SSH_VARIANT": "ssh", "GIT_CONFIG_GLOBAL": "/dev/null"}


def _patterns(url: str) -> list[str]:
    """Return the patterns of a shell for the end of a command line by which git asks for a repository."""
    repository = parse_repository(url)
    if repository is None:
        return []
    login = f"{repository.user}@{repository.host}" if repository.user else repository.host
    login = f" -p {repository.port} {login}" if repository.port else f" {login}"
    paths = [f"{lead}{repository.path}{end}" for lead in ("/", "") for end in (".git", "")]
    return [f"*{shlex.quote(f'{login} git-upload-pack {quoted}')}" for quoted in (f"'{path}'" for path in paths)]


def _write(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    return file
