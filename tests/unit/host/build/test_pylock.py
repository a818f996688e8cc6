"""Requirements of a pylock.toml."""

from __future__ import annotations

import pytest
import tomllib
from ansible_collections.asgi.deploy.plugins.module_utils._host.build import pylock
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_files import (
    NO_OPTIONS,
    DependencyOptions,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import hashed

A, B = "a" * 64, "b" * 64
LOCK = f"""
lock-version = "1.0"
created-by = "uv"
[[packages]]
name = "fastapi"
version = "0.120.0"
sdist = {{url = "https://files.example.com/f.tar.gz", hashes = {{sha256 = "{B}"}}}}
wheels = [{{url = "https://files.example.com/f.whl", hashes = {{sha256 = "{A}"}}}}]
[[packages]]
name = "uvloop"
version = "0.22.1"
marker = "sys_platform != 'win32'"
wheels = [{{url = "https://files.example.com/u.whl", hashes = {{sha256 = "{A}"}}}}]
[[packages]]
name = "far"
archive = {{url = "https://files.example.com/far.zip", hashes = {{sha256 = "{A}"}}}}
"""
VCS = """
lock-version = "1.0"
[[packages]]
name = "near"
vcs = {type = "git", url = "https://git.example.com/n.git", commit-id = "COMMIT", subdirectory = "py"}
""".replace("COMMIT", "0" * 40)


def read(text: str, options: DependencyOptions = NO_OPTIONS) -> str:
    """Return the requirements of a lock."""
    return pylock.requirements(tomllib.loads(text), options, "pylock.toml")


def test_each_package_has_its_version_marker_and_hashes() -> None:
    text = read(LOCK)
    assert text.splitlines() == [
        "fastapi==0.120.0 \\",
        f"    --hash=sha256:{A} \\",
        f"    --hash=sha256:{B}",
        "uvloop==0.22.1 ; sys_platform != 'win32' \\",
        f"    --hash=sha256:{A}",
        "far @ https://files.example.com/far.zip \\",
        f"    --hash=sha256:{A}",
    ]
    assert hashed(text)


def test_repositories_come_by_their_commit() -> None:
    assert read(VCS) == f"near @ git+https://git.example.com/n.git@{'0' * 40}#subdirectory=py\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found lock-version None, expected '1.0'"),
        (LOCK.replace('"1.0"', '"2.0"'), "found lock-version '2.0'"),
        ('lock-version = "1.0"\n', "has no packages"),
        ('lock-version = "1.0"\npackages = [1]\n', "has no packages"),
        (LOCK.replace('"fastapi"', '"-e ."'), "found the package '-e .'"),
        (LOCK.replace('"0.120.0"', '"1 --index-url=x"'), "expected a name and a version"),
        (LOCK.replace("sys_platform != 'win32'", "'x' in extras"), "uvloop depends on extras or dependency groups"),
        (LOCK.replace(A, "0"), "uvloop has no hashes"),
        (VCS.replace('"git"', '"git --x"'), "near has type 'git --x', expected a text without spaces"),
        ('lock-version = "1.0"\n[[packages]]\nname = "d"\ndirectory = {path = "."}\n', "d is a directory"),
        ('lock-version = "1.0"\n[[packages]]\nname = "d"\n', "d has no version"),
    ],
)
def test_what_cannot_be_honoured_is_refused(text: str, says: str) -> None:
    with pytest.raises(DeployError, match=says):
        read(text)


def test_extras_cannot_be_chosen() -> None:
    with pytest.raises(DeployError, match="is read without extras and dependency groups"):
        read(LOCK, DependencyOptions(extras=["x"]))
