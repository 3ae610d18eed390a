"""What closes the gap to centralized training: each option alone and together, over seeds, next to the references.

    python -m benchmarks.gap [--no-synthetic] [--vessels FOLDER] [--seeds 3] [--rounds 16] [--only LABEL ...]

A difference is to FedSM as it is without any option (to the same method without averages, for the references), seed by
seed. Every choice (best round, threshold, expected quality) is made on validation cases; test cases score only.
What was run already is read from the state file, so that an interrupted benchmark goes on where it stopped.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from benchmarks.method_sites import Workload
from benchmarks.methods import NO_LIMIT, Method, benchmark_parser, chosen_workloads, result_key, run_missing
from worker.process.hardware import describe_hardware

FEDSM: dict[str, Any] = {"name": "fedsm", "selector": NO_LIMIT}
#: The benchmark's synthetic sites have four validation cases each; these are nobody's.
QUALITY: dict[str, Any] = {"routing": "quality", "quality_minimum_cases": 1}

SOFT: dict[str, Any] = {"routing": "soft"}
SOUP: dict[str, Any] = {"mixture": "weights"}
HALF: dict[str, Any] = {"global_share": 0.5}


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
        (Method("FedSM, lambda from 0.4 to 0.9", FEDSM | {"lambda": 0.9, "lambda_start": 0.4}, {}), "FedSM"),
        (Method("FedSM, lambda 0.9", FEDSM | {"lambda": 0.9}, {}), "FedSM"),
        (Method("FedSM, lambda 0.9, pull by depth 1", FEDSM | {"lambda": 0.9, "pull_by_depth": 1.0}, {}), "FedSM"),
        (Method("FedSM, pull by depth 0.5", FEDSM | {"pull_by_depth": 0.5}, {}), "FedSM"),
        (Method("FedSM, pull by depth 1", FEDSM | {"pull_by_depth": 1.0}, {}), "FedSM"),
        (Method("FedSM, server momentum 0.5", FEDSM | {"server_momentum": 0.5}, {}), "FedSM"),
        (Method("FedSM, soft routing", FEDSM | SOFT, {}), "FedSM"),
        (Method("FedSM, soup", FEDSM | SOFT | SOUP, {}), "FedSM"),
        (Method("FedSM, soft routing, half global", FEDSM | SOFT | HALF, {}), "FedSM"),
        (Method("FedSM, soup, half global", FEDSM | SOFT | SOUP | HALF, {}), "FedSM"),
        (Method("FedSM, mean of late rounds", FEDSM, mean), "FedSM"),
        (Method("FedSM, moving average", FEDSM, ema), "FedSM"),
        (Method("FedSM, mean and gamma auto", FEDSM | {"gamma": "auto"}, mean), "FedSM"),
        (Method("FedSM, mean and quality of probabilities", FEDSM | QUALITY, mean), "FedSM"),
        (
            Method(
                "FedSM, lambda from 0.4 to 0.9, by depth, soft",
                FEDSM | SOFT | {"lambda": 0.9, "lambda_start": 0.4, "pull_by_depth": 0.5},
                {},
            ),
            "FedSM",
        ),
        (Method("FedRDN", {"name": "fedrdn"}, {}), "FedAvg"),
        (Method("IOP-FL", {"name": "iop-fl"}, {}), "FedAvg"),
    )


def main() -> int:
    options = benchmark_parser(__doc__, 16, "gap-benchmark.json").parse_args()
    torch.set_num_threads(1)
    rows = [row for row in options_of(options.rounds) if not options.only or row[0].label in options.only]
    workloads = chosen_workloads(options)
    done = run_missing(workloads, [method for method, _ in rows], options)
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
        found = [done[result_key(workload, rounds, seed, method.label)] for seed in range(seeds)]
        dice, known = (sum(row[name] for row in found) / seeds for name in ("dice", "site_known"))
        keys = [result_key(workload, rounds, seed, against) for seed in range(seeds)] if against else []
        differences = [row["dice"] - done[key]["dice"] for row, key in zip(found, keys, strict=False) if key in done]
        shown = " ".join(f"{difference:+.4f}" for difference in differences)
        best = "/".join(str(row["best_round"]) for row in found)
        yield f"| {method.label} | {dice:.4f} | {shown} | {known:.4f} | {best} | {found[0]['megabytes']:.3f} |"
    yield ""


if __name__ == "__main__":
    sys.exit(main())
