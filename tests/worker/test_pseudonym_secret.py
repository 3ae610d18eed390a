"""The secret of patients' pseudonyms: made once, whole, for all processes of a worker, readable by its user alone."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from worker.stores.pseudonym_secret import FILE_NAME, pseudonym_secret

PRINT = """
import pathlib, sys
from worker.stores.pseudonym_secret import pseudonym_secret
print(pseudonym_secret(pathlib.Path(sys.argv[1])).hex())
"""


def test_it_is_made_once_with_mode_600(tmp_path: Path) -> None:
    home = tmp_path / "new" / "worker"
    secret = pseudonym_secret(home)
    assert len(secret) == 32
    assert pseudonym_secret(home) == secret
    assert stat.S_IMODE((home / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == [FILE_NAME]
    assert pseudonym_secret(tmp_path / "other") != secret


def test_a_mode_that_others_can_read_is_taken_back(tmp_path: Path) -> None:
    pseudonym_secret(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o644)
    pseudonym_secret(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_processes_that_start_together_get_one_secret(tmp_path: Path) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", PRINT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    assert len({process.communicate(timeout=60)[0] for process in started}) == 1
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_damaged_secret_is_told_and_never_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"short")
    with pytest.raises(ValueError, match="put it back from a backup"):
        pseudonym_secret(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == b"short"
