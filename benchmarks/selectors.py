"""Compares FedSM's model selectors, its two ways of routing and its two SoftPulls, on the same runs.

    python -m benchmarks.selectors --data fundus near-fundus prostate
    python -m benchmarks.selectors --data vessels --vessels FOLDER
    python -m benchmarks.selectors --data vessels --vessels FOLDER --seeds 0 --selectors vgg11-reference --rounds 6

FOLDER holds one folder a site with `images` and `masks` of the same file names; without it the vessels are skipped.
Prints two Markdown tables for each data set: selectors, then the super model's Dice. Selectors are trained through the
engine's own functions, apart from the segmentation models, which train in `run_rounds` with the closed-form selector.
One thread; what it took is in docs/selector.md.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import torch

from benchmarks.selector_routing import DiceRow, dice_of_routings
from benchmarks.selector_sites import Federation, make_federation
from worker.engine.checkpoint import to_bytes
from worker.engine.federation import run_rounds
from worker.engine.plan import GLOBAL, State, Tensors
from worker.engine.selectors.base import Selector
from worker.engine.selectors.lda import LdaSelector
from worker.engine.selectors.softmax import SoftmaxSelector
from worker.engine.strategies.fedsm import FedSM

SHRINKAGE, MINIMUM_CASES, NUM_BINS = 0.1, 5, 10
GOOD_ACCURACY = 0.9
SIMILARITY = 2.0
SELECTORS: Mapping[str, Selector] = {
    "lda-descriptors": LdaSelector(SHRINKAGE, MINIMUM_CASES, "descriptors"),
    "lda-encoder": LdaSelector(SHRINKAGE, MINIMUM_CASES, "encoder"),
    "lda-both": LdaSelector(SHRINKAGE, MINIMUM_CASES, "both"),
    "cnn-reference": SoftmaxSelector("cnn", 1e-3, "reference"),
    "cnn-pooled": SoftmaxSelector("cnn", 1e-4, "pooled_gradient"),
    "cnn-pooled-1e-3": SoftmaxSelector("cnn", 1e-3, "pooled_gradient"),
    "vgg11-reference": SoftmaxSelector("vgg11", 1e-3, "reference"),
}
#: Its updates are 1.5 GB.
HEAVY = "vgg11-reference"
#: The others run only when asked for.
USUAL = ("lda-descriptors", "lda-encoder", "lda-both", "cnn-reference", "cnn-pooled")


@dataclass(frozen=True)
class Trained:
    """What became of one selector on one federation: by round its accuracy on the test cases, and its last answers."""

    accuracies: list[float]
    probabilities: torch.Tensor
    nll: float
    ece: float
    bytes_first: float
    bytes_later: float

    @property
    def round_of_good_accuracy(self) -> int | None:
        """The first round from which on it was never again at or below GOOD_ACCURACY."""
        bad = [round_ for round_, accuracy in enumerate(self.accuracies, start=1) if accuracy <= GOOD_ACCURACY]
        first = bad[-1] + 1 if bad else 1
        return first if first <= len(self.accuracies) else None


def train_selector(selector: Selector, federation: Federation, global_models: Sequence[Tensors]) -> Trained:
    """Round r's sites hold global_models[r - 1]."""
    plan, cases = federation.plan, [case for _, case in federation.test_cases]
    labels = torch.tensor([index for index, _ in federation.test_cases])
    state: State = {GLOBAL: global_models[0]} | selector.initial_parts(plan)
    sizes: list[float] = []
    accuracies: list[float] = []
    for round_, weights in enumerate(global_models[: plan.rounds], start=1):
        state |= {GLOBAL: weights}
        updates = {}
        for site, data in federation.sites.items():
            parts = {name: state[name] for name in (GLOBAL, *selector.downloads(site)) if name in state}
            updates[site] = selector.site_update(parts, (data,), site, round_, plan, lambda _: None)
            selector.check(state, site, updates[site], plan)
        sizes.append(mean(sum(len(to_bytes(part)) for part in update.values()) for update in updates.values()))
        num_cases = {site: float(len(data.train)) for site, data in federation.sites.items()}
        state = {GLOBAL: weights} | selector.aggregate(state, updates, num_cases, plan)
        rows = selector.probabilities(state.__getitem__, cases, plan)
        accuracies.append(float((rows.argmax(dim=1) == labels).double().mean()))
    own = rows[torch.arange(len(labels)), labels].clamp_min(1e-12)
    later = mean(sizes[1:]) if len(sizes) > 1 else sizes[0]
    return Trained(accuracies, rows, float(-own.log().mean()), _ece(rows, labels), sizes[0], later)


