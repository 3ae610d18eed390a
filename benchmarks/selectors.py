"""Compares FedSM's model selectors, its two ways of routing and its two SoftPulls, on the same runs.

    python -m benchmarks.selectors --data fundus near-fundus prostate
    python -m benchmarks.selectors --data vessels --vessels FOLDER --seeds 0 1
    python -m benchmarks.selectors --data fundus --seeds 0 --selectors vgg11-reference --rounds 6
    python -m benchmarks.selectors --no-models --rounds 3 --selectors lda-descriptors lda-descriptors-quadratic-0.5

FOLDER holds one folder a site with `images` and `masks` of the same file names; without it the vessels are skipped.
Prints two Markdown tables for each data set: selectors, then the super model's Dice. With --unseen each site in turn is
left out of the federation, and Dice is that on the test cases of the one left out. Selectors are trained through the
engine's own functions, apart from the segmentation models, which train in `run_rounds` with the closed-form selector.
With --no-models these are left out: for selectors that need no encoder.
What was run already is read from the state file. One thread; figures are in docs/selector.md.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

import torch

from benchmarks.selector_records import UNCALIBRATED_SUFFIX, Records, SelectorRecord, dice_table, selector_table
from benchmarks.selector_routing import dice_of_routings
from benchmarks.selector_sites import DATA, DataName, Federation, make_federation, without
from worker.engine.checkpoint import to_bytes
from worker.engine.data import Case
from worker.engine.federation import run_rounds
from worker.engine.plan import Plan
from worker.engine.selectors.base import SELECTOR, Selector, one_answer_a_patient
from worker.engine.selectors.calibration import UNCALIBRATED
from worker.engine.selectors.lda import LdaSelector
from worker.engine.selectors.softmax import SoftmaxSelector
from worker.engine.state import GLOBAL, State, Tensors
from worker.engine.strategies.fedsm import FedSM
from worker.process.hardware import describe_hardware

SHRINKAGE, MINIMUM_CASES, NUM_BINS = 0.1, 5, 10
UNIFORM, SIMILARITY = "uniform", 2.0
SELECTORS: Mapping[str, Selector] = {
    "lda-descriptors": LdaSelector(SHRINKAGE, MINIMUM_CASES, "descriptors", math.inf),
    "lda-descriptors-farthest-10": LdaSelector(SHRINKAGE, MINIMUM_CASES, "descriptors", 10.0),
    "lda-encoder": LdaSelector(SHRINKAGE, MINIMUM_CASES, "encoder", math.inf),
    "lda-both": LdaSelector(SHRINKAGE, MINIMUM_CASES, "both", math.inf),
    "lda-descriptors-shrinkage-0.01": LdaSelector(0.01, MINIMUM_CASES, "descriptors", math.inf),
    "lda-descriptors-shrinkage-0.5": LdaSelector(0.5, MINIMUM_CASES, "descriptors", math.inf),
    "lda-descriptors-quadratic-0.2": LdaSelector(SHRINKAGE, MINIMUM_CASES, "descriptors", math.inf, 0.2),
    "lda-descriptors-quadratic-0.5": LdaSelector(SHRINKAGE, MINIMUM_CASES, "descriptors", math.inf, 0.5),
    "lda-descriptors-quadratic-0.9": LdaSelector(SHRINKAGE, MINIMUM_CASES, "descriptors", math.inf, 0.9),
    "cnn-reference": SoftmaxSelector("cnn", 1e-3, "reference"),
    "cnn-pooled-1e-3": SoftmaxSelector("cnn", 1e-3, "pooled_gradient"),
    "cnn-pooled-1e-4": SoftmaxSelector("cnn", 1e-4, "pooled_gradient"),
    "vgg11-reference": SoftmaxSelector("vgg11", 1e-3, "reference"),
    "vgg11-pooled-1e-4": SoftmaxSelector("vgg11", 1e-4, "pooled_gradient"),
}
#: Their updates are up to 1.5 GB: they run alone, only when asked for.
HEAVY = ("vgg11-reference", "vgg11-pooled-1e-4")
USUAL = (
    "lda-descriptors",
    "lda-descriptors-farthest-10",
    "lda-encoder",
    "lda-both",
    "cnn-reference",
    "cnn-pooled-1e-3",
    "cnn-pooled-1e-4",
)


@dataclass(frozen=True)
class Trained:
    """A selector after the last round, by name; where it has a temperature also as it would be without.

    answers: probabilities [N, K].
    """

    records: dict[str, SelectorRecord]
    answers: dict[str, torch.Tensor]


def train_selector(
    name: str, federation: Federation, global_models: Sequence[Tensors], unseen: Sequence[Case]
) -> Trained:
    """Round r's sites hold global_models[r - 1]. The answers are those to unseen cases, where there are any."""
    selector, plan = SELECTORS[name], federation.plan
    cases = [case for _, case in federation.test_cases]
    labels = torch.tensor([index for index, _ in federation.test_cases])
    state: State = {GLOBAL: global_models[0]} | selector.initial_parts(plan)
    sizes: list[float] = []
    accuracies: list[float] = []
    seconds = 0.0
    for weights in global_models[: plan.rounds]:
        started = time.process_time()
        state, size = _round(selector, state | {GLOBAL: weights}, federation, len(sizes) + 1)
        seconds += time.process_time() - started
        sizes.append(size)
        by_case = selector.probabilities(state.__getitem__, cases, plan)
        rows = one_answer_a_patient(by_case, cases)
        accuracies.append(_accuracy(rows, labels))
    later = mean(sizes[1:]) if len(sizes) > 1 else sizes[0]
    record = SelectorRecord(accuracies, _accuracy(by_case, labels), 0.0, 0.0, sizes[0], later, seconds)
    of_test = dict(_answers(name, selector, state, cases, plan))
    records = {of: replace(record, nll=_nll(rows, labels), ece=_ece(rows, labels)) for of, rows in of_test.items()}
    return Trained(records, dict(_answers(name, selector, state, unseen, plan)) if unseen else of_test)


