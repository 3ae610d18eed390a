"""Memory and time of one large volume: prepared, trained on for a step, predicted by a sliding window, and scored.

    .venv/bin/python -m benchmarks.volume_memory

120 slices of 512 x 512 voxels, two structures, on one thread; the largest resident size is the whole process's, PyTorch
included, up to the end of that step. The network is small and untrained: the figures are of the machinery around it.
"""

import resource
from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from backend.contracts.data_config import DataConfig
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.tasks import RunSpec
from fedsm.synthetic_prostate import PROSTATE_TASK
from worker.engine.inference import predict_masks
from worker.engine.local_training import train_locally
from worker.engine.metrics import case_scores
from worker.engine.plan_network import initial_network
from worker.engine.seeding import generator
from worker.engine.transforms import make_case
from worker.jobs.build import build_intensity, build_plan, build_sampling

SHAPE = (120, 512, 512)
SPACING = (1.5, 0.4, 0.4)
CONFIG = ExperimentConfig(
    data=DataConfig(sampling="patches", image_size=96, depth=16, intensity="percentile"),
    network=NetworkConfig(spatial_dims=3, channels=(8, 16, 32, 64), num_residual_units=1),
    schedule=ScheduleConfig(local_steps=1, batch_size=2),
    strategies=(FedAvgConfig(),),
)
Result = TypeVar("Result")


def main() -> None:
    torch.set_num_threads(1)
    pixels, structures = invented_volume()
    measured("start, with the volume as it is read", lambda: None)
    sampling, intensity = build_sampling(CONFIG.data), build_intensity(CONFIG.data)
    case = measured(
        "prepared", lambda: make_case("one", "one", pixels, structures, SPACING, sampling, intensity, spatial_dims=3)
    )
    strategy = CONFIG.strategies[0]
    run = RunSpec(run_id="run", config=CONFIG, strategy=strategy, seed=0, task=PROSTATE_TASK, sites=("one",))
    plan = build_plan(run, torch.device("cpu"))
    network, draws = initial_network(plan), generator(0, 1, "one", "global")
    measured("trained for a step", lambda: train_locally(network, (case,), plan, 1, None, draws, lambda _share: None))
    measured("predicted", lambda: list(predict_masks(network, [case], plan)))
    shifted = np.roll(structures, 3, axis=2)  # an untrained network's mask has a surface everywhere
    measured("scored", lambda: case_scores(plan.structures, shifted, structures, SPACING, plan.nsd_tolerance))


def invented_volume() -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Noise, and two nested boxes the size of a large organ."""
    pixels = np.random.default_rng(0).integers(0, 2000, (*SHAPE, 1), dtype=np.int16)
    structures = np.zeros((2, *SHAPE), dtype=np.bool_)
    structures[0, 30:90, 150:350, 150:350] = True
    structures[1, 40:80, 200:300, 200:300] = True
    return pixels, structures


def measured(step: str, work: Callable[[], Result]) -> Result:
    start = perf_counter()
    result = work()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(f"{step:40} {perf_counter() - start:6.1f} s   largest resident size so far {peak_mb:6.0f} MB", flush=True)
    return result


if __name__ == "__main__":
    main()
