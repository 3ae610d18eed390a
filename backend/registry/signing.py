"""The server's signed word on a version's files: a download that was changed, or is another server's, is found out."""

import base64
import hashlib
import json
from typing import Any

from backend.contracts.model_file import DESCRIPTION, SUFFIX
from backend.db.models import ModelVersion
from backend.link.keys import PublicKey, SigningKey
from backend.registry.schemas import Signature


def description_bytes(facts: dict[str, Any]) -> bytes:
    """`model.json` of the download."""
    return json.dumps(facts, indent=2).encode()


def statement_of(version: ModelVersion, name: str) -> str:
    """The text that is signed: it follows from the row alone."""
    files = {DESCRIPTION: hashlib.sha256(description_bytes(version.facts)).hexdigest()}
    files |= {f"{part['name']}{SUFFIX}": part["sha256"] for part in version.facts["parts"]}
    content = {
        "model": name,
        "version": version.number,
        "run": version.run_id,
        "round": version.facts["round"],
        "registered_at": version.created_at.isoformat(timespec="seconds"),
        "files": files,
    }
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def sign(version: ModelVersion, name: str, key: SigningKey) -> None:
    """Fills in the signature and the public key."""
    version.signature = base64.b64encode(key.sign(statement_of(version, name).encode())).decode()
    version.public_key = key.public.text


def signature_of(version: ModelVersion, name: str) -> Signature:
    return Signature(
        statement=statement_of(version, name),
        signature=version.signature,
        public_key=version.public_key,
        fingerprint=PublicKey.from_text(version.public_key).fingerprint,
    )


def is_signed_by(found: Signature, key: PublicKey) -> bool:
    """Whether the signature is that of this key, and of this statement: a row says of itself whose its signature is."""
    return found.public_key == key.text and key.verifies(base64.b64decode(found.signature), found.statement.encode())
