"""Migrations are one line: each number once, and the newest, the largest number, is the only end."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

import backend.db.migrations as migrations

FOLDER = Path(next(iter(migrations.__path__)))


def test_migrations_have_one_head_and_each_number_once() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    script = ScriptDirectory.from_config(config)
    numbers = sorted(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))
    assert len(set(numbers)) == len(numbers)
    assert sorted(revision.revision for revision in script.walk_revisions()) == numbers
    assert script.get_heads() == [numbers[-1]]
