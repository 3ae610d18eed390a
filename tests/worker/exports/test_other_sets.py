"""Forms of sets without a selector: each of their models gives the platform's masks by itself."""

import zipfile
from pathlib import Path

import pytest
import torch

from backend.contracts.data_config import DataConfig
from backend.contracts.methods.personalized import FedRDNConfig
from backend.contracts.methods.references import LocalOnlyConfig
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.strategy_configs import StrategyConfig
from tests.integration.tiny_data import TASK, tiny_config, write_sites
from tests.worker.exports.conftest import Spoil
from tests.worker.predicting.conftest import FEDSM, VOLUME_TASK, write_volume_sites
from tests.worker.predicting.trained import TrainedSet, train_set
from worker.exports.graphs import CannotExport
from worker.exports.make import make_export
from worker.exports.verify import Verified
from worker.predicting.model import open_model
from worker.predicting.own_image import read_own_file
from worker.predicting.predict import predict_image


def trained(strategy: StrategyConfig, folder: Path) -> TrainedSet:
    torch.set_num_threads(1)
    config = tiny_config(strategy, schedule=ScheduleConfig(rounds=3, batch_size=2, learning_rate=0.01))
    return train_set(config, strategy, TASK, write_sites(folder), folder)


@pytest.fixture(scope="module")
def normalizing(tmp_path_factory: pytest.TempPathFactory) -> TrainedSet:
    """FedRDN: its sites' models differ in nothing but the numbers by which they normalize their input."""
    return trained(FedRDNConfig(), tmp_path_factory.mktemp("fedrdn"))


@pytest.fixture(scope="module")
def as_onnx(normalizing: TrainedSet, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Verified]:
    """The unpacked form, and what its trial on one image said."""
    folder = tmp_path_factory.mktemp("onnx")
    images = list(normalizing.tested)[:1]
    said = make_export(open_model(normalizing.archive), "onnx", images, folder / "out.zip", lambda step: None)
    with zipfile.ZipFile(folder / "out.zip") as opened:
        opened.extractall(folder / "model")
    return folder / "model", said


def test_each_sites_model_keeps_its_own_numbers(normalizing: TrainedSet, as_onnx: tuple[Path, Verified]) -> None:
    predictor, image = open_model(normalizing.archive), next(iter(normalizing.tested))
    masks = predict_image(predictor, read_own_file(image, TASK)).masks
    assert any((masks[name] != masks["global"]).any() for name in masks), "else this test could not fail"
    _, said = as_onnx
    assert (said.num_images, said.num_different) == (1, 0)


def test_a_set_without_a_global_model_is_a_bundle(tmp_path: Path) -> None:
    alone = trained(LocalOnlyConfig(), tmp_path)
    predictor = open_model(alone.archive)
    assert "global" not in predictor.models
    images = list(alone.tested)[:1]
    assert make_export(predictor, "monai", images, tmp_path / "out.zip", lambda step: None).num_different == 0


def test_a_2d_network_sees_a_volume_slice_by_slice(tmp_path: Path) -> None:
    config = tiny_config(FEDSM, data=DataConfig(image_size=32, intensity="percentile"))
    sliced = train_set(config, FEDSM, VOLUME_TASK, write_volume_sites(tmp_path), tmp_path)
    images = list(sliced.tested)[:1]
    done = make_export(open_model(sliced.archive), "onnx", images, tmp_path / "out.zip", lambda step: None)
    assert done.num_voxels == sliced.mask(images[0]).size
    assert done.num_different <= 1e-5 * done.num_voxels


def test_a_model_that_no_choice_needs_is_tried_too(
    normalizing: TrainedSet, as_onnx: tuple[Path, Verified], spoil: Spoil, tmp_path: Path
) -> None:
    """As a form would be in which all files held the first model."""
    spoil("onnx", as_onnx[0], "probabilities_by(alone, ", "probabilities_by(preparation['models'][0], ")
    predictor, images = open_model(normalizing.archive), list(normalizing.tested)[:1]
    with pytest.raises(CannotExport, match="voxels differ in an image, by 4 models one by one"):
        make_export(predictor, "onnx", images, tmp_path / "out.zip", lambda step: None)
