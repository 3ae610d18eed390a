"""Bytes of tensors are those of the safetensors library, also where it made the layout's first file alone."""

import pytest
import torch
from safetensors.torch import save

from worker.engine import checkpoint
from worker.engine.checkpoint import from_bytes, to_bytes
from worker.engine.state import Tensors


def tensors_of(number: int) -> Tensors:
    draws = torch.Generator().manual_seed(number)
    return {
        "z": torch.randn(3, 5, generator=draws).T,
        "count": torch.tensor(number),
        "half": torch.randn(7, generator=draws).to(torch.bfloat16),
        'name with "quotes" and é': torch.randn(2, 2, generator=draws, dtype=torch.float64),
        "empty": torch.empty(0, 3),
        "flags": torch.tensor([True, False, number % 2 == 0]),
        "parameter": torch.nn.Parameter(torch.randn(4, generator=draws)),
        "small": torch.tensor([number], dtype=torch.int8),
    }


def by_the_library(tensors: Tensors) -> bytes:
    return save({key: tensors[key].detach().contiguous() for key in sorted(tensors)})


def test_each_file_of_a_layout_has_the_librarys_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Tensors] = []

    def counted(tensors: Tensors) -> bytes:
        made.append(tensors)
        return save(tensors)

    monkeypatch.setattr(checkpoint, "save", counted)
    monkeypatch.setattr(checkpoint, "_layouts", {})
    for number in range(4):
        tensors = tensors_of(number)
        assert to_bytes(tensors) == by_the_library(tensors)
        assert to_bytes(dict(reversed(tensors.items()))) == by_the_library(tensors)
        assert {key: tensor.tolist() for key, tensor in from_bytes(to_bytes(tensors)).items()} == {
            key: tensor.tolist() for key, tensor in tensors.items()
        }
    assert len(made) == 1


def test_another_type_or_shape_is_another_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "_layouts", {})
    monkeypatch.setattr(checkpoint, "MAX_LAYOUTS", 2)
    for tensor in (torch.zeros(6), torch.zeros(2, 3), torch.zeros(6, dtype=torch.float64), torch.zeros(6)):
        assert to_bytes({"w": tensor}) == by_the_library({"w": tensor})
        assert len(checkpoint._layouts) <= 2
    assert to_bytes({}) == to_bytes({}) == save({})
