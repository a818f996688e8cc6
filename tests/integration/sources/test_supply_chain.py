"""Who signed what is released, and hashes of all that is installed: what is refused leaves what serves as it is."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ROOT
from tests.integration.hosts import HOSTS, module, playbook
from tests.integration.sources.conftest import App
from tests.integration.sources.prepare import FOLDER, INDEX, INVENTORY, git

Apps = Callable[[str], App]
TREE = FOLDER / "repositories" / "shop"
REQUIREMENTS = FOLDER / "directory" / "requirements.txt"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return two keys that may sign."""
    paths = [tmp_path_factory.mktemp("keys") / name for name in ("ours", "other")]
    for path in paths:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ops", "-f", str(path)], check=True)
    return paths


@pytest.fixture(scope="module")
def repository(app: Apps) -> Iterator[App]:
    result = app("repository")
    yield result
    result.run().ok()


def verify(*keys: Path) -> dict[str, Any]:
    return {"signers": [key.with_suffix(".pub").read_text().strip() for key in keys]}


def publish(repository: App, url: str, tag: str, commit_key: Path | None = None, tag_key: Path | None = None) -> str:
    """Publish a commit and its tag, each signed by a key where there is one; gives the commit."""
    signed = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={commit_key or tag_key}"]
    (TREE / "backend" / "tag").write_text(tag)
    git(TREE, "add", "--all")
    git(TREE, *signed, "commit", "--quiet", "--message", tag, *(["--gpg-sign"] if commit_key else []))
    git(TREE, *signed, "tag", *(["--sign", "--message", tag] if tag_key else []), tag)
    git(TREE, "push", "--quiet", url, "main", tag)
    shown = subprocess.run(["git", "-C", str(TREE), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return shown.stdout.strip()


def test_what_is_not_signed_is_refused(repository: App, keys: list[Path]) -> None:
    """It is on the host already, and serves on."""
    output = repository.refused(verify=verify(*keys))
    commit = repository.record()["commit"]
    assert f"verify.signers: found commit {commit[:12]} of ssh://" in output
    assert "it has no signature; nothing of it was built; expected a commit of git commit -S" in output


def test_only_what_was_signed_is_released(repository: App, keys: list[Path], prepared: dict[str, str]) -> None:
    ours, other = keys
    url = prepared["repository"]
    unsigned = publish(repository, url, "v1.6.1")
    signed = publish(repository, url, "v1.6.2", commit_key=ours)
    repository.run(version="v1.6.2", verify=verify(other, ours)).ok()
    assert repository.record()["commit"] == signed
    output = repository.refused(version="v1.6.2", verify=verify(other))
    assert f"found commit {signed[:12]} of {url}, which none of these keys signed" in output
    refused = repository.refused(version="v1.6.1", verify=verify(ours))
    assert f"found commit {unsigned[:12]}" in refused
    # Nothing of it was built.
    assert "v1.6.1" not in repository.host.run("ls /srv/asgi/repository/releases").stdout
    again = repository.run(version="v1.6.2", verify=verify(ours)).ok()
    assert again.counts("apps")["changed"] == 0, again.output


def test_a_tag_that_was_signed_is_enough(repository: App, keys: list[Path], prepared: dict[str, str]) -> None:
    ours, other = keys
    commit = publish(repository, prepared["repository"], "v1.6.3", tag_key=ours)
    assert "found tag v1.6.3 of" in repository.refused(version="v1.6.3", verify=verify(other))
    repository.run(version="v1.6.3", verify=verify(ours)).ok()
    assert repository.record()["commit"] == commit


def test_the_way_back_asks_for_no_signature(repository: App, keys: list[Path]) -> None:
    """Of what is on the host."""
    current = "readlink /srv/asgi/repository/current"  # nginx may keep connections to what served before
    live = repository.host.run(current).stdout
    variables = json.dumps({"asgi_apps": [{**repository.entry, "verify": verify(keys[1])}], "asgi_app": "repository"})
    playbook("--extra-vars", variables, name="rollback", inventories=(HOSTS, INVENTORY)).ok()
    assert repository.host.run(current).stdout != live


@pytest.fixture
def directory(app: Apps) -> Iterator[App]:
    """Restore its requirements afterwards."""
    text = REQUIREMENTS.read_text()
    yield app("directory")
    REQUIREMENTS.write_text(text)


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_all_is_installed_by_hashes(directory: App, installer: str) -> None:
    directory.run(require_hashes=True, installer=installer).ok()
    assert directory.version()["version"] == "1.3.0"
    again = directory.run(require_hashes=True, installer=installer).ok()
    assert again.counts("apps")["changed"] == 0, again.output


def test_one_without_a_hash_is_refused(directory: App) -> None:
    without = re.sub(r"(?m)^(idna==\S+)( \\\n    --hash=\S+)+", r"\1", REQUIREMENTS.read_text())
    REQUIREMENTS.write_text(without)
    output = directory.refused(require_hashes=True)
    assert "require_hashes: requirements.txt of directory (" in output
    assert "has no hashes for idna; write them with uv lock, or uv pip compile --generate-hashes" in output


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_another_hash_is_refused(directory: App, installer: str) -> None:
    """Without require_hashes, too."""
    text = re.sub(
        r"(?m)(?<=^idna==)(\S+)( \\\n    --hash=\S+)+", rf"\1 --hash=sha256:{'0' * 64}", REQUIREMENTS.read_text()
    )
    REQUIREMENTS.write_text(text)
    output = directory.refused(installer=installer)
    assert "the virtual environment could not be built:" in output
    assert "hash" in output.lower() and "idna" in output


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_what_a_full_lock_lacks_is_refused(directory: App, installer: str) -> None:
    text = re.sub(r"(?m)^idna==\S+( \\\n    --hash=\S+)+\n", "", REQUIREMENTS.read_text())
    REQUIREMENTS.write_text(text)
    output = directory.refused(installer=installer)
    assert "the virtual environment could not be built:" in output
    assert "idna" in output


def test_what_is_installed_is_listed(app: Apps) -> None:
    directory = app("directory")
    directory.run().ok()
    shown = module(directory.host.name, "release_info", name="directory")
    frozen = directory.host.run(
        "/opt/asgi/uv-*/bin/uv pip freeze --python /srv/asgi/directory/current/venv/bin/python"
    ).stdout.split()
    assert {f"{name}=={version}" for name, version in shown["packages"].items()} == set(frozen)
    assert set(shown["tools"]) == {"uv", "certbot"}
    assert shown["tools"]["uv"] == directory.host.run("/opt/asgi/uv-*/bin/uv --version").stdout.split()[1]


@pytest.fixture(scope="module")
def forged(app: Apps) -> Iterator[App]:
    """Make its index serve another file of the same version of uvicorn, with nothing of it in the host's cache."""
    package = app("package")
    [wheel] = INDEX.glob("uvicorn-*.whl")
    members, content = {}, wheel.read_bytes()
    with zipfile.ZipFile(wheel) as file:
        members = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(wheel, "w") as file:
        for name, text in members.items():
            file.writestr(name, text + b"\nFORGED = True\n" if name == "uvicorn/__init__.py" else text)
    forget = "rm -rf /var/cache/asgi/packages/package"
    package.host.run(forget)
    try:
        yield package
    finally:
        wheel.write_bytes(content)
        package.host.run(forget)


def wrote(package: App) -> str:
    """Return where the live release has what was forged."""
    result = "grep -l FORGED /srv/asgi/package/current/venv/lib/python3*/site-packages/uvicorn/__init__.py"
    return package.host.run(result, check=False).stdout


def test_a_server_that_was_forged_is_refused(forged: App) -> None:
    """Without require_hashes, and in an environment that is not there yet."""
    output = forged.refused(extras=[])
    assert "the virtual environment could not be built:" in output
    assert "hash" in output.lower() and "uvicorn" in output
    assert wrote(forged) == ""
    assert module(forged.host.name, "release_info", name="package")["unpinned"] == []


def test_a_server_without_hashes_is_reported(forged: App) -> None:
    spec = yaml.safe_load((ROOT / "roles" / "app" / "meta" / "argument_specs.yml").read_text())
    default = spec["argument_specs"]["main"]["options"]["app_spec"]["options"]["server_requirements"]["default"]
    unpinned = ["uvicorn" if item.startswith("uvicorn==") else item for item in default]
    forged.run(server_requirements=unpinned).ok()
    assert wrote(forged)
    assert module(forged.host.name, "release_info", name="package")["unpinned"] == ["uvicorn"]
    shown = playbook(f"--limit={forged.host.name}", name="status", inventories=(HOSTS, INVENTORY)).output
    assert "package: server_requirements: uvicorn came without a hash that was checked" in shown
