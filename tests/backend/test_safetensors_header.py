"""What the backend reads of a weights file, against the library that writes them."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from backend.contracts.safetensors_header import NoSafetensors, TensorInfo, read_header

WEIGHTS = {"a": torch.zeros(2, 3), "b": torch.tensor(5), "c": torch.zeros(4, dtype=torch.bfloat16)}


def file_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


def made(header: Any, data: bytes = b"") -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + data


def tensor(shape: list[Any], begin: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_names_types_and_shapes_are_read(tmp_path: Path) -> None:
    assert read_header(file_of(tmp_path, save(WEIGHTS))) == {
        "a": TensorInfo("F32", (2, 3)),
        "b": TensorInfo("I64", ()),
        "c": TensorInfo("BF16", (4,)),
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage that is no weights at all",
        pickle.dumps({"a": 1}),
        save(WEIGHTS)[:-1],
        save(WEIGHTS) + b"x",
        (2**63).to_bytes(8, "little") + b"{}",
        made(b"{" * 100_000),
        made(b"[" * 100_000),
        made([1, 2]),
        made({"a": 1}),
        made({"a": tensor([-1], 0, -4)}),
        made({"a": tensor([2**62, 2**62], 0, 4)}, b"1234"),
        made({"a": tensor([1], 0, 4, "F31")}, b"1234"),
        made({"a": tensor([True], 0, 4)}, b"1234"),
        made({"a": tensor([1], 0, 4), "b": tensor([1], 2, 6)}, b"123456"),
        made({"a": tensor([1], 0, 4), "b": tensor([1], 8, 12)}, b"1" * 12),
        made(b'{"a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}, "a": 1}'),
        made(b'{"a": {"dtype": "F32", "shape": [' + b"9" * 5000 + b'], "data_offsets": [0, 4]}}', b"1234"),
    ],
)
def test_what_is_no_whole_weights_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NoSafetensors):
        read_header(file_of(tmp_path, content))
