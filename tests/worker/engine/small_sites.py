"""Small sites for engine tests: a bright square with a brighter core, another brightness at each site."""

from dataclasses import replace

import numpy as np
import torch

from worker.engine.data import Case, SiteData
from worker.engine.losses import Dice
from worker.engine.networks.settings import UNetSettings
from worker.engine.optimizers import OptimizerSettings
from worker.engine.plan import Plan
from worker.engine.sampling import Sampling
from worker.engine.transforms import Intensity, make_case

SIDE = 32
STRUCTURES = ("disc", "cup")
LABEL_VALUES = ((1, 2), (2,))
RESIZE = Sampling(
    mode="resize",
    size=SIDE,
    depth=8,
    spacing=None,
    patches_per_case=1,
    foreground_share=0.5,
    overlap=0.5,
    slices="all",
)
UNIT = Intensity("unit", 0.0, 1.0)
PERCENTILE = Intensity("percentile", 0.0, 1.0)
ADAM = OptimizerSettings(
    name="adam",
    learning_rate=1e-3,
    momentum=0.0,
    weight_decay=0.0,
    state="keep",
    schedule="constant",
    warmup_rounds=0,
    step_rounds=1,
    step_factor=0.1,
    power=0.9,
    gradient_clipping=None,
    mixed_precision=False,
)
SGD = replace(ADAM, name="sgd", learning_rate=0.05)


def small_plan(sites: tuple[str, ...] = ("a", "b", "c"), **changes: object) -> Plan:
    fields: dict[str, object] = {
        "sites": sites,
        "seed": 0,
        "structures": STRUCTURES,
        "num_channels": 3,
        "spatial_dims": 2,
        "network": UNetSettings((4, 8), 1, "instance"),
        "sampling": RESIZE,
        "rounds": 2,
        "local_epochs": 1,
        "local_steps": None,
        "batch_size": 2,
        "optimizer": ADAM,
        "loss": Dice(),
        "augmentation": "none",
        "weighting": "cases",
        "participation": 1.0,
        "refuse_outliers": False,
        "nsd_tolerance": 2.0,
        "update_transforms": (),
        "gather_transforms": (),
        "late_average": None,
        "device": torch.device("cpu"),
    }
    return Plan(**{**fields, **changes})  # type: ignore[arg-type]


def small_sites(sites: tuple[str, ...] = ("a", "b", "c"), num_train: int = 6) -> dict[str, SiteData]:
    """Site i has num_train + i training cases, 2 validation and 2 test cases."""
    return {site: _site(site, position, num_train + position) for position, site in enumerate(sites)}


def small_volumes(
    sites: tuple[str, ...] = ("a", "b"), sampling: Sampling = RESIZE, dims: int = 3
) -> dict[str, SiteData]:
    """Grey volumes of 10 x 36 x 32 voxels with a bright block and a brighter core; 3 training, 1 and 1 other cases."""
    volumes = {}
    for position, site in enumerate(sites):
        draws = np.random.default_rng(100 + position)
        cases = tuple(_volume(f"{site}{index}", draws, 40 * position, sampling, dims) for index in range(5))
        volumes[site] = SiteData(site, cases[:3], cases[3:4], cases[4:])
    return volumes


def structures_of(mask: np.ndarray) -> np.ndarray:
    return np.stack([np.isin(mask, values) for values in LABEL_VALUES])


def _site(site: str, position: int, num_train: int) -> SiteData:
    draws = np.random.default_rng(position)
    cases = tuple(_case(f"{site}{index}", draws, 30 * position) for index in range(num_train + 4))
    return SiteData(site, cases[:num_train], cases[num_train : num_train + 2], cases[num_train + 2 :])


def _case(name: str, draws: np.random.Generator, brightness: int) -> Case:
    mask = np.zeros((40, 36), dtype=np.int32)
    top, left = draws.integers(4, 16, size=2)
    mask[top : top + 16, left : left + 14] = 1
    mask[top + 4 : top + 10, left + 4 : left + 10] = 2
    image = draws.integers(0, 60, size=(40, 36, 3)) + brightness + 50 * mask[..., None]
    return make_case(name, name, image.astype(np.uint8), structures_of(mask), None, RESIZE, UNIT, 2)


def _volume(name: str, draws: np.random.Generator, brightness: int, sampling: Sampling, dims: int) -> Case:
    mask = np.zeros((10, 36, 32), dtype=np.int32)
    top, left = draws.integers(4, 14, size=2)
    mask[2:8, top : top + 14, left : left + 12] = 1
    mask[3:7, top + 4 : top + 9, left + 3 : left + 8] = 2
    voxels = draws.integers(0, 300, size=(10, 36, 32, 1)) + brightness + 400 * mask[..., None]
    spacing = (3.0, 0.5, 0.6)
    return make_case(name, name, voxels.astype(np.int16), structures_of(mask), spacing, sampling, PERCENTILE, dims)