def _round(selector: Selector, state: State, federation: Federation, round_: int) -> tuple[State, float]:
    """The state after the round, and the mean number of bytes of a site's update."""
    plan, updates = federation.plan, {}
    for site, data in federation.sites.items():
        parts = {name: state[name] for name in (GLOBAL, *selector.downloads(site)) if name in state}
        updates[site] = selector.site_update(parts, (data,), site, round_, plan, lambda _: None)
        selector.check(state, site, updates[site], plan)
    size = mean(sum(len(to_bytes(part)) for part in update.values()) for update in updates.values())
    num_cases = {site: float(len(data.train)) for site, data in federation.sites.items()}
    return {GLOBAL: state[GLOBAL]} | selector.aggregate(state, updates, num_cases, plan), size


def _answers(
    name: str, selector: Selector, state: State, cases: Sequence[Case], plan: Plan
) -> Iterator[tuple[str, torch.Tensor]]:
    yield name, one_answer_a_patient(selector.probabilities(state.__getitem__, cases, plan), cases)
    if isinstance(selector, LdaSelector):
        state = state | {SELECTOR: state[SELECTOR] | {"temperature": UNCALIBRATED["temperature"]}}
        rows = one_answer_a_patient(selector.probabilities(state.__getitem__, cases, plan), cases)
        yield f"{name}{UNCALIBRATED_SUFFIX}", rows


def _accuracy(rows: torch.Tensor, labels: torch.Tensor) -> float:
    return float((rows.argmax(dim=1) == labels).double().mean())


def _nll(rows: torch.Tensor, labels: torch.Tensor) -> float:
    """A probability of 0 of the right site counts as 1e-12."""
    return float(-rows[torch.arange(len(labels)), labels].clamp_min(1e-12).log().mean())


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
    for name, similarity in ((UNIFORM, 0.0), (f"similarity {SIMILARITY:g}", SIMILARITY)):
        strategy = FedSM(lambda_, 0.9, SELECTORS["lda-descriptors"], similarity, "hard")
        for record in run_rounds(strategy, federation.sites, federation.plan):
            if name == UNIFORM:
                global_models.append(record.state[GLOBAL])
            last[name] = record.state
    return global_models, last


