"""Brings a database to the present schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def migration_config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Runs every migration that the database has not seen. Safe to repeat."""
    command.upgrade(migration_config(url), "head")
