"""Small sites for engine tests: a bright square with a brighter core, another brightness at each site."""

import numpy as np
import torch

from worker.engine.data import Case, SiteData
from worker.engine.plan import Plan
from worker.engine.transforms import make_case

SIDE = 32
STRUCTURES = ("disc", "cup")
LABEL_VALUES = ((1, 2), (2,))


def small_plan(sites: tuple[str, ...] = ("a", "b", "c"), **changes: object) -> Plan:
    fields: dict[str, object] = {
        "sites": sites,
        "seed": 0,
        "structures": STRUCTURES,
        "num_channels": 3,
        "network_channels": (4, 8),
        "num_residual_units": 1,
        "rounds": 2,
        "local_epochs": 1,
        "batch_size": 2,
        "learning_rate": 1e-3,
        "optimizer_state": "keep",
        "loss": "dice",
        "augmentation": "none",
        "weighting": "cases",
        "device": torch.device("cpu"),
    }
    return Plan(**{**fields, **changes})  # type: ignore[arg-type]


def small_sites(sites: tuple[str, ...] = ("a", "b", "c"), num_train: int = 6) -> dict[str, SiteData]:
    """Site i has num_train + i training cases, 2 validation and 2 test cases."""
    return {site: _site(site, position, num_train + position) for position, site in enumerate(sites)}


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
    return make_case(name, name, image.astype(np.uint8), mask, LABEL_VALUES, SIDE, "unit")
