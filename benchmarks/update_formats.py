"""What updates in fewer bits save, and what they cost: bytes of a site's round, and Dice over seeds.

    python -m benchmarks.update_formats [--seeds 3] [--rounds 16] [--only LABEL ...] [--state FILE] [--json FILE]

FedAvg and default FedSM on the synthetic sites of `benchmarks.methods`, with the schedule's `update_format` in each of
its values. What was run already is read from the state file.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch

from backend.contracts.update_format import UpdateFormat
from benchmarks import record
from benchmarks.method_sites import Workload
from benchmarks.methods import (
    Method,
    benchmark_parser,
    case_scores,
    chosen_workloads,
    prepared,
    result_key,
)
from worker.engine.checkpoint import to_bytes
from worker.engine.data import SiteData
from worker.engine.federation import data_of, run_rounds, train_and_transform, validate_state
from worker.engine.plan import Plan
from worker.engine.progress import no_progress
from worker.engine.state import State, Tensors
from worker.engine.strategies.base import SiteContext, Strategy
from worker.in_process.best_round import best_round
from worker.process.hardware import describe_hardware

METHODS = {"FedAvg": {"name": "fedavg"}, "FedSM": {"name": "fedsm"}}
FORMATS: tuple[UpdateFormat, ...] = get_args(UpdateFormat)


@dataclass(frozen=True)
class Traffic:
    """Bytes of a round, of all participants together: what is downloaded to validate and to train, and sent."""

    down: int
    up: int


def rows() -> Iterator[Method]:
    """Each method in each format."""
    for name, strategy in METHODS.items():
        for form in FORMATS:
            settings = {} if form == "float32" else {"schedule": {"update_format": form}}
            yield Method(label_of(name, form), strategy, settings)


def label_of(method: str, form: UpdateFormat) -> str:
    """Of a row."""
    return f"{method}, {form}"


def traffic(strategy: Strategy, sites: Mapping[str, SiteData], state: State, plan: Plan, round_: int) -> Traffic:
    """Of the round that begins with this state, as the platform counts it: a part that is validated and trained from is
    downloaded once, and a model of another site only where routing chooses it."""
    sizes = {name: len(to_bytes(part)) for name, part in state.items()}
    down = up = 0
    for participant in strategy.round_participants(plan, round_):
        loaded = set(strategy.downloads(state.keys(), participant))

        def load(name: str, loaded: set[str] = loaded) -> Tensors:
            loaded.add(name)
            return state[name]

        data = data_of(participant, sites, plan)
        before = SiteContext(plan, participant, round_ - 1, None, no_progress)
        _, report = validate_state(strategy, state.keys(), load, data, before)
        parts = {name: state[name] for name in strategy.downloads(state.keys(), participant)}
        context = SiteContext(plan, participant, round_, None, no_progress, load)
        update = train_and_transform(strategy, parts, data, context, report)
        down += sum(sizes[name] for name in loaded)
        up += sum(len(to_bytes(part)) for part in update.parts.values())
    return Traffic(down, up)


def run_row(workload: Workload, sites: dict[str, SiteData], method: Method, seed: int) -> dict[str, Any]:
    """Mean test Dice of the best round, its validation Dice, and the traffic of the last round."""
    plan, strategy = prepared(workload, sites, method, seed)
    records = list(run_rounds(strategy, sites, plan))
    found = best_round({record.round: record.metrics for record in records}, strategy.criterion)
    state = records[found.round].state
    scores = [score.chosen for data in sites.values() for score in case_scores(strategy, state, data, plan)]
    moved = traffic(strategy, sites, records[plan.rounds - 1].state, plan, plan.rounds)
    return {
        "dice": statistics.fmean(scores),
        "validation": found.dice,
        "best_round": found.round,
        "bytes_down": moved.down,
        "bytes_up": moved.up,
    }


def main() -> int:
    """Runs what is missing, and prints a table for each workload."""
    parser = benchmark_parser(__doc__, 16, "update-formats.json")
    parser.add_argument("--json", type=Path, help="where to keep the results, such as benchmarks/results/NAME.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    done: dict[str, dict[str, Any]] = json.loads(options.state.read_text()) if options.state.exists() else {}
    workloads = chosen_workloads(options)
    for workload in workloads:
        sites = workload.load()
        for seed in range(options.seeds):
            for method in rows():
                key = result_key(workload, options.rounds, seed, method.label)
                if key in done or (options.only and method.label not in options.only):
                    continue
                started = time.process_time()
                done[key] = run_row(workload, sites, method, seed)
                print(f"{key}: {done[key]['dice']:.4f}, {time.process_time() - started:.0f} CPU s", file=sys.stderr)
                options.state.write_text(json.dumps(done, indent=1))
    print(f"python -m benchmarks.update_formats {' '.join(sys.argv[1:])}\n{describe_hardware()}, one thread\n")
    for workload in workloads:
        of_seeds = {
            method.label: [
                done[key]
                for seed in range(options.seeds)
                if (key := result_key(workload, options.rounds, seed, method.label)) in done
            ]
            for method in rows()
        }
        print("\n".join(table(of_seeds)))
    if options.json is not None:
        record.write(options.json, record.about("benchmarks.update_formats") | {"results": done})
    return 0


def table(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """found: by label, one result for each seed. Differences are of equal seeds."""
    yield "| method | updates | up, of FedAvg's | up and down, of FedAvg's | test Dice | difference | by seed |"
    yield "|---|---|--:|--:|--:|--:|---|"
    usual = found[label_of("FedAvg", "float32")]
    for name in METHODS:
        whole = found[label_of(name, "float32")]
        for form in FORMATS:
            of_form = found[label_of(name, form)]
            if not (of_form and whole and usual):
                continue
            differences = [one["dice"] - other["dice"] for one, other in zip(of_form, whole, strict=False)]
            up = _mean_of(of_form, "bytes_up") / _mean_of(usual, "bytes_up")
            both = sum(_mean_of(of_form, key) for key in ("bytes_up", "bytes_down"))
            both /= sum(_mean_of(usual, key) for key in ("bytes_up", "bytes_down"))
            dice, mean = statistics.fmean(one["dice"] for one in of_form), statistics.fmean(differences)
            each = ", ".join(f"{value:+.4f}" for value in differences)
            yield f"| {name} | {form} | {up:.2f} | {both:.2f} | {dice:.4f} | {mean:+.4f} | {each} |"


def _mean_of(results: Sequence[Mapping[str, Any]], key: str) -> float:
    return statistics.fmean(result[key] for result in results)


if __name__ == "__main__":
    sys.exit(main())
