"""Passwords: argon2id, with the costs that its library recommends (RFC 9106, second choice)."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """Takes some 50 ms and 64 MiB, by design."""
    return _hasher.hash(password)


def is_password(password: str, stored: str | None) -> bool:
    """stored: None where there is no such user, which takes as long."""
    try:
        return _hasher.verify(stored if stored is not None else _of_nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _of_nobody() -> str:
    return hash_password("no user has this password")
