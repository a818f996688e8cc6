"""Where applications come from: each answers with the version that only its own source has."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration import command_lines
from tests.integration.deploy.test_runs import COUNTING_SSH, ROUND_TRIPS
from tests.integration.hosts import LAB
from tests.integration.sources.conftest import PYTHON, App
from tests.integration.sources.prepare import FAR, FOLDER, GIT_HOST, LOST

Apps = Callable[[str], App]


@pytest.mark.parametrize(
    ("name", "version", "release", "source"),
    [
        ("archive", "1.2.0", "shop_1.2.0-", {"kind": "archive", "name": "shop-1.2.0.tar.gz"}),
        ("fetched", "1.7.0", "shop-", {"kind": "archive", "name": "shop.zip", "subdirectory": "backend"}),
        ("directory", "1.3.0", "directory-", {"kind": "archive", "name": "directory"}),
        (
            "package",
            "1.4.2",
            "1.4.2-",
            {"kind": "package", "requirement": "shop[bell,far]==1.4.2", "plugins": ["shop-plug==1.0"]},
        ),
        ("repository", "1.6.0", "v1.6.0-", {"kind": "git", "subdirectory": "backend"}),
    ],
)
def test_serves_what_its_source_holds(app: Apps, name: str, version: str, release: str, source: dict[str, Any]) -> None:
    answer = app(name).version()
    assert answer["version"] == version
    assert answer["release"].startswith(release)
    assert source.items() <= app(name).record()["source"].items()


def test_a_run_that_changes_nothing_ships_nothing(app: Apps, tmp_path: Path) -> None:
    count, ssh = tmp_path / "count", tmp_path / "ssh"
    ssh.write_text(COUNTING_SSH.format(count=count))
    ssh.chmod(0o755)
    directory = app("directory")
    (FOLDER / "directory" / "__pycache__").mkdir(exist_ok=True)
    (FOLDER / "directory" / "__pycache__" / "main.pyc").write_bytes(b"of this machine")
    (FOLDER / "directory" / "shop" / "main.py").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANSIBLE_SSH_EXECUTABLE", str(ssh))
        run = directory.run().ok()
    assert run.counts("apps")["changed"] == 0, run.output
    assert len(count.read_text().splitlines()) == ROUND_TRIPS


def test_a_changed_directory_is_a_new_release_and_the_old_content_the_old_one(app: Apps) -> None:
    directory, about = app("directory"), FOLDER / "directory" / "shop" / "__init__.py"
    first, text = directory.version()["release"], about.read_text()
    try:
        about.write_text(text.replace("1.3.0", "1.3.1"))
        directory.run().ok()
        second = directory.version()
    finally:
        about.write_text(text)
    assert (second["version"], second["release"] != first) == ("1.3.1", True)
    directory.run().ok()
    assert directory.version()["release"] == first


def test_a_requirement_over_a_plain_transport_is_refused_before_anything_is_installed(app: Apps) -> None:
    directory, file = app("directory"), FOLDER / "directory" / "requirements.txt"
    text = file.read_text()
    venvs = f"ls /srv/asgi/{directory.name}/venvs"
    before = directory.host.run(venvs).stdout
    try:
        file.write_text(f"{text}bell @ git+http://git.example.com/bell.git@v1\n")
        output = directory.refused()
    finally:
        file.write_text(text)
    assert "names http://git.example.com/bell.git@v1, which is not protected on its way; expected https://" in output
    assert directory.host.run(venvs).stdout == before


def test_refuses_an_archive_that_is_another(app: Apps) -> None:
    errors = "0" * 64
    url = "{{ prepared.archive_url }}"
    output = app("fetched").refused(archive={"url": url, "sha256": errors})
    assert f"archive.sha256: found {errors}, but http://" in output
    assert "nothing of it was unpacked" in output
    assert (
        app("fetched").host.run(f"ls -A /var/cache/asgi/archives | grep -c '^[.]\\|{errors}'", check=False).stdout
        == "0\n"
    )


def test_refuses_a_folder_that_the_archive_does_not_have(app: Apps) -> None:
    output = app("fetched").refused(subdirectory="frontend")
    assert "subdirectory: found 'frontend', which is no folder of http://" in output
    assert "it has backend" in output


def test_refuses_an_archive_that_leads_out_of_its_folder(app: Apps) -> None:
    with tarfile.open(FOLDER / "evil.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo("shop/../../../../../tmp/evil")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"evil"))
    output = app("archive").refused(archive={"path": "sources/evil.tar.gz"})
    assert "evil.tar.gz holds 'shop/../../../../../tmp/evil', which lies outside its folder" in output
    assert app("archive").host.run("find / -xdev -name evil -newer /etc/hostname", check=False).stdout == ""


def test_refuses_a_python_that_the_host_does_not_have(app: Apps) -> None:
    output = app("archive").refused(python="3.9")
    has = f'It has python: "{PYTHON}" is /usr/bin/python{PYTHON};'
    assert f"python: found '3.9', which this host does not have. {has}" in output
    assert "write one of these or python: system" in output


def test_refuses_what_is_not_on_the_controller_before_any_host_is_touched(app: Apps) -> None:
    output = app("directory").refused(directory="sources/nowhere", wheelhouse="sources")
    assert f"directory: found 'sources/nowhere', but {FOLDER}/nowhere is no folder on the controller" in output
    assert f"wheelhouse: found 'sources', but {FOLDER} on the controller holds no wheel" in output
    assert "Gathering Facts" not in output


@pytest.fixture(name="seen")
def every_command_line(app: Apps) -> Iterator[Callable[[], str]]:
    """Yield all that runs on the host during the block, as any user there may see it."""
    host = app("package").host
    command_lines.watch(host)
    yield lambda: command_lines.read(host)
    command_lines.forget(host)


def test_the_password_of_an_index_is_nowhere(app: Apps, prepared: dict[str, str], seen: Callable[[], str]) -> None:
    package, secret = app("package"), prepared["index_password"]
    installed = package.host.run("ls /srv/asgi/package/current/venv/lib/python3*/site-packages").stdout.split()
    assert {"shop_bell", "shop_plug"} <= {*installed}
    run = package.run("-vvv", "--diff", installer="pip").ok()
    assert run.counts("apps")["changed"] > 0
    assert secret not in run.output
    lines = seen()
    assert "pip" in lines
    assert secret not in lines
    places = "/srv/asgi /var/cache/asgi /etc/systemd /run/systemd /opt/asgi /root /var/log /tmp"
    assert package.host.run(f"grep -rlI {secret} {places}", check=False).stdout == ""


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_wrong_password_is_refused_and_not_shown(app: Apps, installer: str) -> None:
    package = app("package")
    index = {**package.entry["index"], "password": "wr0ng-s3cret"}
    output = package.refused(index=index, installer=installer, env={"NEW": installer}, package="shop==1.4.3")
    assert "the virtual environment could not be built:" in output
    assert "wr0ng-s3cret" not in output


def test_another_password_is_no_new_release(app: Apps) -> None:
    package = app("package")
    package.run().ok()
    index = {**package.entry["index"], "password": "n3xt-s3cret"}
    assert package.run("--check", index=index).ok().counts("apps")["changed"] == 0


def test_a_deploy_key_is_on_the_host_only_while_git_fetches(app: Apps) -> None:
    repository = app("repository")
    body = (FOLDER / "deploy_key").read_text().splitlines()[2]
    actual = repository.host.run(
        f"ls /run/asgi-key-* 2>/dev/null; grep -rlI '{body}' /srv /var /etc /root /run", check=False
    )
    assert actual.stdout == ""


def test_another_deploy_key_is_no_new_release_and_none_is_refused(app: Apps, tmp_path: Path) -> None:
    repository, key = app("repository"), tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    output = repository.refused(deploy_key=key.read_text())
    assert "cannot be read from this host" in output
    assert "Permission denied" in output
    assert key.read_text().splitlines()[2] not in output
    public = key.with_suffix(".pub").read_text().strip()
    LAB.host(GIT_HOST).run(f"echo 'restrict {public}' >>/home/git/.ssh/authorized_keys")
    before = repository.version()
    run = repository.run(deploy_key=key.read_text()).ok()
    assert run.counts("apps")["changed"] == 0
    assert repository.version()["release"] == before["release"]
    assert "cannot be read from this host" in repository.refused(deploy_key=None)


def test_only_what_is_named_is_reached(app: Apps) -> None:
    """What the index refers to on another host was installed; that host is named, the next one is not."""
    package = app("package")
    assert "shop_far" in package.host.run("ls /srv/asgi/package/current/venv/lib/python3*/site-packages").stdout
    output = package.refused(extras=[*package.entry["extras"], "lost"])
    assert "the virtual environment could not be built:" in output
    index = LAB.index(FOLDER).url.split("/")[2].partition(":")[0]
    assert (
        f"sandbox.outgoing also limits what builds can reach: here {index}, {FAR}. "
        f"If it needed another host, write index: {{hosts: [{LOST}]}}"
    ) in " ".join(output.split()), output


@pytest.mark.parametrize("name", ["package", "repository"])
def test_the_application_is_bounded_as_its_builds_are(app: Apps, name: str) -> None:
    one = app(name)
    unit = f"asgi-{name}@{one.version()['release']}.service"
    shown = one.host.run(f"systemctl show --property=IPAddressDeny {unit}").stdout.split("=")[1].split()
    assert set(shown) == {"::/0", "0.0.0.0/0"}
