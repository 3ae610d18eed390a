"""A ZIP of models lies on the disk for as long as it is sent."""

import asyncio
import errno
import tempfile
from pathlib import Path

import pytest
from fastapi.responses import FileResponse

from backend.trained_models.zip_answer import zip_answer


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_cannot_be_written_leaves_nothing(temporary: Path) -> None:
    def write(target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        zip_answer("model.zip", write)
    assert list(temporary.iterdir()) == []


def test_what_was_sent_goes(temporary: Path) -> None:
    def write(target: Path) -> None:
        target.write_bytes(b"whole")

    answer = zip_answer("model.zip", write)
    assert isinstance(answer, FileResponse)
    assert [path.read_bytes() for path in temporary.iterdir()] == [b"whole"]
    assert answer.background is not None
    asyncio.run(answer.background())
    assert list(temporary.iterdir()) == []
