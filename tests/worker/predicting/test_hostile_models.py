"""A file that is no model, or a harmful one, is refused before anything of it is used."""

import json
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from backend.contracts.model_file import BadModelFile
from tests.worker.predicting.trained import TrainedSet, write_model
from worker.engine.checkpoint import to_bytes
from worker.predicting.model import open_model


class Harm:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("/tmp/harm-done"),))  # type: ignore[return-value]


def lying(dtype: str, shape: list[int], end: int, body: bytes) -> bytes:
    header = json.dumps({"w": {"dtype": dtype, "shape": shape, "data_offsets": [0, end]}}).encode()
    return len(header).to_bytes(8, "little") + header + body


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps(Harm()), "no safetensors"),
        (b"", "no safetensors"),
        (lying("F32", [1 << 40], 4, b"\0" * 4), "describes the tensor w wrongly"),
        (lying("F32", [2], 8, b"\0" * 4), "cut off or too long"),
        ((1 << 60).to_bytes(8, "little"), "do not begin with the length of a header"),
    ],
    ids=["pickle", "empty", "shape", "cut", "length"],
)
def test_a_part_that_is_no_safetensors(pictures: TrainedSet, tmp_path: Path, content: bytes, words: str) -> None:
    write_model(tmp_path / "model.zip", pictures.run, {"global": content})
    with pytest.raises(BadModelFile, match=words):
        open_model(tmp_path / "model.zip")
    assert not Path("/tmp/harm-done").exists()


def test_a_zip_that_unpacks_to_far_more_than_it_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", "{}")
        archive.writestr("global.safetensors", b"\0" * (80 * 2**20))
    with pytest.raises(BadModelFile, match="would unpack to 80 MiB from"):
        open_model(tmp_path / "model.zip")


@pytest.mark.parametrize("name", ["../global", "/etc/global", "personalized/../x"])
def test_a_part_of_a_strange_name(pictures: TrainedSet, tmp_path: Path, name: str) -> None:
    write_model(tmp_path / "model.zip", pictures.run, {name: to_bytes({"w": torch.zeros(1)})})
    with pytest.raises(BadModelFile, match="is no part of a model"):
        open_model(tmp_path / "model.zip")


def test_weights_of_another_network_name_part_and_tensor(pictures: TrainedSet, tmp_path: Path) -> None:
    parts = {"global": to_bytes({"w": torch.zeros(1)}), "selector": to_bytes({"w": torch.zeros(1)})}
    write_model(tmp_path / "model.zip", pictures.run, parts)
    with pytest.raises(BadModelFile, match=r"global.safetensors does not fit the network(.|\n)*Missing key"):
        open_model(tmp_path / "model.zip")


def test_a_set_that_chooses_by_a_selector_it_does_not_have(pictures: TrainedSet, tmp_path: Path) -> None:
    write_model(tmp_path / "model.zip", pictures.run, {"global": to_bytes(pictures.state["global"])})
    with pytest.raises(BadModelFile, match=r"selector.safetensors is not in the ZIP"):
        open_model(tmp_path / "model.zip")
