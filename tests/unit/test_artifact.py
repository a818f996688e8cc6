"""The same files are the same artifact."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

from tests.artifact import reproducible

FILES = {"README.md": b"what it is", "plugins/a.py": b"pass\n", "plugins/b.py": b"b = 1\n"}


def artifact(names: list[str], time: int) -> bytes:
    """As ansible-galaxy packs it."""
    listed = json.dumps({"files": [{"name": name, "ftype": "file"} for name in names], "format": 1}, indent=4).encode()
    manifest = {"file_manifest_file": {"name": "FILES.json", "chksum_sha256": hashlib.sha256(listed).hexdigest()}}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in [
            ("MANIFEST.json", json.dumps(manifest).encode()),
            ("FILES.json", listed),
            *((name, FILES[name]) for name in names),
        ]:
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), time
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_order_and_time_do_not_matter() -> None:
    names = list(FILES)
    one, other = artifact(names, 1_700_000_000), artifact(names[::-1], 1_800_000_000)
    assert one != other
    assert reproducible(one) == reproducible(other)


def test_nothing_is_lost() -> None:
    made = reproducible(artifact(list(FILES)[::-1], 1_700_000_000))
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(made))) as tar:
        found = {name: file.read() for name in tar.getnames() if (file := tar.extractfile(name))}
    listed, manifest = found.pop("FILES.json"), json.loads(found.pop("MANIFEST.json"))
    assert found == FILES
    assert [file["name"] for file in json.loads(listed)["files"]] == sorted(FILES)
    assert manifest["file_manifest_file"]["chksum_sha256"] == hashlib.sha256(listed).hexdigest()
