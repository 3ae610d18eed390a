"""The work that is timed: four sites of synthetic photographs, one network, one schedule."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from backend.contracts.data_config import DataConfig
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_definition import SegmentationTask, Structure
from backend.contracts.tasks import SplitFractions

SITES = ("site-a", "site-b", "site-c", "site-d")
IMAGE_SIDE = 128
NUM_CASES = 60
#: 48 training, 9 validation and 3 test images a site.
FRACTIONS = SplitFractions(train=0.8, val=0.15)
NUM_TRAIN = 48
TASK = SegmentationTask(
    num_channels=3,
    structures=(
        Structure(name="optic disc", label_values=(1, 2)),
        Structure(name="optic cup", label_values=(2,)),
    ),
)


def config(strategy: StrategyConfig, rounds: int, batch_size: int) -> ExperimentConfig:
    return ExperimentConfig(
        data=DataConfig(image_size=IMAGE_SIDE),
        network=NetworkConfig(channels=(16, 32, 64, 128, 256), num_residual_units=2),
        schedule=ScheduleConfig(rounds=rounds, local_epochs=1, batch_size=batch_size, learning_rate=1e-3),
        strategies=(strategy,),
    )


def write_sites(folder: Path, num_cases: int = NUM_CASES, sites: Sequence[str] = SITES) -> dict[str, Path]:
    """images/ and masks/ of each site: a bright disc with a cup on a noisy background, whose light is of four kinds."""
    rows, columns = np.mgrid[:IMAGE_SIDE, :IMAGE_SIDE]
    for position, site in enumerate(sites):
        generator = np.random.default_rng(position)
        for kind in ("images", "masks"):
            (folder / site / kind).mkdir(parents=True)
        for index in range(num_cases):
            row, column = generator.uniform(40, IMAGE_SIDE - 40, size=2)
            distance = np.hypot(rows - row, columns - column)
            mask = np.where(distance < 12, 2, np.where(distance < 24, 1, 0)).astype(np.uint8)
            noise = generator.normal(90 + 15 * (position % len(SITES)), 20, (IMAGE_SIDE, IMAGE_SIDE, 3))
            image = np.clip(noise + 40.0 * mask[..., None], 0, 255).astype(np.uint8)
            Image.fromarray(image).save(folder / site / "images" / f"{index:02d}.png")
            Image.fromarray(mask).save(folder / site / "masks" / f"{index:02d}.png")
    return {site: folder / site for site in sites}
