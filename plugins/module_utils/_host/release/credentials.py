"""An application's secrets on a host: encrypted credentials of systemd, which only the units of the release get.

Each release has its own, so that a rollback restores the old ones. The name of a release contains a digest of them with
a key that only root of this host has: the plain digest of a short secret could be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import environment
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

FOLDER = "secrets"  # in the directory of the release, readable only by root
# systemd's own key of the host. No key of the TPM is used: an update of the firmware changes what it is bound to, and
# the application would not start again.
HOST_KEY = Path("/var/lib/systemd/credential.secret")
_KEY_BYTES = 32


def load_key(path: Path, make: bool) -> bytes | None:
    """Return the key of names in `path`, which only root can read; if it is missing, make it or return None."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if not make:
            return None
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, secrets.token_bytes(_KEY_BYTES), 0o600)
    return path.read_bytes()


def keyed_digest(values: Mapping[str, str], key_of_names: bytes) -> str:
    """Return a digest of secrets for the name of a release: the same for the same values, and useless for guessing."""
    text = json.dumps(dict(values), sort_keys=True, ensure_ascii=False)
    return hmac.new(key_of_names, text.encode(), hashlib.sha256).hexdigest()


def seal(folder: Path, host_key: Path = HOST_KEY) -> str:
    """Return a digest of the encrypted files and their key: the same while this host can read what was written."""
    digest = hashlib.sha256()
    for path in [*(sorted(folder.iterdir()) if folder.is_dir() else []), host_key]:
        try:
            content = path.read_bytes()
        except OSError:
            content = b""
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def write_encrypted(values: Mapping[str, str], folder: Path) -> None:
    """Write secrets into a folder, each encrypted, instead of those that are there.

    Raises:
        DeployError: systemd cannot encrypt them; with its message.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name, value in sorted(values.items()):
        write(folder / name, _encrypted(name, value), 0o600)


def read_decrypted(folder: Path) -> dict[str, str]:
    """Return the secrets in a folder, by name; none if there is no folder.

    Raises:
        DeployError: systemd cannot decrypt them; with its message.
    """
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return {file.name: _coded("decrypt", file.name, file.read_bytes()).decode(errors="replace") for file in files}


def _encrypted(name: str, value: str) -> bytes:
    return _coded("encrypt", name, value.encode(), "--with-key=host")


def _coded(verb: str, name: str, content: bytes, *options: str) -> bytes:
    argv = ["systemd-creds", verb, *options, f"--name={name}", "-", "-"]
    try:
        done = subprocess.run(
            argv,
            input=content,
            env=environment(),
            capture_output=True,
            check=False,
            timeout=60,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise DeployError(f"secrets: systemd-creds of this host cannot be run: {error}") from error
    if done.returncode:
        raise DeployError(
            f"secrets: {name} could not be {verb}ed; systemd-creds says: {done.stderr.decode(errors='replace').strip()}"
        )
    return done.stdout
