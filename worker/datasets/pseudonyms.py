"""Patients' pseudonyms, which leave a site instead of a patient's identifier.

A pseudonym is a keyed hash of 64 bits. The key is a random secret of the worker, which never leaves its home:
identifiers are few enough to be tried one after the other, so a key that others know would protect nobody. A patient
has the same pseudonym in all data sets of a site that one worker checks, and another one at another site.
"""

import hashlib
import secrets
from dataclasses import dataclass

SECRET_BYTES = 32


@dataclass(frozen=True, repr=False)
class PseudonymKey:
    """secret: `SECRET_BYTES` random bytes. site: its slug, because one worker may serve several sites."""

    secret: bytes
    site: str

    @classmethod
    def of_this_process(cls) -> "PseudonymKey":
        """A key for a check whose result stays here; its pseudonyms mean nothing later."""
        return cls(secrets.token_bytes(SECRET_BYTES), "")

    def pseudonym(self, patient: str) -> str:
        """The pseudonym of a patient's identifier, as 16 hexadecimal digits."""
        # A header may hold text that is no UTF-8; as bytes it still identifies the same patient.
        return hashlib.blake2b(patient.encode("utf-8", "surrogatepass"), key=self._key, digest_size=8).hexdigest()

    @property
    def name(self) -> str:
        """A name that distinguishes this key from others and says nothing of the secret."""
        return hashlib.blake2b(b"name of the key", key=self._key, digest_size=4).hexdigest()

    @property
    def _key(self) -> bytes:
        return hashlib.blake2b(self.site.encode(), key=self.secret, digest_size=32).digest()
