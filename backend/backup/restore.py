"""Puts a backup back into an empty installation. Nothing is seen of it before all of it is there and verified."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from alembic import command
from sqlalchemy import Engine

from backend.artifacts.opening import open_store
from backend.artifacts.store import ArtifactStore
from backend.backup.archive import BackupProblem, Manifest, table_member
from backend.backup.read import read_backup
from backend.backup.tables import fill_table, first_filled, knows_revision, revision_of, tables_of
from backend.db.migrate import migrate, migration_config
from backend.db.session import create_engine_for
from backend.settings import Settings


def restore_backup(settings: Settings, source: IO[bytes]) -> Manifest:
    """The database may be of the other kind than the one that was saved. An older schema is brought to the present one.

    Raises BackupProblem, having changed nothing that was there; OSError."""
    engine = create_engine_for(settings.effective_database_url)
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.artifacts_folder.mkdir(parents=True, exist_ok=True)
        _require_empty(settings, engine)
        store = open_store(settings)
        _require_empty_store(settings, store)
        with _staging(settings) as folder:
            manifest = read_backup(source, folder, lambda manifest: _require_free(settings, engine, manifest))
            _restore(settings, engine, store, manifest, folder)
    finally:
        engine.dispose()
    migrate(settings.effective_database_url)
    return manifest


@contextlib.contextmanager
def _staging(settings: Settings) -> Iterator[Path]:
    """On the artifacts' disk, so that they are moved and not copied."""
    folder = Path(tempfile.mkdtemp(prefix=".restore-", dir=settings.artifacts_folder))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _require_empty(settings: Settings, engine: Engine) -> None:
    with engine.connect() as connection:
        filled = first_filled(connection, tables_of(connection))
    if filled is not None:
        raise BackupProblem(
            f"the database holds data already (table {filled}): a backup is put back only into an empty installation. "
            "Name another state folder with --home, or another database with FEDSM_DATABASE_URL"
        )
    if any(settings.artifacts_folder.glob("??/*")):
        raise BackupProblem(
            f"{settings.artifacts_folder.resolve()} holds files already: a backup is put back only into an empty "
            "installation. Name another folder, or move these files away"
        )


def _require_empty_store(settings: Settings, store: ArtifactStore) -> None:
    """A backup holds the server key, so that the hub that it was taken from and the restored one are the same owner:
    where both ran on one place of a bucket, each would remove what only the other one needs."""
    if not store.is_empty():
        raise BackupProblem(
            f"the bucket {settings.s3_bucket} holds files behind the prefix {settings.s3_prefix or '(none)'} already: "
            "a backup is put back only into an empty installation. Name another FEDSM_S3_PREFIX, or, if no hub runs "
            "on these files any more, remove them"
        )


def _require_free(settings: Settings, engine: Engine, manifest: Manifest) -> None:
    """Before anything of the backup is unpacked."""
    taken = [name for name in manifest.secrets if (settings.home / name).exists()]
    if taken:
        raise BackupProblem(
            f"{settings.home.resolve()} has {', '.join(taken)} of its own, which the backup holds too: put the backup "
            "into an empty state folder, or move these files away"
        )
    url = engine.url.render_as_string(hide_password=False)
    if not knows_revision(url, manifest.revision):
        raise BackupProblem(
            f"the backup was made by FedSM Studio {manifest.product}, whose database (revision {manifest.revision}) is "
            "newer than this version knows: install that version"
        )


def _restore(settings: Settings, engine: Engine, store: ArtifactStore, manifest: Manifest, folder: Path) -> None:
    """The rows last: what failed half-way is no installation with half of its data."""
    url = engine.url.render_as_string(hide_password=False)
    command.upgrade(migration_config(url), manifest.revision)
    with engine.connect().execution_options(fedsm_write=True) as connection, connection.begin():
        if (found := revision_of(connection)) != manifest.revision:
            raise BackupProblem(
                f"the database is at revision {found}, and the backup at {manifest.revision}: give an empty database"
            )
        tables = tables_of(connection)
        if (filled := first_filled(connection, tables)) is not None:
            raise BackupProblem(f"somebody writes into the database meanwhile (table {filled}): stop the platform")
        if {table.name for table in tables} != set(manifest.tables):
            raise BackupProblem("the backup has other tables than its revision of the database: take another backup")
        for table in tables:
            fill_table(connection, table, manifest.tables[table.name], folder / table_member(table.name))
        for sha256 in manifest.artifacts:
            target = settings.artifacts_folder / sha256[:2] / sha256
            target.parent.mkdir(exist_ok=True)
            os.replace(folder / "artifacts" / sha256, target)
            store.adopt(sha256)
        for name in manifest.secrets:
            target = settings.home / name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.move(folder / "secrets" / name, target)
