"""How long rounds take, and what they cost in memory: a plain PyTorch loop against the running platform.

    python -m benchmarks.rounds [--repeats 3] [--rounds 5] [--batch-size 4] [--fedsm-rounds 3] [--json FILE]

The platform is the one that `fedsm up` starts: Valkey, backend, and a worker with one single-threaded process a core.
The loop runs in a process of its own at its best number of threads. The *floor* is the same loop as one single-threaded
process a core, with the sites shared out. All read the images from files. They take turns, `repeats` times, each time
with a new platform. Ratios are of the same turn; *work* is that of processor time, which other work on the machine
changes least.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.status import TERMINAL_RUN_STATUSES, DatasetStatus, RunStatus
from backend.datasets.schemas import DatasetCreate
from backend.federations.schemas import FederationRecord
from backend.runs.schemas import RunRecord, TaskRecord
from backend.sites.schemas import SiteCreate
from benchmarks import record, workload
from benchmarks.memory import PeakMemory, cpu_seconds
from fedsm.client import Client
from fedsm.local.home import Home
from fedsm.local.launch import Options, running_platform
from worker.process.settings import num_usable_cores

PROGRAMS = ("backend", "worker")
MAX_RATIO = 1.25
MAX_FEDSM_RATIO = 1.15
MAX_BACKEND_MB = 250
MAX_WORKER_MB = 2000


def main() -> int:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="fedsm-benchmark-") as name:
        folder = Path(name)
        workload.write_sites(folder / "sites")
        turns = [_turn(folder, options, number) for number in range(options.repeats)]
    found: dict[str, list[float]] = {key: [turn[key] for turn in turns] for key in turns[0]}
    result = record.about("benchmarks.rounds") | {
        "repeats": options.repeats,
        "rounds": options.rounds,
        "batch_size": options.batch_size,
        "median": {key: round(median(values), 3) for key, values in found.items()},
        "least": {key: round(min(values), 3) for key, values in found.items()},
        "most": {key: round(max(values), 3) for key, values in found.items()},
    }
    if options.json is not None:
        record.write(options.json, result)
    print(_table(result))
    return 0 if _meets_limits(result["median"]) else 1


def _turn(folder: Path, options: argparse.Namespace, number: int) -> dict[str, float]:
    """Everything once, in seconds and MB."""
    sites = folder / "sites"
    loop = _best_loop(sites, options.rounds, options.batch_size, num_models=1)
    floor, floor_cpu = run_floor(sites, options.rounds, options.batch_size, num_models=1)
    trainings = _best_loop(sites, options.fedsm_rounds, options.batch_size, num_models=2)
    measured = _run_platform(folder / f"turn-{number}", sites, options)
    return {
        "loop": loop,
        "floor": floor,
        "platform": measured["fedavg"],
        "ratio_to_loop": measured["fedavg"] / loop,
        "ratio_to_floor": measured["fedavg"] / floor,
        "ratio_of_work": measured["fedavg_cpu"] / floor_cpu,
        "fedsm_trainings_a_round": trainings / options.fedsm_rounds,
        "fedsm_platform_a_round": measured["fedsm"] / options.fedsm_rounds,
        "fedsm_ratio": measured["fedsm"] / trainings,
        "backend_peak_mb": measured["backend_mb"],
        "worker_peak_mb": measured["worker_mb"],
    }


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="how often loop, floor and platform take turns")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of federated averaging")
    parser.add_argument("--fedsm-rounds", type=int, default=3, help="rounds of FedSM")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--json", type=Path, help="a file for the figures, with commit, date and device")
    return parser.parse_args()


def _best_loop(sites: Path, rounds: int, batch_size: int, num_models: int) -> float:
    """Seconds of the plain loop at its best number of threads."""
    seconds = {}
    for threads in sorted({1, num_usable_cores()}):
        answer = _answer(_loop(sites, rounds, batch_size, threads, num_models, ()))
        seconds[threads] = answer["seconds"]
        _say(f"plain loop, {num_models} model(s) a site, {threads} thread(s): {seconds[threads]:.1f} s")
    return min(seconds.values())


def run_floor(sites: Path, rounds: int, batch_size: int, num_models: int) -> tuple[float, float]:
    """Seconds until the last of the processes, and processor seconds of all."""
    cores = min(num_usable_cores(), len(workload.SITES))
    shares = [workload.SITES[first::cores] for first in range(cores)]
    halves = [_loop(sites, rounds, batch_size, 1, num_models, share) for share in shares]
    answers = [_answer(half) for half in halves]
    seconds = max(answer["seconds"] for answer in answers)
    _say(f"floor, {cores} process(es) with one thread: {seconds:.1f} s")
    return seconds, sum(answer["cpu_seconds"] for answer in answers)


def _loop(
    sites: Path, rounds: int, batch_size: int, threads: int, num_models: int, only: Sequence[str]
) -> subprocess.Popen[str]:
    arguments = [sites, rounds, batch_size, threads, num_models, *only]
    command = [sys.executable, "-m", "benchmarks.plain_loop", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _answer(loop: subprocess.Popen[str]) -> dict[str, float]:
    """Raises RuntimeError where the loop failed."""
    text, _ = loop.communicate()
    if loop.returncode != 0:
        raise RuntimeError(f"the plain loop ended with exit code {loop.returncode}")
    answer: dict[str, float] = json.loads(text)
    return answer


def _run_platform(folder: Path, sites: Path, options: argparse.Namespace) -> dict[str, float]:
    """Seconds of the rounds of one FedAvg and one FedSM run, processor seconds of the first, and peak memory in MB."""
    home = Home(folder / "home")
    with (
        running_platform(home, Options(port=0, concurrency=num_usable_cores()), _say) as (platform, _),
        platform.client() as client,
        PeakMemory(os.getpid(), PROGRAMS) as memory,
    ):
        federation = _make_federation(client, sites)
        fedavg = workload.config(FedAvgConfig(), options.rounds, options.batch_size)
        fedsm = workload.config(FedSMConfig(), options.fedsm_rounds, options.batch_size)
        seconds, cpu = _time_rounds(client, federation, "FedAvg", fedavg)
        return {
            "fedavg": seconds,
            "fedavg_cpu": cpu,
            "fedsm": _time_rounds(client, federation, "FedSM", fedsm)[0],
            "backend_mb": memory.peak_mb("backend"),
            "worker_mb": memory.peak_mb("worker"),
        }


def _make_federation(client: Client, sites: Path) -> FederationRecord:
    federation = client.create_federation("Benchmark", "", workload.TASK)
    for slug in workload.SITES:
        site = client.create_site(federation.id, SiteCreate(name=slug, slug=slug))
        body = DatasetCreate(name="cases", folder=str(sites / slug), fractions=workload.FRACTIONS)
        dataset = client.register_dataset(site.id, body)
        while dataset.status == DatasetStatus.CHECKING:
            time.sleep(0.2)
            dataset = client.dataset(dataset.id)
        if dataset.num_cases.get("train") != workload.NUM_TRAIN:
            raise RuntimeError(f"{slug} has {dataset.num_cases} cases, {dataset.error}")
    return federation


def _time_rounds(
    client: Client, federation: FederationRecord, name: str, config: ExperimentConfig
) -> tuple[float, float]:
    """Seconds from the start of the run to the end of the last validation, and processor seconds of the platform until
    then; the final test of all models is not in them.
    """
    experiment = client.create_experiment(federation.id, name, config)
    cpu_started, cpu = cpu_seconds(os.getpid(), PROGRAMS), None
    run = client.start_experiment(experiment.id).runs[0]
    while run.status not in TERMINAL_RUN_STATUSES:
        threading.Event().wait(0.5)
        run = client.run(run.id)
        if cpu is None and run.status in {RunStatus.EVALUATING, *TERMINAL_RUN_STATUSES}:
            cpu = cpu_seconds(os.getpid(), PROGRAMS) - cpu_started
    if run.failure:
        raise RuntimeError(run.failure)
    tasks = client.run_tasks(run.id)
    _say(_where_time_went(run, tasks))
    finished = [task.finished_at for task in tasks if task.kind == "validate_site" and task.finished_at]
    created = min(task.created_at for task in tasks)
    if cpu is None:
        raise RuntimeError(f"the run of {name} was over before its processor time was read")
    return (max(finished) - created).total_seconds(), cpu


def _where_time_went(run: RunRecord, tasks: list[TaskRecord]) -> str:
    """Mean seconds of each kind of task, for who wants to make it quicker."""
    texts = []
    for kind in dict.fromkeys(task.kind for task in tasks):
        seconds = [
            (task.finished_at - task.started_at).total_seconds()
            for task in tasks
            if task.kind == kind and task.finished_at and task.started_at
        ]
        texts.append(f"{kind} {sum(seconds) / len(seconds):.2f} s x {len(seconds)}")
    return f"{run.strategy_label}: " + ", ".join(texts)


def _meets_limits(medians: dict[str, float]) -> bool:
    limits = {
        "ratio_to_loop": MAX_RATIO,
        "fedsm_ratio": MAX_FEDSM_RATIO,
        "backend_peak_mb": MAX_BACKEND_MB,
        "worker_peak_mb": MAX_WORKER_MB,
    }
    return all(medians[name] <= limit for name, limit in limits.items())


def _table(result: dict[str, Any]) -> str:
    """A line a figure, with its median and its range; README's table is made by `benchmarks.table`."""
    lines = [f"{result['command']}, {result['commit']}, {result['date']}, {result['device']}", ""]
    lines += ["| figure | median | from | to |", "|---|--:|--:|--:|"]
    lines += [
        f"| {name.replace('_', ' ')} | {middle:.2f} | {result['least'][name]:.2f} | {result['most'][name]:.2f} |"
        for name, middle in result["median"].items()
    ]
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
