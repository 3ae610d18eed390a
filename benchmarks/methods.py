"""Every method on the same sites, with the same network and schedule: one table.

    python -m benchmarks.methods [--no-synthetic] [--vessels FOLDER] [--seeds 3] [--rounds 20] [--only NAME ...]

    python -m benchmarks.methods --medsegbench    the methods of FL-MedSegBench, and FedSM beside them

A method that asks for another optimizer or network is compared with FedAvg under those settings, in a block of its own.
What was run already is read from the state file, so that an interrupted benchmark goes on where it stopped.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import RunSpec
from benchmarks.method_sites import Workload, synthetic, vessels
from worker.engine.checkpoint import to_bytes
from worker.engine.data import Case, SiteData
from worker.engine.evaluation import segmentation_parts
from worker.engine.federation import data_of, run_rounds, train_and_transform, validate_state
from worker.engine.local_training import mean_local_steps
from worker.engine.metrics import dice
from worker.engine.plan import Plan
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.base import SiteContext, Strategy, fusion_of
from worker.engine.super_model import MIXTURE, predict_cases
from worker.in_process.best_round import best_round
from worker.jobs.build import build_plan, build_strategy
from worker.process.hardware import describe_hardware

ADAM: dict[str, Any] = {}
#: Plain SGD needs a larger rate than Adam; chosen on FedAvg, synthetic sites, seed 0, of 0.03, 0.1, 0.3 and 1, by test
#: Dice: `benchmarks.tune` chooses by validation.
SGD: dict[str, Any] = {"schedule": {"optimizer": "sgd", "momentum": 0.0, "learning_rate": 0.3}}
#: Every test case is of a site that trains: the limit for images of no site is left off.
NO_LIMIT: dict[str, Any] = {"name": "lda", "farthest": None}
BATCH_NORM: dict[str, Any] = {"network": {"norm": "batch"}}


@dataclass(frozen=True)
class Method:
    """A row: what is shown, the strategy, and the settings in which its block differs from the workload's."""

    label: str
    strategy: dict[str, Any]
    settings: dict[str, Any]


