"""Tiny data sets: bright discs with a brighter cup on noise, another colour at each site."""

from pathlib import Path

import numpy as np
from PIL import Image

from backend.contracts.data_config import DataConfig
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.task_definition import SegmentationTask, Structure

TASK = SegmentationTask(
    modality="fundus photography",
    num_channels=3,
    structures=(
        Structure(name="optic disc", label_values=(1, 2)),
        Structure(name="optic cup", label_values=(2,)),
    ),
)
SITES = ("site-a", "site-b", "site-c")
NUM_CASES = {"site-a": 10, "site-b": 8, "site-c": 12}
HEIGHT, WIDTH = 40, 44


def write_sites(folder: Path, seed: int = 0) -> dict[str, Path]:
    """One folder with images/ and masks/ for each site, in site order."""
    for position, site in enumerate(SITES):
        generator = np.random.default_rng([seed, position])
        for kind in ("images", "masks"):
            (folder / site / kind).mkdir(parents=True)
        for index in range(NUM_CASES[site]):
            image, mask = _case(generator, position)
            Image.fromarray(image).save(folder / site / "images" / f"case-{index:02d}.png")
            Image.fromarray(mask).save(folder / site / "masks" / f"case-{index:02d}.png")
    return {site: folder / site for site in SITES}


def tiny_config(*strategies: object, **changes: object) -> ExperimentConfig:
    """Two rounds of a two-level network on 32 x 32 pixels: a round takes a fraction of a second."""
    fields = {
        "data": DataConfig(image_size=32),
        "network": NetworkConfig(channels=(4, 8), num_residual_units=1),
        "schedule": ScheduleConfig(rounds=2, batch_size=2),
        "strategies": strategies,
        **changes,
    }
    return ExperimentConfig.model_validate(fields)


def _case(generator: np.random.Generator, position: int) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    row, column = generator.uniform(14, HEIGHT - 14), generator.uniform(14, WIDTH - 14)
    radius = generator.uniform(7, 11)
    distance = np.hypot(rows - row, columns - column)
    mask = np.where(distance < radius / 2, 2, np.where(distance < radius, 1, 0)).astype(np.uint8)
    cast = np.array([60 + 40 * position, 90, 130 - 40 * position])
    image = generator.normal(cast, 6, (HEIGHT, WIDTH, 3)) + 40.0 * mask[..., None]
    return np.clip(image, 0, 255).astype(np.uint8), mask
