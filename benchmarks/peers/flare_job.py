"""NVIDIA FLARE's simulator on the work of `benchmarks.plain_loop`. Run by `benchmarks.peers` in FLARE's environment.

`python flare_job.py SITES ROUNDS BATCH_SIZE CORES NUM_SITES FOLDER` prints one line of JSON at its end. Each site has a
process with one thread, as the simulator does it best: fewer would be ended and started again in each round.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

from nvflare.app_opt.pt.recipes.fedavg import FedAvgRecipe
from nvflare.recipe import SimEnv

from benchmarks.plain_loop import NETWORK

SITES = Path(sys.argv[1])
ROUNDS, BATCH_SIZE, CORES, NUM_SITES = (int(word) for word in sys.argv[2:6])
FOLDER = Path(sys.argv[6])


def main() -> dict[str, float | str]:
    notes = FOLDER / "notes"
    notes.mkdir()
    recipe = FedAvgRecipe(
        name="peers",
        min_clients=NUM_SITES,
        num_rounds=ROUNDS,
        # By name: FLARE reads the arguments of an instance from its attributes, and MONAI keeps one under another name.
        model={"class_path": "monai.networks.nets.unet.UNet", "args": NETWORK},
        train_script=str(Path(__file__).with_name("flare_client.py")),
        train_args=f"{SITES} {BATCH_SIZE} {notes}",
    )
    started = time.time()
    run = recipe.execute(SimEnv(num_clients=NUM_SITES, num_threads=NUM_SITES, workspace_root=str(FOLDER / "workspace")))
    del run
    lines = [json.loads(line) for file in notes.iterdir() for line in file.read_text().splitlines()]
    ends = [max(line["at"] for line in lines if line["round"] == number) for number in range(ROUNDS)]
    later = (ends[-1] - ends[0]) / (ROUNDS - 1)
    dice = [line["dice"] for line in lines if line["round"] == ROUNDS - 1]
    return {
        "version": version("nvflare"),
        "seconds": ends[-1] - started,
        "warm_seconds": ROUNDS * later,
        "dice": sum(dice) / len(dice),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
