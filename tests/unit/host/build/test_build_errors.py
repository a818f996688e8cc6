"""What is said of a build that failed."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_errors import describe, missing_packages

# As uv 0.13 prints it.
LDAP = """error: Failed to build `python-ldap==3.4.8`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)

         [stderr]
{filler}
         In file included from Modules/LDAPObject.c:3:
         Modules/common.h:15:10: fatal error: lber.h: No such file or directory
            15 | #include <lber.h>
               |          ^~~~~~~~
         compilation terminated.
{more}
         error: command '/usr/bin/x86_64-linux-gnu-gcc' failed with exit code 1

hint: This error likely indicates that you need to install a library that provides `lber.h` for `python-ldap@3.4.8`
"""
MYSQL = """error: Failed to build `mysqlclient==2.3.2`
         Exception: Can not find valid pkg-config name.
         Specify MYSQLCLIENT_CFLAGS and MYSQLCLIENT_LDFLAGS env vars manually
"""


def test_distribution_and_first_error_come_before_the_end() -> None:
    printed = LDAP.format(filler="         warning: x\n" * 60, more="         note: y\n" * 30)
    lines = describe(printed).splitlines()
    assert lines[:3] == [
        "error: Failed to build `python-ldap==3.4.8`",
        "Modules/common.h:15:10: fatal error: lber.h: No such file or directory",
        "…",
    ]
    assert lines[-2].startswith("hint: This error likely indicates")
    assert lines[-1] == "Debian has what is missing; write apt: {build: [libldap-dev]} in the application's entry"
    assert len(lines) == 3 + 20 + 1


def test_what_the_end_shows_is_not_repeated() -> None:
    assert describe(MYSQL).splitlines() == [
        *MYSQL.strip().splitlines(),
        "Debian has what is missing; write apt: {build: [default-libmysqlclient-dev, pkgconf]} in the application's "
        "entry",
    ]
    assert describe("no space left on device\n") == "no space left on device"
    assert len(describe("x" * 100_000)) <= 300


@pytest.mark.parametrize(
    ("printed", "packages"),
    [
        ("error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", ["gcc", "python3-dev"]),
        ("unable to execute 'x86_64-linux-gnu-gcc': No such file or directory", ["gcc", "python3-dev"]),
        ("error: command 'aarch64-linux-gnu-g++' failed: No such file or directory", ["g++", "python3-dev"]),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'cmake'\nCould not find CMake", ["cmake"]),
        ("ERROR: Unknown compiler(s): [['cc'], ['gcc']]", ["gcc", "python3-dev"]),
        ("error: linker `cc` not found", ["gcc", "python3-dev"]),
        ("src/x.c:1:10: fatal error: Python.h: No such file or directory", ["python3-dev"]),
        ("Error: pg_config executable not found.", ["libpq-dev"]),
        ("/bin/sh: 1: mysql_config: not found", ["default-libmysqlclient-dev"]),
        (
            "Error: Please make sure the libxml2 and libxslt development packages are installed.",
            ["libxml2-dev", "libxslt1-dev"],
        ),
        ("Could not find function xmlCheckVersion in library libxml2. Is libxml2 installed?", []),
        ("error: can't find Rust compiler", ["cargo"]),
        ("The headers or library files could not be found for jpeg,", ["libjpeg-dev", "zlib1g-dev"]),
        ("error: command '/usr/bin/gcc' failed with exit code 1", []),
        ("Failed to fetch: `https://pypi.example.com/simple/gcc/`", []),
        ("", []),
    ],
)
def test_packages_of_debian(printed: str, packages: list[str]) -> None:
    assert missing_packages(printed) == packages


@pytest.mark.parametrize(
    "printed",
    ["git@git.example.com: Permission denied (publickey).", "Host key verification failed.\nfatal: Could not read"],
)
def test_a_repository_that_asks_for_a_key_is_explained(printed: str) -> None:
    assert describe(printed).splitlines()[-1] == (
        "the repository of a dependency asks for a key; write dependency_keys, with its URL and key, and known_hosts "
        "in the application's entry"
    )


@pytest.mark.parametrize(
    "printed",
    ["  cause: Git executable not found. Ensure that Git is installed", "ERROR: Cannot find command 'git' - do you"],
)
def test_a_host_without_git_is_explained(printed: str) -> None:
    assert missing_packages(printed) == ["git"]
