"""Settings tuned on validation, with one budget for all methods: what `recipes/` is made by.

    python -m benchmarks.tune [--candidates 4] [--rounds 16] [--seed 100] [--check-seeds 3] [--out FOLDER]
    python -m benchmarks.tune --on prostate --image-size 32 --out recipes/synthetic-volumes
    python -m benchmarks.tune --on vessels --vessels FOLDER --rounds 15 --out recipes/vessels

Random search (Bergstra & Bengio, JMLR 2012): each method gets as many candidates as every other, of as many rounds,
with one seed. The first is the method with the workload's settings and its own defaults; the others draw the learning
rate and the method's own settings from the ranges below. The candidate with the best validation score of its best round
is chosen; no test case is looked at. Then the chosen and the default settings are trained with seeds that the search
has not seen, and the test is scored. Writes one experiment file a method, and `search.json` with every candidate and
score. What was run already is read from `search.json`, so that an interrupted search goes on where it stopped.
"""

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from backend.version import code_version
from benchmarks.gap_workloads import NAMES, SIZED, workload
from benchmarks.method_sites import Workload
from benchmarks.methods import NO_LIMIT, Method, run_method
from worker.process.hardware import describe_hardware

#: What `run_method` gives for a method and a seed.
Train = Callable[[Method, int], dict[str, Any]]
Draw = Callable[[random.Random], float]


def log_uniform(low: float, high: float) -> Draw:
    return lambda draws: float(f"{math.exp(draws.uniform(math.log(low), math.log(high))):.2g}")


def uniform(low: float, high: float) -> Draw:
    return lambda draws: round(draws.uniform(low, high), 2)


#: Times the workload's own rate.
LEARNING_RATE = log_uniform(0.25, 4.0)


@dataclass(frozen=True)
class Searched:
    """A method, and the ranges of its own settings."""

    strategy: dict[str, Any]
    ranges: dict[str, Draw]


METHODS: dict[str, Searched] = {
    "centralized": Searched({"name": "centralized"}, {}),
    "local-only": Searched({"name": "local-only"}, {}),
    "fedavg": Searched({"name": "fedavg"}, {}),
    "fedprox": Searched({"name": "fedprox"}, {"mu": log_uniform(1e-3, 1)}),
    "fedavgm": Searched(
        {"name": "fedavgm"}, {"beta_1": uniform(0.1, 0.9), "server_learning_rate": log_uniform(0.1, 1)}
    ),
    "fedadam": Searched({"name": "fedadam"}, {"server_learning_rate": log_uniform(1e-3, 0.03)}),
    "fedyogi": Searched({"name": "fedyogi"}, {"server_learning_rate": log_uniform(1e-3, 0.03)}),
    "feddyn": Searched({"name": "feddyn"}, {"alpha": log_uniform(1e-4, 0.1)}),
    "ditto": Searched({"name": "ditto"}, {"lambda": log_uniform(0.01, 10)}),
    "fedsm": Searched({"name": "fedsm", "selector": NO_LIMIT}, {"lambda": uniform(0.5, 0.98)}),
}


