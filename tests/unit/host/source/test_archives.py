"""Archives: what is unpacked, what is refused, and what stays on the host."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.archives import (
    ensure_archive,
    missing_archives,
    prune,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.unpack import unpack
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

FILES = {"pyproject.toml": "[project]\n", "shop/main.py": "app = None\n"}


def tarred(path: Path, *members: tuple[tarfile.TarInfo, str], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for info, text in members:
            info.size = len(text.encode()) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def unpacked(archive: Path, tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    unpack(archive, tree, archive.name)
    return tree


def content(tree: Path) -> dict[str, str]:
    files = (path for path in sorted(tree.rglob("*")) if path.is_file())
    return {str(path.relative_to(tree)): path.read_text(encoding="utf-8") for path in files}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("top", ["", "./", "shop-1.4.2/", "./shop-1.4.2/"])
def test_tar(tmp_path: Path, mode: str, top: str) -> None:
    archive = tarred(tmp_path / "a", *((member(top + name), text) for name, text in FILES.items()), mode=mode)
    assert content(unpacked(archive, tmp_path)) == FILES


@pytest.mark.parametrize("top", ["", "shop-1.4.2/"])
def test_zip(tmp_path: Path, top: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for name, text in FILES.items():
            file.writestr(top + name, text)
    assert content(unpacked(tmp_path / "a.zip", tmp_path)) == FILES


def test_a_tar_that_ends_with_a_zip_is_a_tar(tmp_path: Path) -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("inner.py", "x")
    info = member("content/a.whl")
    info.size = len(wheel.getvalue())
    with tarfile.open(tmp_path / "a", "w") as tar:
        tar.addfile(info, io.BytesIO(wheel.getvalue()))
    assert [path.name for path in unpacked(tmp_path / "a", tmp_path).iterdir()] == ["a.whl"]


def test_one_file_at_the_top_is_no_folder(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "a", (member("main.py"), "x"))
    assert content(unpacked(archive, tmp_path)) == {"main.py": "x"}


def test_rights_are_whether_a_file_runs(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "a", (member("x/run.sh", mode=0o6777), "x"), (member("x/main.py", mode=0o666), "x"))
    tree = unpacked(archive, tmp_path)
    assert {path.name: oct(path.stat().st_mode)[-4:] for path in tree.iterdir()} == {
        "run.sh": "0755",
        "main.py": "0644",
    }


def test_links_within(tmp_path: Path) -> None:
    members = [
        (member("x/latest", tarfile.SYMTYPE, "a/b"), ""),
        (member("x/a/b/main.py"), "x"),
        (member("x/a/up", tarfile.SYMTYPE, "../a/b/main.py"), ""),
        (member("x/same", tarfile.LNKTYPE, "x/a/b/main.py"), ""),
        (member("x/nowhere", tarfile.SYMTYPE, "gone"), ""),
    ]
    tree = unpacked(tarred(tmp_path / "a", *members), tmp_path)
    assert (tree / "latest" / "main.py").read_text(encoding="utf-8") == "x"
    assert (tree / "a" / "up").resolve() == tree / "a" / "b" / "main.py"
    assert (tree / "same").read_text(encoding="utf-8") == "x"
    assert str((tree / "nowhere").readlink()) == "gone"


@pytest.mark.parametrize(
    ("members", "text"),
    [
        pytest.param([member("/etc/evil")], "a holds '/etc/evil', which lies outside its folder", id="absolute"),
        pytest.param([member("x/../../evil")], "which lies outside its folder", id="up"),
        pytest.param([member("x", tarfile.CHRTYPE)], "a holds 'x', which is no file, folder or link", id="device"),
        pytest.param([member("x", tarfile.FIFOTYPE)], "which is no file, folder or link", id="pipe"),
        pytest.param([member("x/l", tarfile.SYMTYPE, "/etc")], "'l', a link that leads out of its folder", id="link"),
        pytest.param([member("x/l", tarfile.SYMTYPE, "../..")], "a link that leads out of its folder", id="link up"),
        pytest.param(
            [member("x/b", tarfile.SYMTYPE, "."), member("x/a", tarfile.SYMTYPE, "b/../..")],
            "a link that leads out of its folder",
            id="link through a link",
        ),
        pytest.param([member("x/d", tarfile.SYMTYPE, "/tmp"), member("x/d/evil")], "'d' twice", id="file below a link"),
        pytest.param(
            [member("x/d", tarfile.SYMTYPE, "e"), member("x/d/l", tarfile.SYMTYPE, "f"), member("x/e/y")],
            "a holds 'd/l' below a link",
            id="link below a link",
        ),
        pytest.param([member("x/a"), member("x/a")], "a holds 'a' twice", id="twice"),
        pytest.param([member("x/a"), member("x/a/b")], "a holds 'a/b' twice", id="file and folder"),
        pytest.param(
            [member("x/h", tarfile.LNKTYPE, "/etc/passwd")], "a link to what it does not hold", id="hard link"
        ),
    ],
)
def test_what_does_not_belong(tmp_path: Path, members: list[tarfile.TarInfo], text: str) -> None:
    archive = tarred(tmp_path / "a", *((info, "") for info in members))
    with pytest.raises(DeployError) as error:
        unpacked(archive, tmp_path)
    assert text in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "tree"]


def test_a_backslash_is_a_letter_of_a_name(tmp_path: Path) -> None:
    """A folder has such files where they came from Windows, or from a generator of names."""
    names = ["a\\b.txt", "..\\..\\c.txt", "\\"]
    archive = tarred(tmp_path / "a", *((member(f"x/{name}"), name) for name in names))
    assert content(unpacked(archive, tmp_path)) == {name: name for name in names}


def test_a_zip_with_backslashes_for_slashes_is_refused(tmp_path: Path) -> None:
    """Its folders would be files with long names, and the application would not be found."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("shop\\main.py", "")
    with pytest.raises(DeployError) as error:
        unpacked(tmp_path / "a.zip", tmp_path)
    assert str(error.value) == (
        "a.zip holds 'shop\\\\main.py', with a backslash; pack folders with / between their names"
    )


