"""Writes a backup, while the platform may run: first the database as it is at one moment, then the artifacts that it
names. An artifact is written before the row that names it, so that none is missing."""

import contextlib
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, select

from backend.artifacts.opening import open_store
from backend.artifacts.store import ArtifactStore
from backend.backup.archive import (
    MANIFEST,
    SEAL,
    BackupProblem,
    Manifest,
    Member,
    TableMember,
    add_bytes,
    add_file,
    copy_hashed,
    seal_of,
    table_member,
)
from backend.backup.tables import revision_of, save_table, tables_of
from backend.clock import now
from backend.db.session import create_engine_for
from backend.errors import ArtifactDamaged, NotFound
from backend.settings import Settings
from backend.version import code_version

ARTIFACTS = "artifact"
#: Of the state folder, where they are there: hospitals know the hub by the first, and patients' pseudonyms are made
#: with the last, which a worker on the same machine keeps there.
SECRETS = ("server-key", "admin-token", "worker-token", "worker/pseudonym-secret")


def write_backup(settings: Settings, target: IO[bytes]) -> Manifest:
    """Raises BackupProblem where there is nothing to save, OSError."""
    store = open_store(settings)
    with tempfile.TemporaryDirectory(prefix="fedsm-backup-") as name:
        folder = Path(name)
        with _snapshot(settings) as connection:
            revision = revision_of(connection)
            if revision is None:
                raise BackupProblem(
                    f"there is nothing to save: no platform has run on {settings.home.resolve()} yet. Name its state "
                    "folder with --home, or its database with FEDSM_DATABASE_URL"
                )
            found = tables_of(connection)
            tables = {table.name: save_table(connection, table, folder / table.name) for table in found}
            named = _named_artifacts(connection)
        absent = {sha256 for sha256 in named if store.problem(sha256, again=True) is not None}
        with _snapshot(settings) as connection:  # what was deleted meanwhile is not missing
            still = _named_artifacts(connection)
        manifest = Manifest(
            product=code_version(),
            made_at=now(),
            revision=revision,
            tables=tables,
            secrets={name: _member(settings.home / name) for name in SECRETS if (settings.home / name).is_file()},
            artifacts={sha256: num_bytes for sha256, num_bytes in sorted(named.items()) if sha256 not in absent},
            absent=tuple(sorted(absent & still.keys())),
        )
        _write(settings, store, manifest, tables, folder, target)
    return manifest


@contextlib.contextmanager
def _snapshot(settings: Settings) -> Iterator[Connection]:
    """The database as it is at one moment."""
    engine = create_engine_for(settings.effective_database_url)
    try:
        level = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
        with engine.connect().execution_options(**level) as connection:
            yield connection
    finally:
        engine.dispose()


def _named_artifacts(connection: Connection) -> dict[str, int]:
    """The addresses that the database names, with the bytes of each."""
    tables = {table.name: table for table in tables_of(connection)}
    if ARTIFACTS not in tables:
        return {}
    columns = tables[ARTIFACTS].columns
    rows = connection.execute(select(columns["sha256"], columns["num_bytes"]))
    return {sha256: num_bytes for sha256, num_bytes in rows}  # noqa: C416 -- a result is no sequence of pairs to `dict`


def _member(path: Path) -> Member:
    with open(path, "rb") as file:
        sha256, num_bytes = copy_hashed(file, None)
    return Member(sha256=sha256, num_bytes=num_bytes)


def _write(
    settings: Settings,
    store: ArtifactStore,
    manifest: Manifest,
    tables: dict[str, TableMember],
    folder: Path,
    target: IO[bytes],
) -> None:
    content = manifest.model_dump_json(indent=1).encode()
    with tarfile.open(fileobj=target, mode="w|") as archive:
        add_bytes(archive, MANIFEST, content)
        for name in tables:
            _add(archive, table_member(name), folder / name)
        for name in manifest.secrets:
            _add(archive, f"secrets/{name}", settings.home / name)
        for sha256 in manifest.artifacts:
            try:
                with store.reading(sha256) as path:
                    _add(archive, f"artifacts/{sha256}", path)
            except (NotFound, ArtifactDamaged, FileNotFoundError):
                raise BackupProblem(
                    f"the artifact {sha256} was removed or damaged while the backup was written: start it again"
                ) from None
        add_bytes(archive, SEAL, seal_of(content))


def _add(archive: tarfile.TarFile, name: str, path: Path) -> None:
    with open(path, "rb") as file:
        add_file(archive, name, file, os.fstat(file.fileno()).st_size)
