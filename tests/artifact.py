"""Makes a collection's artifact the same for the same files, whenever and wherever it was built: `make build`."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

EPOCH = 315_532_800  # 1980-01-01, the first day that every archive format can tell


def reproducible(artifact: bytes) -> bytes:
    """The same artifact, its files in order and without times: ansible-galaxy takes them as the folder lists them."""
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
    path = Path(sys.argv[1])
    path.write_bytes(reproducible(path.read_bytes()))