def test_a_link_in_a_zip_leads_nowhere_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        info = zipfile.ZipInfo("x/link")
        info.external_attr = 0o120777 << 16
        file.writestr(info, "../../etc")
    with pytest.raises(DeployError, match="a link that leads out of its folder"):
        unpacked(tmp_path / "a.zip", tmp_path)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(b"", "a is no tar.gz, tar.xz, tar.bz2, tar or zip", id="empty"),
        pytest.param(b"<html>not found</html>", "a is no tar.gz, tar.xz, tar.bz2, tar or zip", id="another file"),
    ],
)
def test_no_archive(tmp_path: Path, data: bytes, text: str) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(DeployError) as error:
        unpacked(tmp_path / "a", tmp_path)
    assert str(error.value) == text


def test_a_broken_archive(tmp_path: Path) -> None:
    whole = tarred(tmp_path / "whole", (member("x/a"), os.urandom(50_000).hex()))
    (tmp_path / "a").write_bytes(whole.read_bytes()[:20_000])
    with pytest.raises(DeployError, match=r"^a cannot be unpacked: "):
        unpacked(tmp_path / "a", tmp_path)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_missing(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    assert missing_archives(["there", "gone"], tmp_path) == ["gone"]


def test_what_is_there_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / sha(b"x")).write_bytes(b"x")
    assert ensure_archive(sha(b"x"), "http://127.0.0.1:9/nothing", "x", tmp_path) == tmp_path / sha(b"x")


@pytest.mark.parametrize("damaged", [True, False])
def test_what_did_not_arrive(tmp_path: Path, damaged: bool) -> None:
    if damaged:
        (tmp_path / sha(b"x")).write_bytes(b"half")
    with pytest.raises(DeployError, match=r"^shop\.zip is incomplete on this host; run again$"):
        ensure_archive(sha(b"x"), None, "shop.zip", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_fetch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(
        DeployError, match=r"^archive\.url: http://127\.0\.0\.1:9/a\.zip cannot be fetched from this host: "
    ):
        ensure_archive(sha(b"x"), "http://127.0.0.1:9/a.zip", "a.zip", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def answering(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield a server that gives one answer, byte by byte as it is written here."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as visitor:
                visitor.recv(65536)
                visitor.sendall(request.param)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a.zip"
        thread.join(10)


@pytest.mark.parametrize(
    ("answering", "text"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf", "it ended after 4 of 1,000 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf", "IncompleteRead"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "SSH-2.0"),
    ],
    indirect=["answering"],
    ids=["with a length", "in chunks", "no HTTP"],
)
def test_an_answer_that_is_cut_off(tmp_path: Path, answering: str, text: str) -> None:
    """No message offers half a file as the one that is meant."""
    with pytest.raises(DeployError, match=rf"^archive\.url: {answering} cannot be fetched from this host: .*{text}"):
        ensure_archive(sha(b"x"), answering, "a.zip", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_prune(tmp_path: Path) -> None:
    folder, release = tmp_path / "archives", tmp_path / "srv" / "shop" / "releases" / "v1"
    folder.mkdir()
    release.mkdir(parents=True)
    (release / "release.json").write_text(json.dumps({"source": {"sha256": "code"}, "wheelhouse": "wheels"}))
    broken = tmp_path / "srv" / "blog" / "releases" / "v1" / "release.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    for name in ("code", "wheels", "old", "new", ".half"):
        (folder / name).touch()
        os.utime(folder / name, (1000, 1000 if name != "new" else 99_000))
    prune(folder, tmp_path / "srv", now=100_000)
    assert sorted(path.name for path in folder.iterdir()) == ["code", "new", "wheels"]


def test_prune_where_nothing_was_shipped(tmp_path: Path) -> None:
    prune(tmp_path / "none", tmp_path)
