"""Ed25519 keys of hub and sites: made where they are used, kept in a file of mode 600, compared by fingerprint."""

import base64
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from mnemonic import Mnemonic

PUBLIC_KEY_BYTES = 32
NUM_WORDS = 6
_BITS_OF_WORD = 11


class KeyProblem(ValueError):
    """Its text says what is wrong with a key, and what to do."""


class PublicKey:
    """The half that travels."""

    def __init__(self, raw: bytes) -> None:
        """raw: 32 bytes. Raises KeyProblem."""
        try:
            self._key = Ed25519PublicKey.from_public_bytes(raw)
        except ValueError:
            raise KeyProblem(
                f"a public key has {PUBLIC_KEY_BYTES} bytes and this one {len(raw)}: send it whole"
            ) from None
        self.raw = raw

    @classmethod
    def from_text(cls, text: str) -> "PublicKey":
        """From base64. Raises KeyProblem."""
        try:
            return cls(base64.b64decode(text, validate=True))
        except ValueError as error:
            if isinstance(error, KeyProblem):
                raise
            raise KeyProblem("a public key is base64 of 32 bytes and this text is none: send it whole") from None

    @property
    def text(self) -> str:
        """Base64."""
        return base64.b64encode(self.raw).decode()

    @classmethod
    def from_pem(cls, pem: bytes) -> "PublicKey":
        """Raises KeyProblem."""
        try:
            key = load_pem_public_key(pem)
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise KeyProblem("this is no public Ed25519 key in PEM: send it whole")
        return cls(key.public_bytes_raw())

    @property
    def pem(self) -> str:
        """As OpenSSL reads it."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of its bytes, in hexadecimal digits: what a signature names the key by."""
        return hashlib.sha256(self.raw).hexdigest()

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the private half made the signature of this message."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """Both halves."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> "SigningKey":
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """seed: the 32 bytes of the private key."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """Raises FileNotFoundError, KeyProblem where the file holds no key of ours, and where others may read it."""
        if path.stat().st_mode & 0o077:
            raise KeyProblem(f"{path} can be read by others: make a new key, or, if nobody did read it, chmod 600 it")
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError):
            raise KeyProblem(f"{path} holds no private key: restore it from a backup") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyProblem(f"{path} holds a key of another kind than Ed25519: restore it from a backup")
        return cls(key)

    @classmethod
    def load_or_make(cls, path: Path) -> "SigningKey":
        """The file's key, made at the first call. Of several processes that make it, one wins."""
        if not path.exists():
            cls.generate().save(path)
        return cls.load(path)

    def save(self, path: Path) -> None:
        """Writes a file of mode 600. One that is there already stays as it is."""
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        temporary = path.with_name(f".{path.name}-{os.getpid()}")
        descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, path)
            except FileExistsError:
                return
        finally:
            temporary.unlink()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)

    def derive(self, purpose: bytes) -> bytes:
        """32 bytes that follow from this key and lead to no other purpose's, nor back to it (HKDF, RFC 5869)."""
        return HKDF(SHA256(), 32, salt=None, info=purpose).derive(self._key.private_bytes_raw())


def phrase(server: PublicKey, site: PublicKey) -> str:
    """Six words that both sides derive from both keys. Where somebody stands between the two, the words differ."""
    words = Mnemonic("english").wordlist
    number = int.from_bytes(hashlib.sha256(b"fedsm phrase" + server.raw + site.raw).digest())
    return " ".join(words[(number >> (_BITS_OF_WORD * at)) % 2**_BITS_OF_WORD] for at in range(NUM_WORDS))


def proof_message(old: PublicKey, new: PublicKey) -> bytes:
    """What a new key signs that is to follow an old one, so that nobody registers a key that they do not hold."""
    return b"fedsm new key" + old.raw + new.raw
