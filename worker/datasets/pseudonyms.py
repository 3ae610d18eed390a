"""Patients' pseudonyms: what leaves a site instead of a patient's identifier.

A keyed hash of 64 bits. The key is a random secret of the worker, which never leaves its home: identifiers are few
enough to be tried one after the other, so a key that others know would protect nobody. The same patient has the same
pseudonym in all data sets of a site that one worker checks, and another one at another site.
"""

import hashlib
import secrets
from dataclasses import dataclass

SECRET_BYTES = 32


@dataclass(frozen=True, repr=False)
class PseudonymKey:
    """secret: `SECRET_BYTES` random bytes. site: its slug, for one worker may serve several sites."""

    secret: bytes
    site: str

    @classmethod
    def of_this_process(cls) -> "PseudonymKey":
        """For a check whose result stays here: pseudonyms that mean nothing later."""
        return cls(secrets.token_bytes(SECRET_BYTES), "")

    def pseudonym(self, patient: str) -> str:
        # A header may hold text that is no UTF-8; as bytes it is still the same patient's.
        return hashlib.blake2b(patient.encode("utf-8", "surrogatepass"), key=self._key, digest_size=8).hexdigest()

    @property
    def name(self) -> str:
        """Tells one key from another, and nothing of the secret."""
        return hashlib.blake2b(b"name of the key", key=self._key, digest_size=4).hexdigest()

    @property
    def _key(self) -> bytes:
        return hashlib.blake2b(self.site.encode(), key=self.secret, digest_size=32).digest()
