"""The test of K + 1 models on a site's cases: CPU seconds of prediction, and of scoring now and as it was before, by
a pair of distance transforms for each mask.

    .venv/bin/python -m benchmarks.evaluation

Five models, one thread; both ways of scoring take turns in one process on the same masks, and their scores are equal to
the bit, or it stops. Masks are the reference shifted and roughened, as a trained model's are: an untrained one's are
noise. A 3D network is not run: its volumes are only scored.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.tasks import RunSpec
from benchmarks.workload import SITES, TASK, config
from tests.worker.engine.distance_transforms import distances_by_transform
from worker.engine.checkpoint import cpu_state
from worker.engine.data import Case
from worker.engine.metrics import CaseScores, references_of, scores_against
from worker.engine.plan import Plan
from worker.engine.plan_network import initial_network
from worker.engine.super_model import predict_cases
from worker.engine.transforms import make_case
from worker.jobs.build import build_intensity, build_plan, build_sampling

Mask = NDArray[np.bool_]
Result = TypeVar("Result")
NUM_MODELS = 5
STRUCTURES = ("disc", "cup")
TOLERANCE = 2.0
#: Name, the images' own size, voxel spacing in mm, cases, and how smooth the masks are in voxels.
SHAPES: tuple[tuple[str, tuple[int, ...], tuple[float, ...] | None, int, float], ...] = (
    ("128 x 128", (128, 128), None, 24, 8.0),
    ("512 x 512", (512, 512), None, 12, 30.0),
    ("1500 x 1500", (1500, 1500), None, 4, 90.0),
    ("40 x 200 x 200", (40, 200, 200), (3.0, 0.7, 0.7), 3, 10.0),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    print(f"{'images':<16}{'cases':>6}{'predicted':>11}{'scored':>9}{'before':>9}{'scoring':>10}{'all':>8}")
    for name, shape, spacing, num_cases, sigma in SHAPES:
        measure(name, shape, spacing, num_cases, sigma, repeats)


def measure(
    name: str, shape: tuple[int, ...], spacing: tuple[float, ...] | None, num_cases: int, sigma: float, repeats: int
) -> None:
    generator = np.random.default_rng(0)
    cases = [made_masks(generator, shape, sigma) for _ in range(num_cases)]
    predicted = predict_seconds(shape, num_cases) if len(shape) == 2 else 0.0
    ratios, whole, now, before = [], [], [], []
    for _ in range(repeats):
        new, scores = timed(lambda: scored(cases, spacing))
        old, old_scores = timed(lambda: scored_by_transforms(cases, spacing))
        if scores != old_scores:
            raise SystemExit(f"{name}: the scores differ")
        now.append(new)
        before.append(old)
        ratios.append(old / new)
        whole.append((predicted + old) / (predicted + new))
    print(
        f"{name:<16}{num_cases:>6}{predicted:>10.2f}s{statistics.median(now):>8.2f}s{statistics.median(before):>8.2f}s"
        f"{statistics.median(ratios):>9.1f}x{statistics.median(whole):>7.1f}x"
    )


def made_masks(generator: np.random.Generator, shape: tuple[int, ...], sigma: float) -> tuple[Mask, list[Mask]]:
    """A reference [S, *shape] and each model's prediction of it."""
    reference = np.stack([blobs(generator, shape, sigma, share) for share in (0.1, 0.03)])
    rough = [blobs(generator, shape, sigma / 4, 0.002) for _ in range(NUM_MODELS)]
    return reference, [np.roll(reference, 1 + i, axis=-1) ^ rough[i] for i in range(NUM_MODELS)]


def blobs(generator: np.random.Generator, shape: tuple[int, ...], sigma: float, share: float) -> Mask:
    field = gaussian_filter(generator.normal(size=shape), sigma)
    return np.asarray(field > np.quantile(field, 1 - share))


def scored(cases: list[tuple[Mask, list[Mask]]], spacing: tuple[float, ...] | None) -> list[CaseScores]:
    found = []
    for reference, predictions in cases:
        references = references_of(STRUCTURES, reference, spacing)
        found += [scores_against(references, prediction, TOLERANCE) for prediction in predictions]
    return found


def scored_by_transforms(cases: list[tuple[Mask, list[Mask]]], spacing: tuple[float, ...] | None) -> list[CaseScores]:
    """The same scores; the distances as they were computed before, each mask with each reference anew."""
    found = []
    for reference, predictions in cases:
        for prediction in predictions:
            scores: CaseScores = {}
            for i, name in enumerate(STRUCTURES):
                own, other = prediction[i], reference[i]
                num_own, num_other, num_both = int(own.sum()), int(other.sum()), int((own & other).sum())
                distances = distances_by_transform(own, other, spacing)
                scores[name] = {
                    "dice": 2 * num_both / (num_own + num_other),
                    "iou": num_both / (num_own + num_other - num_both),
                    "hd95": distances.hd95,
                    "nsd": distances.nsd(TOLERANCE),
                    "assd": distances.assd,
                    "volume_difference": abs(num_own - num_other) / num_other,
                    "sensitivity": num_both / num_other,
                    "precision": num_both / num_own,
                }
            found.append(scores)
    return found


def predict_seconds(shape: tuple[int, ...], num_cases: int) -> float:
    """CPU seconds of the masks of all models at the images' own size, by the benchmark's U-Net at 128 x 128."""
    settings = config(FedAvgConfig(), rounds=1, batch_size=8)
    run = RunSpec(run_id="run", config=settings, strategy=FedAvgConfig(), seed=0, task=TASK, sites=SITES)
    plan = build_plan(run, torch.device("cpu"))
    weights, wanted = cpu_state(initial_network(plan)), [f"model-{number}" for number in range(NUM_MODELS)]
    cases = [photograph(shape, plan) for _ in range(num_cases)]
    seconds, _ = timed(lambda: list(predict_cases(lambda _part: weights, cases, [wanted] * num_cases, plan)))
    return seconds


def photograph(shape: tuple[int, ...], plan: Plan) -> Case:
    data = config(FedAvgConfig(), rounds=1, batch_size=8).data
    pixels = np.zeros((*shape, 3), dtype=np.uint8)
    reference = np.zeros((len(plan.structures), *shape), dtype=bool)
    return make_case("one", "one", pixels, reference, None, build_sampling(data), build_intensity(data), 2)


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """CPU seconds of this process, user and system together."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


if __name__ == "__main__":
    main()
