"""What closes the gap to centralized training: each option alone and together, over seeds, next to the references.

    python -m benchmarks.gap [--on synthetic near-fundus demo ...] [--seeds 3] [--rounds 16] [--rows LABEL ...]
    python -m benchmarks.gap --rounds 25 --local-epochs 4
    python -m benchmarks.gap --on vessels --vessels FOLDER [--image-size 96] [--held-out hrf]
    python -m benchmarks.gap --train-no-more --state benchmarks/results/gap.json     the tables of docs/gap.md

Prints tables for each workload: the options, the gap taken apart, FedSM against what it must beat, and clinics that
train no model. Validation
cases decide whatever is chosen: the best round, a threshold, and whether an option counts as one that helps. Test cases
are printed and choose nothing. Every result, with the score of each test case, is in the state file, so that an
interrupted benchmark goes on where it stopped and a table can be made again of it. Options that change no bit of
training are computed from one training (gap_scores.py, gap_fedsm.py).
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.gap_fedsm import scores_of_fedsm
from benchmarks.gap_scores import scores_of_iop_fl, scores_of_method
from benchmarks.gap_tables import tables
from benchmarks.gap_workloads import NAMES, SIZED, workload
from benchmarks.method_sites import Workload, held_out
from benchmarks.methods import NO_LIMIT, Method, bytes_sent, prepared
from worker.engine.federation import RoundRecord, run_rounds
from worker.engine.strategies.fedsm import FedSM
from worker.engine.strategies.iopfl import IOPFL
from worker.process.hardware import describe_hardware

FEDSM: dict[str, Any] = {"name": "fedsm", "lambda": 0.7, "selector": NO_LIMIT}
WARMED_UP = "FedSM, momentum 0.9 of all models, warm-up of 3 rounds"


def rows(has_outside: bool) -> tuple[Method, ...]:
    """Every training, the most wanted first. has_outside: sites outside the federation are tested, for which the
    selector's limit for images of no site is left on."""
    fedsm = FEDSM | {"selector": {"name": "lda"}} if has_outside else FEDSM
    all_models = {"momentum_models": "all"}
    return (
        Method("FedSM", fedsm, {}),
        Method("Centralized", {"name": "centralized"}, {}),
        Method("Centralized, equal steps", {"name": "centralized", "steps": "equal"}, {}),
        Method("Local-only", {"name": "local-only"}, {}),
        Method("FedAvg", {"name": "fedavg"}, {}),
        Method("FedSM, lambda 0.9", fedsm | {"lambda": 0.9}, {}),
        Method("FedSM, lambda 0.9, by depth 1", fedsm | {"lambda": 0.9, "pull_by_depth": 1.0}, {}),
        Method("FedSM, lambda from 0.4 to 0.9", fedsm | {"lambda": 0.9, "lambda_start": 0.4}, {}),
        Method("FedSM, 4 rounds without a pull", fedsm | {"rounds_without_pull": 4}, {}),
        Method("FedSM, momentum 0.9 of all models", fedsm | all_models | {"server_momentum": 0.9}, {}),
        Method(WARMED_UP, fedsm | all_models | {"server_momentum": 0.9, "momentum_warmup": 3.0}, {}),
        Method("FedSM, momentum 0.5 of all models", fedsm | all_models | {"server_momentum": 0.5}, {}),
        Method("FedSM, lambda from 0.7 to 1", fedsm | {"lambda": 1.0, "lambda_start": 0.7}, {}),
        Method("Ditto", {"name": "ditto"}, {}),
        Method("FedDyn", {"name": "feddyn"}, {}),
        Method("FedAvgM", {"name": "fedavgm"}, {}),
        Method("FedSM, similarity 2", fedsm | {"similarity": 2.0}, {}),
        Method("Local-only, equal steps", {"name": "local-only", "steps": "equal"}, {}),
        Method("FedSM, by depth 1", fedsm | {"pull_by_depth": 1.0}, {}),
        Method("FedSM, by depth 0.5", fedsm | {"pull_by_depth": 0.5}, {}),
        Method("FedSM, server momentum 0.5", fedsm | {"server_momentum": 0.5}, {}),
        Method("FedRDN", {"name": "fedrdn"}, {}),
        Method("IOP-FL", {"name": "iop-fl"}, {}),
        Method("FedAWA", {"name": "fedawa"}, {}),
        Method("FedRoD", {"name": "fedrod"}, {}),
        Method("MOON", {"name": "moon"}, {}),
        Method("FedLWS", {"name": "fedlws"}, {}),
        Method("Cyclic weight transfer", {"name": "cyclic"}, {}),
        Method("Consensus, mean", {"name": "consensus"}, {}),
        Method("Consensus, majority", {"name": "consensus", "fusion": "majority"}, {}),
        Method("Consensus, STAPLE", {"name": "consensus", "fusion": "staple"}, {}),
    )


