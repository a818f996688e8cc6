"""Builds the artifact of what git knows, the same for the same files whenever and wherever that is: `make build`."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from tests import ROOT
from tests.lab import LabError
from tests.lab.process import run

EPOCH = 315_532_800  # 1980-01-01, the first day that every archive format can store


def build(clone: Path, into: Path) -> Path:
    """Return the artifact of a clone. An inventory or a key that a user keeps there is unknown to git, and stays
    out.
    """
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as source:
        copy(clone, Path(source))
        galaxy = str(Path(sys.executable).with_name("ansible-galaxy"))
        run([galaxy, "collection", "build", source, "--output-path", str(into)])
    (artifact,) = into.glob("*.tar.gz")
    artifact.write_bytes(reproducible(artifact.read_bytes()))
    return artifact


def copy(clone: Path, into: Path) -> None:
    """Copy the files of a clone that git knows, as they lie there, committed or not."""
    for name in _listed(clone, "--cached"):
        if (clone / name).is_file():  # else it is deleted, and git does not know yet
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(clone / name, into / name)


def unknown(clone: Path) -> list[str]:
    """Return what git neither knows nor ignores there."""
    return _listed(clone, "--others", "--exclude-standard", "--directory")


def _listed(clone: Path, *which: str) -> list[str]:
    return run(["git", "-C", str(clone), "ls-files", "-z", *which]).stdout.split("\0")[:-1]


def reproducible(artifact: bytes) -> bytes:
    """Return the same artifact, its files in order and without times: ansible-galaxy takes them as the folder lists
    them.
    """
    with tarfile.open(fileobj=io.BytesIO(artifact)) as tar:
        members = {member.name: (member, _content(tar, member)) for member in tar}
    files = json.loads(members["FILES.json"][1])
    files["files"].sort(key=lambda file: str(file["name"]))
    listed = _json(files)
    manifest = json.loads(members["MANIFEST.json"][1])
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(listed).hexdigest()
    written = {"MANIFEST.json": _json(manifest), "FILES.json": listed}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in [*written, *sorted(members.keys() - written.keys())]:
            member, content = members[name]
            content = written.get(name, content)
            member.size, member.mtime, member.pax_headers = len(content), EPOCH, {}
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=EPOCH)


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member) if member.isreg() else None
    return file.read() if file else b""


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


if __name__ == "__main__":
    try:
        print(f"built {build(ROOT, Path(sys.argv[1]))}")
        if left_out := unknown(ROOT):
            print(f"left out, as git does not know it: {', '.join(left_out)}")
    except LabError as error:
        sys.exit(f"error: {error}")
