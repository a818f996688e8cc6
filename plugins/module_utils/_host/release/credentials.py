"""An application's secrets on a host: encrypted credentials of systemd, which gives them to the release's units alone.

Each release has its own, so that going back brings back the old ones. What names a release is made from them with a key
that only root of this host has: of a short secret, a plain digest could be guessed.
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

FOLDER = "secrets"  # in the release's directory, for root alone
# systemd's own key of the host. A key of the TPM is none that a release may hang on: an update of the firmware changes
# what it is bound to, and the application would not start again.
HOST_KEY = Path("/var/lib/systemd/credential.secret")
_KEY_BYTES = 32


def load_key(path: Path, make: bool) -> bytes | None:
    """The key of names in `path`, for root alone; where there is none it is made, or there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if not make:
            return None
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, secrets.token_bytes(_KEY_BYTES), 0o600)
    return path.read_bytes()


def keyed_digest(read_decrypted: Mapping[str, str], key_of_names: bytes) -> str:
    """What stands for these secrets in a release's name: the same for the same, and nothing to guess by."""
    text = json.dumps(dict(read_decrypted), sort_keys=True, ensure_ascii=False)
    return hmac.new(key_of_names, text.encode(), hashlib.sha256).hexdigest()


def seal(folder: Path, host_key: Path = HOST_KEY) -> str:
    """A digest over the encrypted files and the key that opens them: whether they are whole, and can be read here."""
    found = hashlib.sha256()
    for path in [*(sorted(folder.iterdir()) if folder.is_dir() else []), host_key]:
        try:
            content = path.read_bytes()
        except OSError:
            content = b""
        found.update(f"{path.name} {len(content)}\n".encode() + content)
    return found.hexdigest()


def write_encrypted(read_decrypted: Mapping[str, str], folder: Path) -> None:
    """Writes the secrets into a folder, each encrypted; others that lie there go.

    Raises:
        DeployError: systemd cannot encrypt them; with its own words.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name, value in sorted(read_decrypted.items()):
        write(folder / name, _encrypted(name, value), 0o600)


def read_decrypted(folder: Path) -> dict[str, str]:
    """Return the secrets that were written into a folder, by name; none where it is not there.

    Raises:
        DeployError: systemd cannot decrypt them; with its own words.
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
