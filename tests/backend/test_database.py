"""Migrations, and what each database must be told."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from backend.db.base import Base
from backend.db.migrate import migrate, migration_config
from backend.db.session import create_engine_for
from backend.settings import Settings

pytestmark = pytest.mark.every_database


@pytest.fixture
def url(tmp_path: Path, database_url: str) -> str:
    return Settings(home=tmp_path, database_url=database_url).effective_database_url


def test_migrations_make_the_tables_of_the_models(url: str) -> None:
    migrate(url)
    migrate(url)
    engine = create_engine_for(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_downgrade_leaves_nothing(url: str) -> None:
    migrate(url)
    command.downgrade(migration_config(url), "base")
    engine = create_engine_for(url)
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    engine.dispose()


def test_sqlite_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    engine = create_engine_for(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(text("PRAGMA busy_timeout")) == 15_000
    engine.dispose()
