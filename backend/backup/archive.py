"""The archive: a tar file whose first member says what follows, and whose last one says that the first is whole.

    backup.json             Manifest
    database/TABLE.jsonl.gz rows, one JSON list a line
    secrets/NAME            files of the state folder
    artifacts/SHA256        one file an artifact
    backup.json.sha256      of the first member

It holds secrets, so that it is to be kept like them.
"""

import hashlib
import io
import tarfile
from datetime import datetime
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

MANIFEST, SEAL = "backup.json", "backup.json.sha256"
FORMAT = "fedsm-studio-backup"
FORMAT_VERSION = 1
CHUNK_BYTES = 2**20


class BackupProblem(Exception):
    """Its text says what is wrong, and what to do."""


class Member(BaseModel):
    """What the manifest says of one member."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str
    num_bytes: int


class TableMember(Member):
    columns: tuple[str, ...]
    num_rows: int


class Manifest(BaseModel):
    """revision: of the database's schema. absent: artifacts that the database names and the store has not whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str = FORMAT
    format_version: int = FORMAT_VERSION
    product: str
    made_at: datetime
    revision: str
    #: In an order in which they can be filled.
    tables: dict[str, TableMember]
    secrets: dict[str, Member]
    artifacts: dict[str, int]
    absent: tuple[str, ...] = ()

    def members(self) -> dict[str, Member]:
        """Every member but the first and the last, by its name, in its order."""
        tables = {table_member(name): member for name, member in self.tables.items()}
        secrets = {f"secrets/{name}": member for name, member in self.secrets.items()}
        artifacts = {
            f"artifacts/{sha256}": Member(sha256=sha256, num_bytes=num_bytes)
            for sha256, num_bytes in self.artifacts.items()
        }
        return {**tables, **secrets, **artifacts}


def seal_of(manifest: bytes) -> bytes:
    """The last member, of the first one's bytes."""
    return hashlib.sha256(manifest).hexdigest().encode()


def table_member(name: str) -> str:
    return f"database/{name}.jsonl.gz"


def add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    add_file(archive, name, io.BytesIO(content), len(content))


def add_file(archive: tarfile.TarFile, name: str, file: IO[bytes], num_bytes: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = num_bytes, 0o600
    archive.addfile(info, file)


def read_manifest(content: bytes) -> Manifest:
    """Raises BackupProblem for what is no backup, and for one that a newer FedSM Studio made."""
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError:
        raise foreign() from None
    if manifest.format != FORMAT:
        raise foreign()
    if manifest.format_version > FORMAT_VERSION:
        raise BackupProblem(
            f"the backup was made by FedSM Studio {manifest.product}, which is newer than this one: install that one"
        )
    return manifest


def foreign() -> BackupProblem:
    return BackupProblem("this is no backup of FedSM Studio: give a file that `fedsm backup` wrote")


def damaged(what: str) -> BackupProblem:
    return BackupProblem(f"the backup is damaged: {what}. Nothing was restored; take another backup")


def copy_hashed(source: IO[bytes], target: IO[bytes] | None) -> tuple[str, int]:
    """SHA-256 and number of the bytes that were copied."""
    digest, num_bytes = hashlib.sha256(), 0
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        num_bytes += len(chunk)
        if target is not None:
            target.write(chunk)
    return digest.hexdigest(), num_bytes