def _ece(rows: torch.Tensor, labels: torch.Tensor) -> float:
    """Expected calibration error in NUM_BINS bins of equal width."""
    largest, chosen = rows.max(dim=1)
    bins = (largest * NUM_BINS).long().clamp_max(NUM_BINS - 1)
    gaps = (chosen == labels).double() - largest
    return float(sum(gaps[bins == b].sum().abs() for b in range(NUM_BINS))) / len(rows)


def segmentation_runs(federation: Federation, lambda_: float) -> tuple[list[Tensors], dict[str, State]]:
    """The global model before each round, and the last state of FedSM with either SoftPull."""
    global_models: list[Tensors] = []
    last: dict[str, State] = {}
    for name, similarity in (("uniform", 0.0), (f"similarity {SIMILARITY:g}", SIMILARITY)):
        strategy = FedSM(lambda_, 0.9, SELECTORS["lda-descriptors"], similarity, "hard")
        records = run_rounds(strategy, federation.sites, federation.plan)
        for record in records:
            if name == "uniform":
                global_models.append(record.state[GLOBAL])
            last[name] = record.state
    return global_models, last


def compare(federation: Federation, names: Sequence[str], lambda_: float) -> tuple[dict[str, Trained], list[DiceRow]]:
    if list(names) == [HEAVY]:  # it needs no global model: do not train any
        blank: list[Tensors] = [{} for _ in range(federation.plan.rounds)]
        return {HEAVY: train_selector(SELECTORS[HEAVY], federation, blank)}, []
    global_models, last = segmentation_runs(federation, lambda_)
    trained = {name: train_selector(SELECTORS[name], federation, global_models) for name in names}
    routings = {name: result.probabilities for name, result in trained.items()}
    rows = [
        row
        for pull, state in last.items()
        for row in dice_of_routings(federation, state, routings if pull == "uniform" else _first(routings), pull)
    ]
    return trained, rows


def _first(routings: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    name = next(iter(routings))
    return {name: routings[name]}


def selector_table(results: Sequence[dict[str, Trained]], rounds: int) -> str:
    """Means over seeds; of rounds, every seed's."""
    lines = [
        f"| selector | accuracy, round 1 | accuracy, round {rounds} | NLL | ECE | rounds to > 90 % | sent by a site, "
        "round 1 | later, a round |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in results[0]:
        of = [result[name] for result in results]
        good = ", ".join(str(t.round_of_good_accuracy or "never") for t in of)
        first, last = mean(t.accuracies[0] for t in of), mean(t.accuracies[-1] for t in of)
        sizes = f"{_size(mean(t.bytes_first for t in of))} | {_size(mean(t.bytes_later for t in of))}"
        nll, ece = mean(t.nll for t in of), mean(t.ece for t in of)
        lines.append(f"| {name} | {first:.3f} | {last:.3f} | {nll:.3f} | {ece:.3f} | {good} | {sizes} |")
    return "\n".join(lines)


def dice_table(results: Sequence[list[DiceRow]]) -> str:
    """Means over seeds of the mean over test cases and structures."""
    lines = [
        "| SoftPull | selector | global model | own model, site known | hard, gamma 0.9 | share to global "
        "| hard, gamma 0 | soft |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rows in zip(*results, strict=True):
        columns = ("global_", "own", "hard", "share_global", "always", "soft")
        cells = [f"{mean(getattr(row, column) for row in rows):.4f}" for column in columns]
        lines.append(" | ".join((f"| {rows[0].pull}", rows[0].selector, *cells)) + " |")
    return "\n".join(lines)


def _size(num_bytes: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= size:
            return f"{num_bytes / size:.2f} {unit}"
    return f"{num_bytes:.0f} B"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = ("fundus", "near-fundus", "vessels", "prostate")
    parser.add_argument("--data", nargs="+", choices=every, default=every)
    parser.add_argument("--vessels", type=Path, help="folder of the vessel sites; without it they are skipped")
    parser.add_argument("--selectors", nargs="+", choices=list(SELECTORS), default=USUAL)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--lambda", dest="lambda_", type=float, default=0.7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.data:
        if name == "vessels" and (options.vessels is None or not options.vessels.is_dir()):
            print(f"vessels skipped: --vessels {options.vessels} is no folder\n")
            continue
        started = time.monotonic()
        results = []
        for seed in options.seeds:
            federation = make_federation(name, seed, options.rounds, options.vessels or Path())
            results.append(compare(federation, options.selectors, options.lambda_))
        print(f"### {name}, {options.rounds} rounds, seeds {options.seeds}, {time.monotonic() - started:.0f} s\n")
        print(selector_table([trained for trained, _ in results], options.rounds), end="\n\n")
        if results[0][1]:
            print(dice_table([rows for _, rows in results]), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