def main() -> int:
    options = make_parser().parse_args()
    torch.set_num_threads(1)
    print(f"python -m benchmarks.gap {' '.join(sys.argv[1:])}\n{describe_hardware()}, one thread\n")
    for name in options.on:
        chosen = _of_command(name, options)
        has_outside = name == "demo" or options.held_out is not None
        methods = [row for row in rows(has_outside) if not options.rows or row.label in options.rows]
        if not options.train_no_more:
            _run_missing(chosen, methods, options)
        labels = [method.label for method in methods]
        found = found_in(_read(options.state), chosen.name, options.rounds, range(options.seeds), labels)
        if found:
            print("\n".join(tables(chosen.name, options.rounds, found)))
    return 0


def _of_command(name: str, options: argparse.Namespace) -> Workload:
    chosen = workload(name, options.rounds, options.vessels, options.image_size)
    chosen = _with_epochs(chosen, options.local_epochs)
    return held_out(chosen, options.held_out) if options.held_out else chosen


def _with_epochs(chosen: Workload, epochs: int) -> Workload:
    """Of every row, so that efforts stay equal."""
    schedule = chosen.config.schedule.model_copy(update={"local_epochs": epochs})
    return replace(chosen, config=chosen.config.model_copy(update={"schedule": schedule}))


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gap", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--on", nargs="+", choices=NAMES, default=["synthetic"], help="workloads")
    parser.add_argument("--vessels", type=Path, help="folder whose sub-folders are sites with images/ and masks/")
    parser.add_argument("--image-size", type=int, help=f"pixels that a model sees, of {' and '.join(SIZED)}")
    parser.add_argument("--held-out", metavar="SITE", help="a site that trains no model and is tested")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--local-epochs", type=int, default=2, help="of every row")
    parser.add_argument("--rows", nargs="*", default=[], help="labels of trainings; all without it")
    parser.add_argument("--train-no-more", action="store_true", help="print the tables of what is there")
    parser.add_argument("--state", type=Path, default=Path("gap-benchmark.json"))
    return parser


def result_key(chosen: Workload, seed: int, method: Method) -> str:
    """Of one training in the state file: other settings or defaults have another key."""
    fields = chosen.config.model_dump(mode="json", by_alias=True) | {"strategies": [method.strategy]}
    changed = {section: fields[section] | changes for section, changes in method.settings.items()}
    config = type(chosen.config).model_validate(fields | changed)
    settings = json.dumps(config.model_dump(mode="json", by_alias=True), sort_keys=True)
    digest = hashlib.sha256(settings.encode()).hexdigest()[:8]
    return f"{chosen.name}/{chosen.config.schedule.rounds}/{seed}/{method.label}/{digest}"


def found_in(
    done: Mapping[str, Any], name: str, rounds: int, seeds: Collection[int], labels: Sequence[str]
) -> dict[tuple[str, int], Any]:
    """By label, in their order, and seed what a state file has of a workload; of one training with several settings the
    one that was run last."""
    found = {}
    for key, result in done.items():
        workload_name, of_rounds, seed, label, _ = key.split("/")
        if (workload_name, of_rounds) == (name, str(rounds)) and int(seed) in seeds and label in labels:
            found[label, int(seed)] = result
    return {place: found[place] for place in sorted(found, key=lambda place: (labels.index(place[0]), place[1]))}


def _run_missing(chosen: Workload, methods: Sequence[Method], options: argparse.Namespace) -> None:
    """Seed by seed, and writes the state file after each training."""
    sites, outside = chosen.load(), chosen.outside()
    for seed in range(options.seeds):
        for method in methods:
            key = result_key(chosen, seed, method)
            if key in _read(options.state):
                continue
            started = time.process_time()
            plan, strategy = prepared(chosen, sites, method, seed)
            records = list(run_rounds(strategy, sites, plan))
            trained = time.process_time() - started
            match strategy:
                case FedSM():
                    scores = scores_of_fedsm(strategy, records, sites, outside, plan)
                case IOPFL():
                    scores = scores_of_iop_fl(strategy, records, sites, outside, plan)
                case _:
                    scores = scores_of_method(strategy, records, sites, outside, plan)
            result = {
                "steps": first_steps(records),
                "megabytes": bytes_sent(strategy, sites, records[plan.rounds - 1].state, plan) / 1e6,
                "cpu_seconds": round(trained, 1),
                "commit": _commit(),
                "options": scores,
            }
            options.state.write_text(json.dumps(_read(options.state) | {key: result}))
            print(f"{key}: {time.process_time() - started:.0f} CPU s", file=sys.stderr, flush=True)


def _read(state: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(state.read_text()) if state.exists() else {}
    return found


def first_steps(records: Sequence[RoundRecord]) -> float:
    """Gradient steps of the first round, the mean over those who train in it of the model that they train the most."""
    steps = [
        max(of_models)
        for points in records[1].metrics.values()
        if (of_models := [point.value for point in points if (point.split, point.name) == ("train", "steps")])
    ]
    return sum(steps) / len(steps)


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
