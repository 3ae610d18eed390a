"""How long one image takes once a set of models is open: reading the file, choosing the model, its masks, their files.

    .venv/bin/python -m benchmarks.predict                              # a set of three sites, trained for one round
    .venv/bin/python -m benchmarks.predict --model model.zip eye.png    # one's own

The first predictions are not counted. Threads that wait for each other count as CPU time: ask for it with one, and for
the clock with as many as the machine has to itself. *chosen* is what `fedsm predict` does; *all* has the masks of every
model, as the page of a tried image. The weights decide no time, so the set is trained on images of 32 x 32 pixels and
predicts at 256 x 256.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from backend.contracts.data_config import DataConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.selector_configs import LdaSelector
from tests.integration.tiny_data import TASK, tiny_config, write_sites
from tests.worker.predicting.trained import is_predicting, train_set, write_model
from worker.engine.checkpoint import to_bytes
from worker.predicting.mask_forms import files_of_masks
from worker.predicting.model import open_model
from worker.predicting.own_image import opened_file
from worker.predicting.predict import Predictor, predict_image

SIDE = 256
NUM_THREADS = 2
WARM_UP = 3


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one image, medians: by the clock, and of all threads' work."""

    clock_ms: float
    cpu_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--threads", type=int, default=NUM_THREADS)
    parser.add_argument("--model", nargs=2, type=Path, metavar=("MODEL.zip", "IMAGE"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fedsm-latency-") as folder:
        model, image = asked.model or make_set(Path(folder))
        print(f"{'masks':<8}{'clock':>10}{'CPU':>10}")
        for words, only_chosen in (("chosen", True), ("all", False)):
            found = latency(model, image, asked.repeats, only_chosen, asked.threads)
            print(f"{words:<8}{found.clock_ms:>7.0f} ms{found.cpu_ms:>7.0f} ms")


def make_set(folder: Path) -> tuple[Path, Path]:
    """A model.zip of the network that an experiment has by default, and a picture of 256 x 256 pixels."""
    method = FedSMConfig(selector=LdaSelector(minimum_cases=2))
    config = tiny_config(method, network=NetworkConfig(), schedule=ScheduleConfig(rounds=1, batch_size=4))
    torch.set_num_threads(1)  # as training wants it
    trained = train_set(config, method, TASK, write_sites(folder), folder)
    run = trained.run.model_copy(update={"config": config.model_copy(update={"data": DataConfig(image_size=SIDE)})})
    parts = {name: to_bytes(part) for name, part in trained.state.items() if is_predicting(name)}
    write_model(folder / "at-256.zip", run, parts)
    pixels = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "eye.png")
    return folder / "at-256.zip", folder / "eye.png"


def latency(model: Path, image: Path, repeats: int, only_chosen: bool, threads: int = NUM_THREADS) -> Latency:
    """Of one image after another by an open set of models."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        predictor = open_model(model)
        for _ in range(WARM_UP):
            predict_once(predictor, image, only_chosen)
        times = []
        for _ in range(repeats):
            clock, cpu = time.perf_counter(), time.process_time()
            predict_once(predictor, image, only_chosen)
            times.append((time.perf_counter() - clock, time.process_time() - cpu))
    finally:
        torch.set_num_threads(before)
    return Latency(*(1000 * statistics.median(each) for each in zip(*times, strict=True)))


def predict_once(predictor: Predictor, path: Path, only_chosen: bool) -> None:
    with opened_file(path, predictor.run.task) as (image, source):
        done = predict_image(predictor, image, only_chosen=only_chosen)
        for mask in done.masks.values():
            list(files_of_masks("files", mask, predictor.run, image, source, "a benchmark"))


if __name__ == "__main__":
    main()
