"""A database file that cannot be read is told so at the start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.db.integrity import DatabaseDamaged, require_sound
from backend.db.migrate import migrate


def test_a_sound_file_and_one_that_is_not_there_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fedsm.sqlite3'}"
    require_sound(url)
    migrate(url)
    require_sound(url)
    require_sound("postgresql+psycopg://nobody@localhost/nothing")


@pytest.mark.parametrize("damage", ["pages", "header"])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "fedsm.sqlite3"
    migrate(f"sqlite:///{file}")
    content = bytearray(file.read_bytes())
    start = 4096 if damage == "pages" else 0
    content[start : start + 40_000] = os.urandom(40_000)
    file.write_bytes(content)
    with pytest.raises(DatabaseDamaged, match=r"is damaged .*backup"):
        require_sound(f"sqlite:///{file}")
    environment = {**os.environ, "FEDSM_HOME": str(tmp_path), "FEDSM_DATABASE_URL": ""}
    started = subprocess.run([sys.executable, "-m", "backend"], env=environment, capture_output=True, timeout=120)
    assert started.returncode == 1
    assert b"does not start: the database" in started.stderr
    assert b"Traceback" not in started.stderr
