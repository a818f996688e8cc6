"""Passwords of basic authentication, compared with OpenSSL."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import passwords

HASH = "$5$salt$" + "a" * 43


@pytest.mark.parametrize(
    "password", ["a", "open sesame", "x" * 63, "x" * 64, "y" * 65, "z" * 128, "pässwörd €", "a:b$c/'\"\\"]
)
@pytest.mark.parametrize("salt", ["abcdefghijklmnop", "./09AZaz", "s"])
def test_hash_is_that_of_openssl(password: str, salt: str) -> None:
    argv = ["openssl", "passwd", "-6", "-salt", salt, "-stdin"]
    made = subprocess.run(argv, input=password, capture_output=True, text=True, check=True).stdout.strip()
    assert passwords.sha512_crypt(password, salt) == made


def test_hash_stays_as_it_is() -> None:
    assert passwords.hashed(HASH, "a") == HASH


def test_hash_is_the_same_in_each_run_and_differs_between_users() -> None:
    made = [passwords.hashed("open sesame", *whose) for whose in (("a", "b"), ("a", "b"), ("a", "c"), ("ab", ""))]
    assert made[0] == made[1]
    assert len(set(made)) == 3
    assert all(passwords.password_error(hashed) is None and hashed.startswith("$6$") for hashed in made)


def test_the_salt_reveals_nothing_of_the_password() -> None:
    first, other = (passwords.hashed(password, "a").rsplit("$", 1) for password in ("open sesame", "close sesame"))
    assert first[0] == other[0] and first[1] != other[1]
