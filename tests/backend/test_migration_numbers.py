"""Migrations are one line: each number once, each after a smaller one, one end."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

import backend.db.migrations as migrations

FOLDER = Path(next(iter(migrations.__path__)))


def test_migrations_have_one_head_and_each_number_once() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    script = ScriptDirectory.from_config(config)
    numbers = [path.name.partition("_")[0] for path in sorted((FOLDER / "versions").glob("[0-9]*.py"))]
    assert len(set(numbers)) == len(numbers)
    assert len(script.get_heads()) == 1
    newest_first = [revision.revision for revision in script.walk_revisions()]
    assert newest_first == numbers[::-1]
