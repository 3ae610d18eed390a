"""Trained sets of models of pictures and of volumes, on raw files: each trained once for all processes of a run."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock

from backend.contracts.data_config import DataConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.task_definition import SegmentationTask, Structure
from tests.integration.tiny_data import TASK, tiny_config, write_sites
from tests.worker.datasets.readers.medical_files import write_nifti
from tests.worker.predicting.trained import TrainedSet, train_set

VOLUME_TASK = SegmentationTask(
    modality="MR",
    dimensions=3,
    num_channels=1,
    structures=(Structure(name="prostate", label_values=(1, 2)), Structure(name="core", label_values=(2,))),
)
#: Of the file's own axes: the first goes to the left, the third from head to foot, and both are turned a little.
AFFINE = np.array([[-0.98, 0.1, 0.0, 20.0], [0.1, 0.98, 0.0, -30.0], [0.0, 0.0, -3.0, 40.0], [0.0, 0.0, 0.0, 1.0]])
FEDSM = FedSMConfig(selector=LdaSelector(minimum_cases=2), gamma=0.6)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def pictures(shared_folder: Path) -> TrainedSet:
    return trained_once(shared_folder / "trained-pictures", train_pictures)


@pytest.fixture(scope="session")
def volumes(shared_folder: Path) -> TrainedSet:
    return trained_once(shared_folder / "trained-volumes", train_volumes)


def trained_once(folder: Path, train: Callable[[Path], TrainedSet]) -> TrainedSet:
    """One process trains it, and the others wait for it."""
    said = folder.with_suffix(".pickle")
    with FileLock(folder.with_suffix(".lock")):
        if not said.exists():
            torch.set_num_threads(1)
            folder.mkdir()
            said.write_bytes(pickle.dumps(train(folder)))
    trained = pickle.loads(said.read_bytes())
    assert isinstance(trained, TrainedSet)
    return trained


def train_pictures(folder: Path) -> TrainedSet:
    config = tiny_config(FEDSM, schedule=ScheduleConfig(rounds=4, batch_size=2, learning_rate=0.01))
    return train_set(config, FEDSM, TASK, write_sites(folder), folder)


def train_volumes(folder: Path) -> TrainedSet:
    config = tiny_config(
        FEDSM,
        data=DataConfig(image_size=32, depth=8, intensity="percentile"),
        network=NetworkConfig(spatial_dims=3, channels=(4, 8), num_residual_units=1),
        schedule=ScheduleConfig(rounds=4, batch_size=2, learning_rate=0.01),
    )
    return train_set(config, FEDSM, VOLUME_TASK, write_volume_sites(folder), folder)


def write_volume_sites(folder: Path) -> dict[str, Path]:
    for position, site in enumerate(("north", "south")):
        for index in range(8):
            voxels, labels = _volume(np.random.default_rng([position, index]), position)
            write_nifti(folder / site / "images" / f"case-{index}.nii.gz", voxels, AFFINE)
            write_nifti(folder / site / "masks" / f"case-{index}.nii.gz", labels, AFFINE)
    return {site: folder / site for site in ("north", "south")}


def _volume(draws: np.random.Generator, position: int) -> tuple[np.ndarray, np.ndarray]:
    """[X, Y, Z], as the file has them."""
    labels = np.zeros((20, 24, 10), dtype=np.uint8)
    x, y = draws.integers(2, 8, size=2)
    labels[x : x + 10, y : y + 12, 2:8] = 1
    labels[x + 3 : x + 7, y + 3 : y + 8, 3:7] = 2
    voxels = draws.normal(100 + 200 * position, 20 + 20 * position, labels.shape) + 300.0 * labels
    return voxels.astype(np.int16), labels
