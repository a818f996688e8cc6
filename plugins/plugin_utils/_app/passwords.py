"""Passwords for nginx's basic authentication: hashed here, so that no host ever has one in plain text."""

from __future__ import annotations

import functools
import hashlib
import re

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ROUNDS = 5000  # of SHA-512 crypt where a hash names none; nginx does as many for each request with a password
SALT_LENGTH = 16  # characters of ALPHABET; the scheme takes no more
LEAST, MOST = 8, 128  # characters of a password

# The bytes of a digest in the order in which the scheme writes them, three for four characters; the last is by itself.
_ORDER = [(n, n + 21, n + 42) for n in range(21)]
_TURNS = [(*three[n % 3 :], *three[: n % 3]) for n, three in enumerate(_ORDER)]
_HASH = re.compile(r"\$(2[aby]|5|6|y|apr1)\$[A-Za-z0-9./$=,]{16,200}")
_LIKE_A_HASH = re.compile(r"\$[0-9a-z-]{1,8}\$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def password_error(value: Json) -> str | None:
    """Return what is wrong with a password or its hash; never what it is."""
    if not isinstance(value, str):
        return "expects a password or its hash as text; put it in quotes"
    if _HASH.fullmatch(value):
        return None
    if _LIKE_A_HASH.match(value):
        return "has a hash that is not whole, or of a kind that nginx does not know; one is made by: openssl passwd -6"
    if not LEAST <= len(value) <= MOST or _CONTROL.search(value):
        return f"expects a password of {LEAST} to {MOST} characters, without control characters, or its hash"
    return None


def hashed(value: str, *owner: str) -> str:
    """Return the hash of a password; one that is a hash already stays as it is.

    Its salt is derived from `owner`, so that it differs between users, applications and sites and is the same in every
    run. Nothing of the password is in it, or a guess could be tried without the work of all rounds.
    """
    if _HASH.fullmatch(value):
        return value
    digest = hashlib.sha256("\n".join(("asgi.deploy", *owner)).encode()).digest()
    salt = "".join(ALPHABET[byte & 63] for byte in digest[:SALT_LENGTH])
    return sha512_crypt(value, salt)


@functools.lru_cache(maxsize=256)
def sha512_crypt(password: str, salt: str) -> str:
    """Return the hash of SHA-512 crypt (``$6$``), as Ulrich Drepper's specification of 2007 defines it.

    Written out because Python 3.13 has no ``crypt`` any more, and a controller need not have ``passlib``.
    """
    key, grain = password.encode(), salt.encode()
    first = hashlib.sha512(key + grain + key).digest()
    start = hashlib.sha512(key + grain + _repeated(first, len(key)))
    length = len(key)
    while length:
        start.update(first if length & 1 else key)
        length >>= 1
    digest = start.digest()
    keys = _repeated(hashlib.sha512(key * len(key)).digest(), len(key))
    grains = _repeated(hashlib.sha512(grain * (16 + digest[0])).digest(), len(grain))
    for number in range(ROUNDS):
        odd = number & 1
        digest = hashlib.sha512(
            (keys if odd else digest)
            + (grains if number % 3 else b"")
            + (keys if number % 7 else b"")
            + (digest if odd else keys)
        ).digest()
    text = "".join(_characters(digest[a] << 16 | digest[b] << 8 | digest[c], 4) for a, b, c in _TURNS)
    return f"$6${salt}${text}{_characters(digest[63], 2)}"


def _repeated(digest: bytes, length: int) -> bytes:
    """Return a digest, repeated to a length."""
    return (digest * (length // len(digest) + 1))[:length]


def _characters(bits: int, count: int) -> str:
    """Return bits as characters of ALPHABET, the lowest first."""
    return "".join(ALPHABET[bits >> shift & 63] for shift in range(0, 6 * count, 6))
