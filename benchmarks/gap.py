"""What closes the gap to centralized training: each option alone and together, over seeds, next to the references.

    python -m benchmarks.gap [--no-synthetic] [--vessels FOLDER] [--seeds 3] [--rounds 16] [--only LABEL ...]

A difference is to FedSM as it is without any option (to the same method without averages, for the references), seed by
seed. Every choice (best round, threshold, expected quality) is made on validation cases; test cases score only.
What was run already is read from the state file, so that an interrupted benchmark goes on where it stopped.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.method_sites import Workload, synthetic, vessels
from benchmarks.methods import NO_LIMIT, Method, run_method
from worker.process.hardware import describe_hardware

FEDSM: dict[str, Any] = {"name": "fedsm", "selector": NO_LIMIT}
#: The benchmark's synthetic sites have four validation cases each; these are nobody's.
QUALITY: dict[str, Any] = {"routing": "quality", "quality_minimum_cases": 1}


def options_of(rounds: int) -> tuple[tuple[Method, str | None], ...]:
    """Each row, and the label of the row that it is compared with."""
    mean: dict[str, Any] = {"schedule": {"averaging": "mean", "averaged_rounds": max(2, rounds // 3)}}
    ema: dict[str, Any] = {"schedule": {"averaging": "ema", "average_decay": 0.8}}
    return (
        (Method("Centralized", {"name": "centralized"}, {}), None),
        (Method("Centralized, mean of late rounds", {"name": "centralized"}, mean), "Centralized"),
        (Method("Local-only", {"name": "local-only"}, {}), None),
        (Method("Local-only, mean of late rounds", {"name": "local-only"}, mean), "Local-only"),
        (Method("FedAvg", {"name": "fedavg"}, {}), None),
        (Method("FedAvg, mean of late rounds", {"name": "fedavg"}, mean), "FedAvg"),
        (Method("FedSM", FEDSM, {}), None),
        (Method("FedSM, gamma auto", FEDSM | {"gamma": "auto"}, {}), "FedSM"),
        (Method("FedSM, quality of probabilities", FEDSM | QUALITY, {}), "FedSM"),
        (Method("FedSM, quality of descriptors", FEDSM | QUALITY | {"quality_from": "descriptors"}, {}), "FedSM"),
        (Method("FedSM, mean of late rounds", FEDSM, mean), "FedSM"),
        (Method("FedSM, moving average", FEDSM, ema), "FedSM"),
        (Method("FedSM, mean and gamma auto", FEDSM | {"gamma": "auto"}, mean), "FedSM"),
        (Method("FedSM, mean and quality of probabilities", FEDSM | QUALITY, mean), "FedSM"),
    )


def main() -> int:
    options = _parse()
    torch.set_num_threads(1)
    done = json.loads(options.state.read_text()) if options.state.exists() else {}
    workloads = [synthetic(options.rounds)] if options.synthetic else []
    if options.vessels is not None:
        workloads.append(vessels(options.vessels, options.rounds))
    rows = [row for row in options_of(options.rounds) if not options.only or row[0].label in options.only]
    for workload in workloads:
        sites = workload.load()
        for seed in range(options.seeds):
            for method, _ in rows:
                key = _key(workload, options.rounds, seed, method.label)
                if key not in done:
                    done[key] = run_method(workload, sites, method, seed)
                    print(f"{key}: {done[key]['dice']:.4f} in {done[key]['seconds']:.0f} s", file=sys.stderr)
                    options.state.write_text(json.dumps(done, indent=1))
    print(f"python -m benchmarks.gap {' '.join(sys.argv[1:])}\n{describe_hardware()}, one thread\n")
    for workload in workloads:
        print("\n".join(table(workload, rows, done, options.rounds, options.seeds)))
    return 0


def table(
    workload: Workload, rows: Sequence[tuple[Method, str | None]], done: dict[str, Any], rounds: int, seeds: int
) -> Iterator[str]:
    """Yields the lines of a Markdown table."""
    yield f"## {workload.name}: {rounds} rounds, {seeds} seed(s)\n"
    yield "| | test Dice | difference, by seed | site known | best round | MB up |"
    yield "|---|---|---|---|---|---|"
    for method, against in rows:
        found = [done[_key(workload, rounds, seed, method.label)] for seed in range(seeds)]
        dice, known = (sum(row[name] for row in found) / seeds for name in ("dice", "site_known"))
        keys = [_key(workload, rounds, seed, against) for seed in range(seeds)] if against else []
        differences = [row["dice"] - done[key]["dice"] for row, key in zip(found, keys, strict=False) if key in done]
        shown = " ".join(f"{difference:+.4f}" for difference in differences)
        best = "/".join(str(row["best_round"]) for row in found)
        yield f"| {method.label} | {dice:.4f} | {shown} | {known:.4f} | {best} | {found[0]['megabytes']:.3f} |"
    yield ""


def _key(workload: Workload, rounds: int, seed: int, label: str) -> str:
    return f"{workload.name}/{rounds}/{seed}/{label}"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vessels", type=Path, help="folder whose sub-folders are sites with images/ and masks/")
    parser.add_argument("--synthetic", action=argparse.BooleanOptionalAction, default=True, help="the synthetic sites")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--only", nargs="*", default=[], help="labels of rows")
    parser.add_argument("--state", type=Path, default=Path("gap-benchmark.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
