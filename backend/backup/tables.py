"""Rows of a database as lines of JSON, and back: the same for SQLite and PostgreSQL, of any revision of the schema."""

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Connection, DateTime, MetaData, Table, func, insert, select, text

from backend.backup.archive import BackupProblem, TableMember, copy_hashed
from backend.db.base import UtcDateTime
from backend.db.migrate import migration_config

#: Alembic's own: the migrations write it.
NOT_OURS = frozenset({"alembic_version"})
BATCH = 500


def tables_of(connection: Connection) -> list[Table]:
    """As the database itself has them, in an order in which they can be filled; times come and go with their zone."""
    metadata = MetaData()
    metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name not in NOT_OURS]
    for column in (column for table in tables for column in table.columns):
        if isinstance(column.type, DateTime):
            column.type = UtcDateTime()
        elif isinstance(column.type, JSON):
            column.type = JSON(none_as_null=True)
    return tables


def revision_of(connection: Connection) -> str | None:
    """None: no migration was ever run on it."""
    return MigrationContext.configure(connection).get_current_revision()


def knows_revision(url: str, revision: str) -> bool:
    """Whether this version of FedSM Studio has that migration."""
    script = ScriptDirectory.from_config(migration_config(url))
    return revision in {found.revision for found in script.walk_revisions()}


def save_table(connection: Connection, table: Table, path: Path) -> TableMember:
    """Writes its rows into a file."""
    num_rows = 0
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        for row in connection.execute(select(table)).yield_per(BATCH):
            file.write(json.dumps([_plain(value) for value in row], separators=(",", ":")).encode() + b"\n")
            num_rows += 1
    with open(path, "rb") as saved:
        sha256, num_bytes = copy_hashed(saved, None)
    columns = tuple(column.name for column in table.columns)
    return TableMember(sha256=sha256, num_bytes=num_bytes, columns=columns, num_rows=num_rows)


def fill_table(connection: Connection, table: Table, member: TableMember, path: Path) -> None:
    """Raises BackupProblem where the file has not what the manifest says."""
    if (unknown := set(member.columns) - set(table.columns.keys())) or not set(table.columns.keys()) <= set(
        member.columns
    ):
        raise BackupProblem(f"the backup's table {table.name} has other columns ({', '.join(sorted(unknown))})")
    num_rows = 0
    for rows in _batches(path):
        connection.execute(insert(table), [_values(table, member.columns, row) for row in rows])
        num_rows += len(rows)
    if num_rows != member.num_rows or connection.scalar(select(func.count()).select_from(table)) != num_rows:
        raise BackupProblem(f"the backup's table {table.name} has {num_rows} rows, and should have {member.num_rows}")
    _count_on(connection, table)


def first_filled(connection: Connection, tables: Sequence[Table]) -> str | None:
    """The name of a table that has rows."""
    return next((table.name for table in tables if connection.execute(select(table).limit(1)).first()), None)


def _batches(path: Path) -> Iterator[list[list[Any]]]:
    batch: list[list[Any]] = []
    with gzip.open(path, "rb") as file:
        for line in file:
            batch.append(json.loads(line))
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _values(table: Table, columns: Sequence[str], row: list[Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if value and isinstance(table.columns[name].type, UtcDateTime) else value
        for name, value in zip(columns, row, strict=True)
    }


def _count_on(connection: Connection, table: Table) -> None:
    """PostgreSQL numbers new rows by a counter of its own, which rows that bring their number do not move."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        name = f'"{table.name}"'
        counter = connection.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": name, "column": column.name}
        )
        if counter is not None:
            highest = connection.scalar(select(func.max(column)))
            if highest is not None:
                connection.execute(text("SELECT setval(:counter, :highest)"), {"counter": counter, "highest": highest})