def candidates(method: Searched, num: int, rate: float, seed: int) -> Iterator[Method]:
    """Yields the defaults, then num - 1 draws. rate: the workload's learning rate."""
    draws = random.Random(f"{seed}/{method.strategy['name']}")
    yield Method("defaults", method.strategy, {})
    for number in range(1, num):
        schedule = {"learning_rate": float(f"{rate * LEARNING_RATE(draws):.2g}")}
        own = {name: draw(draws) for name, draw in method.ranges.items()}
        yield Method(f"draw {number}", method.strategy | own, {"schedule": schedule})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", choices=NAMES, default="synthetic", help="workload")
    parser.add_argument("--vessels", type=Path, help="folder whose sub-folders are sites with images/ and masks/")
    parser.add_argument("--image-size", type=int, help=f"pixels that a model sees, of {' and '.join(SIZED)}")
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--only", nargs="*", default=[], choices=METHODS, help="methods; all without it")
    parser.add_argument("--candidates", type=int, default=4, help="of each method")
    parser.add_argument("--seed", type=int, default=100, help="of the search")
    parser.add_argument("--check-seeds", type=int, default=3, help="seeds 0, 1, ... of the test afterwards")
    parser.add_argument("--out", type=Path, default=Path("recipes/synthetic-photographs"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    chosen = workload(options.on, options.rounds, options.vessels, options.image_size)
    sites = chosen.load()
    found = Record(options.out / "search.json", lambda method, seed: run_method(chosen, sites, method, seed))
    command = f"python -m benchmarks.tune {' '.join(sys.argv[1:])}"
    found.say("command", command)
    found.keep_budget(
        {"candidates_a_method": options.candidates, "rounds_a_candidate": options.rounds, "seed": options.seed}
    )
    rate = chosen.config.schedule.learning_rate
    names = [name for name in METHODS if not options.only or name in options.only]
    for name in names:
        for method in candidates(METHODS[name], options.candidates, rate, options.seed):
            found.run(f"search/{name}/{method.label}", method, options.seed)
        best = found.choose(name)
        write_recipe(options.out / f"{name}.yaml", chosen, best, command)
        for seed in range(options.check_seeds):
            found.run(f"check/{name}/defaults/{seed}", Method("defaults", METHODS[name].strategy, {}), seed)
            found.run(f"check/{name}/chosen/{seed}", best, seed, same_as=f"check/{name}/defaults/{seed}")
    print(f"{command}\n{describe_hardware()}, one thread\n")
    print("\n".join(table(found.content, names, options.check_seeds)))
    return 0


class Record:
    """`search.json`: what was asked, and each run's settings, scores and commit; the test Dice of the checks alone."""

    def __init__(self, path: Path, train: Train) -> None:
        self.path, self.train, self.commit = path, train, code_version()  # before it writes into the checkout
        self.content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"runs": {}}

    def say(self, key: str, value: object) -> None:
        self.content[key] = value
        self._save()

    def keep_budget(self, budget: dict[str, int]) -> None:
        """Exits where the file was begun with another one, because its methods would have unequal budgets."""
        if (before := self.content.get("budget", budget)) != budget:
            sys.exit(f"{self.path} was begun with the budget {before}, not {budget}: choose another --out")
        self.say("budget", budget)

    def run(self, key: str, method: Method, seed: int, same_as: str = "") -> None:
        """same_as: the key of a run that is taken over where its settings are the same."""
        runs = self.content["runs"]
        if key in runs:
            return
        if (done := runs.get(same_as)) and (done["strategy"], done["settings"]) == (method.strategy, method.settings):
            runs[key] = done
            self._save()
            return
        started = time.monotonic()
        result = self.train(method, seed)
        row = {"strategy": method.strategy, "settings": method.settings, "seed": seed}
        row |= {"commit": self.commit} | {name: result[name] for name in ("validation", "best_round")}
        row["cpu_seconds"] = round(result["seconds"], 1)
        if key.startswith("check/"):
            row["test_dice"] = result["dice"]
        runs[key] = row
        self._save()
        print(f"{key}: {row['validation']:.4f} in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)

    def choose(self, name: str) -> Method:
        """The candidate of the best validation score; of equal ones the first."""
        rows = {key: row for key, row in self.content["runs"].items() if key.startswith(f"search/{name}/")}
        best = max(rows, key=lambda key: rows[key]["validation"])
        self.say(f"chosen/{name}", best)
        return Method("chosen", rows[best]["strategy"], rows[best]["settings"])

    def _save(self) -> None:
        self.path.write_text(json.dumps(self.content, indent=1) + "\n")


def write_recipe(path: Path, workload: Workload, method: Method, command: str) -> None:
    """An experiment file as `fedsm experiment create -f` takes it."""
    config: dict[str, Any] = workload.config.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    for section, changes in method.settings.items():
        config[section] = config.get(section, {}) | changes
    content = {
        "name": f"{method.strategy['name']}, tuned on {workload.name}",
        "description": "Settings chosen on validation cases; search.json has every candidate and its score.",
        "config": config | {"strategies": [method.strategy], "seeds": [0, 1, 2]},
    }
    path.write_text(f"# {command}\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True)}")


def table(content: dict[str, Any], names: list[str], num_seeds: int) -> Iterator[str]:
    """Yields the lines of a Markdown table of the checks."""
    yield "| method | chosen | test Dice, defaults | test Dice, chosen | difference, by seed |"
    yield "|---|---|---|---|---|"
    for name in names:
        rows = content["runs"]
        chosen = rows[content[f"chosen/{name}"]]
        own = {key: value for key, value in chosen["strategy"].items() if key not in ("name", "selector")}
        said = ", ".join(f"{key} {value}" for key, value in (own | chosen["settings"].get("schedule", {})).items())
        scores = [
            [rows[f"check/{name}/{kind}/{seed}"]["test_dice"] for seed in range(num_seeds)]
            for kind in ("defaults", "chosen")
        ]
        means = [f"{sum(each) / num_seeds:.4f}" if num_seeds else "" for each in scores]
        differences = " ".join(f"{after - before:+.4f}" for before, after in zip(*scores, strict=True))
        yield f"| {name} | {said or 'the defaults'} | {means[0]} | {means[1]} | {differences} |"


if __name__ == "__main__":
    sys.exit(main())
