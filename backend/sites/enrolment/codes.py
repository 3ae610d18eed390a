"""One-time codes of invitations: 192 random bits, of which only the hash is kept."""

import hashlib
import secrets
from datetime import timedelta

LIFE = timedelta(hours=24)


def new_code() -> str:
    return secrets.token_urlsafe(24)


def hash_of(secret: str) -> str:
    """Enough for what is random: nobody guesses 192 bits from a hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