def _methods(rounds: int) -> tuple[tuple[str, tuple[Method, ...]], ...]:
    """Blocks of methods that may be compared with one another."""
    adam = (
        ("Centralized", {"name": "centralized"}),
        ("Local-only", {"name": "local-only"}),
        ("FedAvg", {"name": "fedavg"}),
        ("FedProx", {"name": "fedprox", "mu": 0.1}),
        ("FedAvgM", {"name": "fedavgm"}),
        ("FedAdam", {"name": "fedadam"}),
        ("FedYogi", {"name": "fedyogi"}),
        ("FedAdagrad", {"name": "fedadagrad"}),
        ("FedDyn", {"name": "feddyn"}),
        ("MOON", {"name": "moon"}),
        ("FedAWA", {"name": "fedawa"}),
        ("FedLWS", {"name": "fedlws"}),
        ("Cyclic weight transfer", {"name": "cyclic"}),
        ("FedAvg, median", {"name": "fedavg", "aggregation": {"name": "median"}}),
        ("FedAvg, trimmed mean", {"name": "fedavg", "aggregation": {"name": "trimmed-mean"}}),
        ("Ditto", {"name": "ditto", "lambda": 1.0}),
        ("MR-MTL", {"name": "mr-mtl", "lambda": 0.1}),
        ("FedPer", {"name": "fedper"}),
        ("FedRep", {"name": "fedrep"}),
        ("FedRoD", {"name": "fedrod"}),
        ("FedRDN", {"name": "fedrdn"}),
        ("IOP-FL", {"name": "iop-fl"}),
        ("FedAvg + fine-tuning", {"name": "fine-tuning", "fine_tuning_rounds": max(1, rounds // 4)}),
        ("APFL", {"name": "apfl"}),
        ("pFedMe", {"name": "pfedme", "lambda": 1.0, "inner_steps": 2, "local_learning_rate": 0.5}),
        ("FedALA", {"name": "fedala"}),
        ("Consensus, mean", {"name": "consensus"}),
        ("Consensus, majority", {"name": "consensus", "fusion": "majority"}),
        ("Consensus, STAPLE", {"name": "consensus", "fusion": "staple"}),
        ("FedSM", {"name": "fedsm", "lambda": 0.7, "selector": NO_LIMIT}),
        ("FedSM, lambda 0.9", {"name": "fedsm", "lambda": 0.9, "selector": NO_LIMIT}),
        ("FedSM, soft routing", {"name": "fedsm", "lambda": 0.9, "routing": "soft", "selector": NO_LIMIT}),
        ("FedSM, similarity 2", {"name": "fedsm", "lambda": 0.9, "similarity": 2.0, "selector": NO_LIMIT}),
        ("FedSM, CNN selector", {"name": "fedsm", "lambda": 0.9, "selector": {"name": "cnn"}}),
    )
    sgd = (
        ("FedAvg", {"name": "fedavg"}),
        ("SCAFFOLD", {"name": "scaffold"}),
        ("FedNova", {"name": "fednova"}),
    )
    batch_norm = (
        ("FedAvg", {"name": "fedavg"}),
        ("FedBN", {"name": "fedbn"}),
        ("SiloBN", {"name": "silobn"}),
    )
    return (
        ("Adam, instance norm", tuple(Method(label, strategy, ADAM) for label, strategy in adam)),
        ("plain SGD", tuple(Method(f"{label} (SGD)", strategy, SGD) for label, strategy in sgd)),
        ("batch norm", tuple(Method(f"{label} (batch norm)", strategy, BATCH_NORM) for label, strategy in batch_norm)),
    )


def medsegbench() -> tuple[tuple[str, tuple[Method, ...]], ...]:
    """The methods of Zhu et al., "FL-MedSegBench", arXiv 2603.11659 (2026), as its code lists them, and FedSM.

    All on one network with batch norm, which FedBN and SiloBN ask for. Its PN (population normalization) is not here.
    """
    generic = ("FedAvg", "FedProx", "FedAWA", "FedRDN", "FedLWS", "MOON")
    personalized = ("Ditto", "FedBN", "FedPer", "FedRoD", "SiloBN")
    fedsm: dict[str, Any] = {"name": "fedsm", "selector": NO_LIMIT}
    sgd = BATCH_NORM | SGD
    return (
        ("generic", tuple(Method(f"{label} (medseg)", {"name": label.lower()}, BATCH_NORM) for label in generic)),
        (
            "generic, plain SGD",
            tuple(Method(f"{label} (medseg, SGD)", {"name": label.lower()}, sgd) for label in ("FedAvg", "FedNova")),
        ),
        (
            "personalized",
            tuple(Method(f"{label} (medseg)", {"name": label.lower()}, BATCH_NORM) for label in personalized),
        ),
        ("FedSM", (Method("FedSM (medseg)", fedsm, BATCH_NORM),)),
    )


def main() -> int:
    parser = benchmark_parser(__doc__, 20, "methods-benchmark.json")
    parser.add_argument("--medsegbench", action="store_true", help="the methods of FL-MedSegBench, and FedSM")
    options = parser.parse_args()
    torch.set_num_threads(1)
    blocks = medsegbench() if options.medsegbench else _methods(options.rounds)
    workloads = chosen_workloads(options)
    done = run_missing(workloads, [method for _, methods in blocks for method in methods], options)
    print(f"python -m benchmarks.methods {' '.join(sys.argv[1:])}\n{describe_hardware()}, one thread\n")
    for workload in workloads:
        print("\n".join(_table(workload, blocks, done, options)))
    return 0


def chosen_workloads(options: argparse.Namespace) -> list[Workload]:
    """Those that the options of `benchmark_parser` ask for."""
    workloads = [synthetic(options.rounds)] if options.synthetic else []
    if options.vessels is not None:
        workloads.append(vessels(options.vessels, options.rounds))
    return workloads


def run_missing(
    workloads: Sequence[Workload], methods: Sequence[Method], options: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """Runs what the state file lacks, and writes it after each run. Returns every result by `result_key`."""
    done: dict[str, dict[str, Any]] = json.loads(options.state.read_text()) if options.state.exists() else {}
    for workload in workloads:
        sites = workload.load()
        for seed in range(options.seeds):
            for method in methods:
                key = result_key(workload, options.rounds, seed, method.label)
                if key in done or (options.only and method.label not in options.only):
                    continue
                done[key] = run_method(workload, sites, method, seed)
                print(f"{key}: {done[key]['dice']:.4f} in {done[key]['seconds']:.0f} s", file=sys.stderr)
                options.state.write_text(json.dumps(done, indent=1))
    return done


def result_key(workload: Workload, rounds: int, seed: int, label: str) -> str:
    """Of one run in the state file."""
    return f"{workload.name}/{rounds}/{seed}/{label}"


def run_method(workload: Workload, sites: dict[str, SiteData], method: Method, seed: int) -> dict[str, Any]:
    """Mean test Dice over cases and structures, that when each case's site is known, that of the worst site, the
    best round and its validation Dice, CPU seconds, and what a site sends in a round."""
    plan, strategy = prepared(workload, sites, method, seed)
    started = time.process_time()
    records = list(run_rounds(strategy, sites, plan))
    seconds = time.process_time() - started
    found = best_round({record.round: record.metrics for record in records}, strategy.criterion)
    best = found.round
    scores = [case_scores(strategy, records[best].state, data, plan) for data in sites.values()]
    every = [score for of_site in scores for score in of_site]
    return {
        "dice": _mean([score.chosen for score in every]),
        "site_known": _mean([score.own for score in every]),
        "worst_site": min(_mean([score.chosen for score in of_site]) for of_site in scores),
        "best_round": best,
        "validation": found.dice,
        "seconds": seconds,
        "megabytes": bytes_sent(strategy, sites, records[plan.rounds - 1].state, plan) / 1e6,
    }


def prepared(workload: Workload, sites: Mapping[str, SiteData], method: Method, seed: int) -> tuple[Plan, Strategy]:
    """What trains a row."""
    fields = workload.config.model_dump(mode="json")
    for section, changes in method.settings.items():
        fields[section] |= changes
    config = ExperimentConfig.model_validate(fields | {"strategies": [method.strategy], "seeds": [seed]})
    strategy_config: StrategyConfig = config.strategies[0]
    run = RunSpec(
        run_id="benchmark",
        config=config,
        strategy=FedAvgConfig(),
        seed=seed,
        task=workload.task,
        sites=tuple(sites),
    )
    steps = mean_local_steps([data.train for data in sites.values()], build_plan(run, torch.device("cpu")))
    run = run.model_copy(update={"strategy": strategy_config, "site_steps": steps})
    return build_plan(run, torch.device("cpu")), build_strategy(strategy_config)


def bytes_sent(strategy: Strategy, sites: Mapping[str, SiteData], state: State, plan: Plan) -> int:
    """By the first participant, from a state, in the last round."""
    participant = strategy.participants(plan.sites)[0]
    parts = {name: state[name] for name in strategy.downloads(state.keys(), participant)}
    data = data_of(participant, sites, plan)
    before = SiteContext(plan, participant, plan.rounds - 1, None, lambda _: None)
    _, report = validate_state(strategy, state.keys(), state.__getitem__, data, before)
    context = SiteContext(plan, participant, plan.rounds, None, lambda _: None)
    update = train_and_transform(strategy, parts, data, context, report)
    return sum(len(to_bytes(part)) for part in update.parts.values())


@dataclass(frozen=True)
class CaseScore:
    """Of one case, mean over its structures: by the model that the method uses for it, and by its own site's."""

    chosen: float
    own: float


def case_scores(strategy: Strategy, state: dict[str, Any], site: SiteData, plan: Plan) -> list[CaseScore]:
    """Of the site's test cases. FedSM's super model does not know the site of a test case; personalized methods do."""
    own = personalized(site.site)
    if strategy.criterion == "global" or own not in segmentation_parts(state.keys(), plan):
        own = GLOBAL
    routes = strategy.routes(state.__getitem__, site.test, plan)
    chosen = [route.chosen_model for route in routes] or [own] * len(site.test)
    soft = MIXTURE in chosen
    mixtures = [route.shares for route in routes]
    wanted = [[own] if name == MIXTURE else [own, name] for name in chosen]
    masks = predict_cases(state.__getitem__, site.test, wanted, plan, mixtures if soft else None, fusion_of(routes))
    return [
        CaseScore(_mean_dice(by_part[name], case), _mean_dice(by_part[own], case))
        for case, by_part, name in zip(site.test, masks, chosen, strict=True)
    ]


def _mean_dice(masks: NDArray[np.bool_], case: Case) -> float:
    values = [dice(mask, reference) for mask, reference in zip(masks, case.reference_original, strict=True)]
    return _mean([value for value in values if value is not None])


def _table(
    workload: Workload, blocks: Sequence[tuple[str, Sequence[Method]]], done: dict[str, Any], options: Any
) -> Iterator[str]:
    yield f"## {workload.name}: {options.rounds} rounds, {options.seeds} seed(s)\n"
    yield "| method | test Dice | site known | worst site | best round | CPU s | MB up |"
    yield "|---|---|---|---|---|---|---|"
    for title, methods in blocks:
        yield f"| *{title}* | | | | | | |"
        for method in methods:
            keys = [result_key(workload, options.rounds, seed, method.label) for seed in range(options.seeds)]
            rows = [done[key] for key in keys if key in done]
            if rows:
                yield _row(method.label, rows)
    yield ""


def _row(label: str, rows: list[dict[str, Any]]) -> str:
    scores = [row["dice"] for row in rows]
    spread = f" ± {statistics.stdev(scores):.3f}" if len(scores) > 1 else ""
    known = _mean([row["site_known"] for row in rows])
    worst, seconds = _mean([row["worst_site"] for row in rows]), _mean([row["seconds"] for row in rows])
    rounds = "/".join(str(row["best_round"]) for row in rows)
    size = rows[0]["megabytes"]
    return (
        f"| {label} | {_mean(scores):.3f}{spread} | {known:.3f} | {worst:.3f} | {rounds} | {seconds:.0f} | {size:.2f} |"
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def benchmark_parser(description: str | None, rounds: int, state: str) -> argparse.ArgumentParser:
    """The options of a benchmark of methods. rounds, state: defaults."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vessels", type=Path, help="folder whose sub-folders are sites with images/ and masks/")
    parser.add_argument("--synthetic", action=argparse.BooleanOptionalAction, default=True, help="the synthetic sites")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--only", nargs="*", default=[], help="labels of methods")
    parser.add_argument("--state", type=Path, default=Path(state))
    return parser


if __name__ == "__main__":
    sys.exit(main())
