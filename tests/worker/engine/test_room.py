"""Models of an aggregation that are made in files have the bits of those in memory, and leave nothing on the disk."""

import errno
import logging
import os
from pathlib import Path

import pytest
import torch

from worker.engine import room
from worker.engine.aggregation import soft_pull
from worker.engine.state import Tensors

MAPPED = Path("/proc/self/maps")


@pytest.fixture
def models() -> list[Tensors]:
    draws = torch.Generator().manual_seed(0)
    return [
        {
            "count": torch.tensor(number),
            "odd": torch.randn(3, 5, generator=draws, dtype=torch.float64),
            "w": torch.randn(70_001, generator=draws),
            "empty": torch.empty(0),
        }
        for number in range(3)
    ]


def assert_equal(left: list[Tensors], right: list[Tensors]) -> None:
    for one, other in zip(left, right, strict=True):
        assert one.keys() == other.keys()
        for key in one:
            assert one[key].dtype == other[key].dtype
            assert torch.equal(one[key], other[key])


def test_models_beyond_the_memory_are_made_in_files_without_names(
    models: list[Tensors], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum(tensor.nbytes for tensor in models[0].values())
    monkeypatch.setattr(room, "MEMORY_BYTES", size)
    with room.large_models_in(tmp_path / "made"):
        pulled = soft_pull(models, 0.7)
    assert MAPPED.read_text().count(str(tmp_path)) == 2, "the first is in memory"
    assert not list((tmp_path / "made").iterdir())
    assert_equal(pulled, soft_pull(models, 0.7))
    del pulled
    assert str(tmp_path) not in MAPPED.read_text()


def test_on_a_full_disk_models_are_made_in_memory(
    models: list[Tensors], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_file: int, _start: int, _size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(room, "MEMORY_BYTES", 0)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with caplog.at_level(logging.WARNING), room.large_models_in(tmp_path):
        assert_equal(soft_pull(models, 0.7), soft_pull(models, 0.7))
    assert "the disk has no room" in caplog.text
    assert not list(tmp_path.iterdir())