def compare(
    federation: Federation, names: Sequence[str], lambda_: float, unseen: Sequence[Case], models: bool = True
) -> Records:
    """unseen: cases of a site outside the federation, on which Dice is then computed. models: whether segmentation
    models are trained."""
    if not models or set(names) <= set(HEAVY):  # they need no global model: do not train any
        blank: list[Tensors] = [{} for _ in range(federation.plan.rounds)]
        heavy = [train_selector(name, federation, blank, ()) for name in names]
        return Records({name: record for result in heavy for name, record in result.records.items()}, {})
    global_models, last = segmentation_runs(federation, lambda_)
    trained = [train_selector(name, federation, global_models, unseen) for name in names]
    routings = {name: rows for result in trained for name, rows in result.answers.items()}
    owners, cases = zip(*federation.test_cases, strict=True)
    dice = {
        pull: dice_of_routings(
            federation.plan, state, unseen or cases, None if unseen else owners, _asked(pull, routings)
        )
        for pull, state in last.items()
    }
    return Records({name: record for result in trained for name, record in result.records.items()}, dice)


def _asked(pull: str, routings: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The SoftPulls are compared by the first selector: the others would say the same."""
    return dict(list(routings.items())[: None if pull == UNIFORM else 1])


def _run(name: DataName, seed: int, left_out: str | None, names: Sequence[str], options: argparse.Namespace) -> Records:
    federation = make_federation(name, seed, options.rounds, options.vessels or Path())
    if left_out is None:
        return compare(federation, names, options.lambda_, (), options.models)
    return compare(without(federation, left_out), names, options.lambda_, federation.sites[left_out].test)


def _runs(name: DataName, options: argparse.Namespace) -> list[Records]:
    """Of every seed, and with --unseen of every site left out; what the state file has is not run again."""
    found = []
    sites = make_federation(name, 0, 1, options.vessels or Path()).plan.sites if options.unseen else (None,)
    for seed in options.seeds:
        for left_out in sites:
            key = f"{name}/{options.rounds}/{options.lambda_:g}/{seed}/{left_out or 'all'}"
            done = json.loads(options.state.read_text()) if options.state.exists() else {}
            records = Records.from_json(done[key]) if key in done else Records({}, {})
            if missing := [selector for selector in options.selectors if selector not in records.selectors]:
                started = time.monotonic()
                records = records.joined(_run(name, seed, left_out, missing, options))
                options.state.write_text(json.dumps(done | {key: records.to_json()}, indent=1))
                print(f"{key}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
            found.append(records.only(options.selectors))
    return found


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.selectors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", nargs="+", choices=DATA, default=DATA)
    parser.add_argument("--vessels", type=Path, help="folder of the vessel sites; without it they are skipped")
    parser.add_argument("--selectors", nargs="+", choices=list(SELECTORS), default=USUAL)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--lambda", dest="lambda_", type=float, default=0.7)
    parser.add_argument("--unseen", action="store_true", help="leave each site out in turn, and score it")
    parser.add_argument(
        "--models", action=argparse.BooleanOptionalAction, default=True, help="train segmentation models"
    )
    parser.add_argument("--state", type=Path, default=Path("selectors-benchmark.json"))
    return parser


def main() -> int:
    options = make_parser().parse_args()
    torch.set_num_threads(1)
    print(f"{describe_hardware()}, one thread\n")
    for name in options.data:
        if name == "vessels" and (options.vessels is None or not options.vessels.is_dir()):
            print(f"vessels skipped: --vessels {options.vessels} is no folder\n")
            continue
        records = _runs(name, options)
        unseen = ", each site left out in turn" if options.unseen else ""
        print(f"### {name}, {options.rounds} rounds, lambda {options.lambda_:g}, seeds {options.seeds}{unseen}\n")
        if not options.unseen:
            print("\n".join(selector_table(records, options.rounds)), end="\n\n")
        if records[0].dice:
            print("\n".join(dice_table(records)), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
