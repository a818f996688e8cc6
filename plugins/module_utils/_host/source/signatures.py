"""Signatures of commits and tags, by SSH keys that the inventory names, and by no others."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.source.git import Mirror
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import last_lines, run_unchecked

# Signatures of other kinds would be checked by the keyring that root has on the host.
_OTHER_KINDS = ("gpg.program", "gpg.openpgp.program", "gpg.x509.program")


def allowed_signers(keys: Sequence[str]) -> str:
    """Return the text of a file of ssh-keygen's ALLOWED SIGNERS, for signatures of git only."""
    return "".join(f'signer namespaces="git" {" ".join(key.split()[:2])}\n' for key in keys)


def signature_error(mirror: Mirror, version: str, commit: str, keys: Sequence[str]) -> str | None:
    """Return why a commit counts as signed by none of the keys; None if one of them signed it.

    The commit itself may be signed, or the tag that `version` names. A tag of another name does not count: anyone who
    may write to the repository could use the signed tag of an old release for a new one.

    Args:
        mirror: contains the commit.
        version: the requested tag, branch or commit.
        commit: in full.
        keys: public SSH keys.
    """
    with tempfile.TemporaryDirectory(prefix="asgi-") as folder:
        file = Path(folder, "signers")
        file.write_text(allowed_signers(keys), encoding="utf-8")
        git = ["git", "--git-dir", str(mirror.path), "-c", f"gpg.ssh.allowedSignersFile={file}"]
        git += ["-c", "gpg.minTrustLevel=fully"]
        git += [word for name in _OTHER_KINDS for word in ("-c", f"{name}=/bin/false")]
        env = {**mirror.env, "GIT_NO_REPLACE_OBJECTS": "1"}
        of_commit = run_unchecked([*git, "verify-commit", commit], env)
        if not of_commit.returncode:
            return None
        tag = f"refs/tags/{version}"
        content = run_unchecked([*git, "cat-file", "tag", tag], env)
        named = not content.returncode and f"tag {version}" in content.stdout.partition("\n\n")[0].splitlines()
        points = (
            run_unchecked([*git, "rev-parse", "--verify", "--quiet", f"{tag}^{{commit}}"], env).stdout.strip() == commit
        )
        of_tag = run_unchecked([*git, "verify-tag", tag], env) if named and points else None
        if of_tag is not None and not of_tag.returncode:
            return None
    reason = last_lines(of_tag if of_tag is not None else of_commit, 3) or "it has no signature"
    signed = f"tag {version}" if of_tag is not None else f"commit {commit[:12]}"
    return (
        f"verify.signers: found {signed} of {mirror.url}, which none of these keys signed: {reason}; "
        "nothing of it was built; expected a commit of git commit -S or a tag of git tag -s, with gpg.format=ssh"
    )
