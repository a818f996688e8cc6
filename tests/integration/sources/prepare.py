"""What the scenario `sources` takes its applications from; each has a version of its own, by which it is known."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import tomllib

from tests import ROOT
from tests.integration.hosts import APPS, HELPER, HOSTS, LAB, playbook
from tests.lab import image, python_archive
from tests.lab.ssh import OPTIONS

FOLDER = HOSTS.parent / "sources"
INVENTORY = ROOT / "molecule" / "sources" / "inventory.yml"
WHEELS = FOLDER / "wheels"
INDEX = FOLDER / "index"
KEY = FOLDER / "deploy_key"
GIT_HOST = HELPER
FAR, LOST = (
    "far.test",
    "lost.test",
)  # names of it, to which the index refers for a file each; one of them is not reached
FAR_PORT = 8081

INSTALL_GIT = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=60 install --no-install-recommends git"
GIT_SERVER = """\
id git >/dev/null 2>&1 || useradd --create-home --shell /usr/bin/git-shell git
rm -rf ~git/*.git && install -d -o git -m 0700 ~git/.ssh
printf 'restrict %s\\n' '{key}' >~git/.ssh/authorized_keys && chown git ~git/.ssh/authorized_keys
for name in shop extra; do runuser -u git -- git init --quiet --bare --initial-branch=main ~git/$name.git; done
"""


def shop(folder: Path, version: str) -> Path:
    """Return the example application in a folder, with a version of its own."""
    ignored = shutil.ignore_patterns("__pycache__", ".venv", ".*_cache")
    shutil.copytree(ROOT / "examples" / "shop", folder, ignore=ignored)
    about = folder / "shop" / "__init__.py"
    about.write_text(about.read_text().replace("1.0.0", version))
    return folder


def wheel(name: str, version: str, package: Path, needs: tuple[str, ...] = (), folder: Path = INDEX) -> Path:
    """Return a wheel in the index, or another folder, of a package's files."""
    info = f"{name}-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(f"{line}\n" for line in needs)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for source in sorted(package.rglob("*.py")):
            file.write(source, source.relative_to(package.parent))
        file.writestr(f"{info}/METADATA", about)
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "".join(f"{member},,\n" for member in [*file.namelist(), f"{info}/RECORD"]))
    return path


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    INDEX.mkdir(parents=True)
    (INDEX / "open").mkdir()
    archive = Path(
        shutil.make_archive(str(FOLDER / "shop-1.2.0"), "gztar", shop(FOLDER / "archive" / "s", "1.2.0").parent)
    )
    shop(FOLDER / "directory", "1.3.0")
    shop(FOLDER / "monorepo" / "top" / "backend", "1.7.0")
    fetched = Path(shutil.make_archive(str(INDEX / "open" / "shop"), "zip", FOLDER / "monorepo"))
    index = LAB.index(INDEX)
    url = repository()
    bookworm = image.ensure("bookworm")[0]  # its Python is another one than the host's, and runs there
    python = python_archive.build(bookworm / "usr", INDEX / "open", python_archive.version_of(bookworm))
    prepared = {
        "archive_sha256": sha256(fetched.read_bytes()).hexdigest(),
        "archive_url": f"{index.open}{fetched.name}",
        "python_mirror": index.open.rstrip("/"),
        "python_name": python.path.name,
        "python_sha256": python.sha256,
        "index_url": index.url,
        "index_username": index.username,
        "index_password": index.password,
        "repository": url,
    }
    assert archive.exists()
    (FOLDER / "prepared.json").write_text(json.dumps(prepared))
    wheels()


def wheels() -> None:
    """Build what the example needs, by the collection's own playbook; publish it in the index, with the example as a
    package.
    """
    app = {
        "name": "offline",
        "directory": "sources/directory",
        "wheelhouse": "sources/wheels",
        "module": "shop.main:app",
        "domains": ["offline.example.com"],
    }
    playbook("--extra-vars", json.dumps({"asgi_apps": [app]}), name="wheelhouse", inventories=(HOSTS, INVENTORY)).ok()
    for file in WHEELS.glob("*.whl"):
        shutil.copy(file, INDEX)
    source = shop(FOLDER / "package", "1.4.2")
    for name in ("bell", "plug"):
        package = FOLDER / name / f"shop_{name}"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        wheel(package.name, "1.0", package)
    for name, host in (("far", FAR), ("lost", LOST)):
        package = FOLDER / name / f"shop_{name}"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        elsewhere(host, wheel(package.name, "1.0", package, folder=package.parent))
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    needs = [f"Requires-Dist: {requirement}" for requirement in project["dependencies"]]
    extras = [
        (f"Provides-Extra: {name}", f'Requires-Dist: shop-{name}; extra == "{name}"')
        for name in ("bell", "far", "lost")
    ]
    wheel("shop", "1.4.2", source / "shop", (*needs, *(line for extra in extras for line in extra)))


def elsewhere(name: str, file: Path) -> None:
    """Publish a file that the index refers to, on another host that the applications' host knows by name."""
    host = LAB.host(HELPER)
    (INDEX / f"{file.name.partition('-')[0].replace('_', '-')}.links").write_text(
        f"http://{name}:{FAR_PORT}/{file.name}"
    )
    host.run(f"mkdir -p /srv/far && base64 -d >/srv/far/{file.name}", stdin=b64encode(file.read_bytes()).decode())
    unit = f"--unit=far --working-directory=/srv/far python3 -m http.server {FAR_PORT}"
    host.run(f"systemctl is-active --quiet far || systemd-run --quiet {unit}")
    LAB.host(APPS).run(f"grep -q ' {name}$' /etc/hosts || echo '{host.address} {name}' >>/etc/hosts")


def repository() -> str:
    """Return a repository with the application in a folder, and its version in a submodule, only for one key."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "deploy", "-f", str(KEY)], check=True)
    host = LAB.host(GIT_HOST)
    host.run(f"command -v git >/dev/null || {INSTALL_GIT}", timeout=180)
    host.run(GIT_SERVER.format(key=KEY.with_suffix(".pub").read_text().strip()))
    url = f"ssh://git@{host.address}/home/git"
    extra = FOLDER / "repositories" / "extra"
    extra.mkdir(parents=True)
    (extra / "__init__.py").write_text('VERSION = "1.6.0"\n')
    commit(extra, f"{url}/extra.git", "v1")
    tree = FOLDER / "repositories" / "shop"
    shop(tree / "backend", "1.6.0")
    (tree / "backend" / "shop" / "__init__.py").write_text("from extra import VERSION as __version__\n")
    # Written relative to the repository itself, as git allows.
    git(tree, "init", "--quiet", "--initial-branch=main")
    git(tree, "remote", "add", "origin", f"{url}/shop.git")
    git(tree, "submodule", "--quiet", "add", "../extra.git", "backend/extra")
    commit(tree, f"{url}/shop.git", "v1.6.0")
    return f"{url}/shop.git"


def commit(tree: Path, url: str, tag: str) -> None:
    """Publish a working tree under a tag."""
    if not (tree / ".git").exists():
        git(tree, "init", "--quiet", "--initial-branch=main")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", tag)
    git(tree, "tag", tag)
    git(tree, "push", "--quiet", url, "main", tag)


def git(tree: Path, *arguments: str, key: Path = KEY) -> None:
    """Run git as a user who may publish, by a key."""
    ssh = " ".join(["ssh -F none", f"-i {key}", "-oIdentitiesOnly=yes", *(f"-o{option}" for option in OPTIONS)])
    settings = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    argv = ["git", "-C", str(tree), *settings, *arguments]
    subprocess.run(argv, check=True, env={**os.environ, "GIT_SSH_COMMAND": ssh}, timeout=60)


if __name__ == "__main__":
    assert LAB.host(APPS).running
    main()
