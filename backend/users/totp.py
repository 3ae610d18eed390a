"""Codes of an authenticator app (TOTP, RFC 6238: six digits, SHA-1, 30 seconds, what every app knows), and recovery
codes."""

import base64
import hashlib
import secrets
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken

from backend.errors import Conflict
from backend.link.keys import SigningKey

STEP_SECONDS = 30
#: The clocks of phone and hub may differ by this many steps.
TOLERATED_STEPS = 1
NUM_RECOVERY_CODES = 10
#: Of 5 bits each: 80 bits, which nobody guesses.
_RECOVERY_LENGTH = 16
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
ISSUER = "FedSM Studio"


def new_secret() -> str:
    return pyotp.random_base32()


def address_of(secret: str, user: str) -> str:
    """What the picture for the app holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=user, issuer_name=ISSUER)


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The time step that a code belongs to, None for a wrong code."""
    present = int(at.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for step in range(present - TOLERATED_STEPS, present + TOLERATED_STEPS + 1):
        if secrets.compare_digest(totp.at(step * STEP_SECONDS).encode(), plain(code).encode()):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """In groups of four, as a person writes them down."""
    codes = ("".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_LENGTH)) for _ in range(NUM_RECOVERY_CODES))
    return ["-".join(code[start : start + 4] for start in range(0, _RECOVERY_LENGTH, 4)) for code in codes]


def hash_recovery_code(code: str) -> str:
    return hashlib.sha256(plain(code).encode()).hexdigest()


def plain(code: str) -> str:
    """Without what a person puts between the characters."""
    return code.replace(" ", "").replace("-", "").upper()


class SecretBox:
    """Encrypts secrets under a key that follows from the hub's own, so that a copy of the database lets nobody in."""

    def __init__(self, key: SigningKey) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(key.derive(b"fedsm second factor")))

    def close(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, stored: str) -> str:
        """Raises Conflict where the hub's key is another one than it was."""
        try:
            return self._fernet.decrypt(stored.encode()).decode()
        except InvalidToken:
            raise Conflict(
                "the second factor cannot be read: the file server-key is another one than it was. Restore it from the "
                "backup, or let an administrator reset the second factor"
            ) from None
