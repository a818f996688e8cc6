"""Root file systems: what a bare Debian VM of a hosting provider looks like on its first day.

An image is named by a digest of all that goes into it, so that a changed recipe is a new image. Hosts share
it read-only below their overlays; it is therefore never changed in place.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.lab import sources
from tests.lab.process import LabError, run, tail
from tests.lab.state import CACHE, host_records, lab_names, locked, remove_tree, write_text

IMAGES = CACHE / "images"
USER, UID = "admin", 1000

# Without git, nginx and python3-venv on purpose: what is tested has to install them.
PACKAGES = (
    "ca-certificates",
    "dbus",
    "iproute2",
    "libpam-systemd",
    "openssh-server",
    "procps",
    "python3",
    "sudo",
    "systemd",
    "systemd-sysv",
)
FORMAT = 2  # raise it when the code below makes something else of the same recipe


@dataclass(frozen=True)
class Recipe:
    """All that decides what an image contains."""

    release: str
    packages: tuple[str, ...]
    lines: tuple[str, ...]
    apt_options: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    pip_conf: str
    authorities: tuple[tuple[str, str], ...]
    bundle: str
    form: int = FORMAT

    @property
    def name(self) -> str:
        """Name of the image."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        return f"{self.release}-{digest[:12]}"


def compose(release: str, more: tuple[str, ...] = ()) -> Recipe:
    """Return the recipe for a release on this machine, with more packages."""
    if release not in sources.RELEASES:
        raise LabError(f"release {release!r}: not one of {', '.join(sources.RELEASES)}")
    authorities = sources.extra_authorities()
    pip = Path("/etc/pip.conf")
    return Recipe(
        release=release,
        packages=(*PACKAGES, *more),
        lines=tuple(sources.lines_for(release, sources.machine_sources())),
        apt_options=tuple(sources.machine_apt_options()),
        environment=tuple(sorted(sources.environment().items())),
        pip_conf=sources.pip_conf(pip.read_text() if pip.is_file() else "", bundle=bool(authorities)),
        authorities=tuple((path.name, path.read_text()) for path in authorities),
        bundle=sources.BUNDLE.read_text() if authorities else "",
    )


def ensure(release: str, kind: str = "", more: tuple[str, ...] = ()) -> tuple[Path, bool]:
    """Return the directory of the image for a release, and whether it had to be built.

    Those with more packages are of another kind, so that one does not make the other stale.
    """
    recipe = compose(release, more)
    root = IMAGES / f"{kind}{recipe.name}"
    with locked(IMAGES / f".{kind}{release}.lock"):
        if root.is_dir():
            return root, False
        _remove_stale(f"{kind}{release}")
        scratch = Path(tempfile.mkdtemp(prefix=f".{kind}{release}-", dir=IMAGES))
        try:
            scratch.chmod(0o755)
            _bootstrap(recipe, scratch)
            _configure(recipe, scratch)
            scratch.rename(root)
        except BaseException:
            remove_tree(scratch)
            raise
    return root, True


def _remove_stale(release: str) -> None:
    """Remove what interrupted builds and former recipes left, unless a host still runs on it."""
    used = {host["image"] for lab in lab_names() for host in host_records(lab).values()}
    for path in [*IMAGES.glob(f".{release}-*"), *IMAGES.glob(f"{release}-*")]:
        if str(path) not in used:
            remove_tree(path)


def _bootstrap(recipe: Recipe, root: Path) -> None:
    """Install the packages with mmdebstrap."""
    command = [
        # In namespaces of its own: however the build ends, no process and no mount of it stays behind.
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        # A host that was just installed has package lists; the archives go to the shared cache below.
        "--skip=cleanup/apt/lists,cleanup/apt/cache",
        f"--include={','.join(recipe.packages)}",
        *(f"--aptopt={option}" for option in recipe.apt_options),
        recipe.release,
        str(root),
    ]
    lines = "".join(f"{line}\n" for line in recipe.lines)
    done = run([*command, "-"] if lines else command, timeout=900, check=False, stdin=lines or None)
    if done.returncode:
        raise LabError(f"mmdebstrap failed for {recipe.release}:\n{tail(done.stderr, 25)}")
    harvest(root / "var/cache/apt/archives", recipe.release)
    for archive in (root / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()


def _configure(recipe: Recipe, root: Path) -> None:
    """Apply what an installer or cloud-init would, and what reaching the network from here takes."""
    chroot = ["chroot", str(root)]
    run([*chroot, "useradd", "--create-home", "--uid", str(UID), "--shell", "/bin/bash", USER])
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()  # each host makes its own
    variables = dict(recipe.environment)
    sudoers = f"{USER} ALL=(ALL:ALL) NOPASSWD: ALL\n"
    if variables:
        sudoers += f'Defaults env_keep += "{" ".join(variables)}"\n'
        quoted = " ".join(f'"{name}={value.replace("%", "%%")}"' for name, value in variables.items())
        manager = f"[Manager]\nDefaultEnvironment={quoted}\n"
        write_text(root / "etc/systemd/system.conf.d/50-lab.conf", manager)
        sessions = "".join(f"{name}={value}\n" for name, value in variables.items())
        write_text(root / "etc/environment", sessions)
    write_text(root / f"etc/sudoers.d/90-{USER}", sudoers, 0o440)
    write_text(root / "etc/ssh/sshd_config.d/50-lab.conf", "PermitRootLogin no\nPasswordAuthentication no\n")
    write_text(root / "etc/machine-id", "uninitialized\n")
    if recipe.pip_conf:
        write_text(root / "etc/pip.conf", recipe.pip_conf)
    for name, text in recipe.authorities:
        write_text(root / "usr/local/share/ca-certificates" / name, text)
    if recipe.authorities:
        run([*chroot, "update-ca-certificates"])
        # The machine's bundle may hold more than those files.
        write_text(root / "etc/ssl/certs/ca-certificates.crt", recipe.bundle)
    run([*chroot, "systemctl", "enable", "systemd-networkd.service"])


def archives(release: str) -> Path:
    """Return the shared cache of Debian packages for a release."""
    return CACHE / "archives" / release


def harvest(source: Path, release: str) -> int:
    """Keep the packages that a host or an image build has fetched; returns how many were new."""
    target = archives(release)
    target.mkdir(parents=True, exist_ok=True)
    new = 0
    for file in source.glob("*.deb"):
        if not (target / file.name).exists():
            link_or_copy(file, target / file.name)
            new += 1
    return new


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or a copy where that would cross file systems."""
    try:
        os.link(source, target)
    except FileExistsError:
        pass
    except OSError:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".copy-")
        os.close(handle)
        shutil.copyfile(source, name)
        Path(name).chmod(0o644)
        Path(name).replace(target)
