"""How long rounds take, and what they cost in memory: a plain PyTorch loop against the running platform.

    python -m benchmarks.rounds [--rounds 5] [--batch-size 4] [--fedsm-rounds 3] [--json]

The platform is the one that `fedsm up` starts: Valkey, backend, and a worker with one single-threaded process a core.
The loop runs in a process of its own at its best number of threads. Both read the images from files.
"""

import argparse
import json
import os
import platform as host
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.status import TERMINAL_RUN_STATUSES, DatasetStatus
from backend.datasets.schemas import DatasetCreate
from backend.federations.schemas import FederationRecord
from backend.runs.schemas import RunRecord, TaskRecord
from backend.sites.schemas import SiteCreate
from benchmarks import workload
from benchmarks.memory import PeakMemory
from fedsm.client import Client
from fedsm.local.home import Home
from fedsm.local.launch import Options, running_platform
from worker.process.hardware import describe_hardware
from worker.process.settings import num_usable_cores

MAX_RATIO = 1.25
MAX_FEDSM_RATIO = 1.15
MAX_BACKEND_MB = 250
MAX_WORKER_MB = 2000


def main() -> int:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="fedsm-benchmark-") as name:
        folder = Path(name)
        workload.write_sites(folder / "sites")
        loop = _best_loop(folder / "sites", options.rounds, options.batch_size, num_models=1)
        trainings = _best_loop(folder / "sites", options.fedsm_rounds, options.batch_size, num_models=2)
        measured = _run_platform(folder, options)
    result = {
        "command": "python -m benchmarks.rounds " + " ".join(sys.argv[1:]),
        "machine": f"{describe_hardware()}, {host.processor() or host.machine()}",
        "loop_seconds": round(loop, 2),
        "platform_seconds": round(measured["fedavg"], 2),
        "ratio": round(measured["fedavg"] / loop, 3),
        "fedsm_trainings_seconds_a_round": round(trainings / options.fedsm_rounds, 2),
        "fedsm_platform_seconds_a_round": round(measured["fedsm"] / options.fedsm_rounds, 2),
        "fedsm_ratio": round(measured["fedsm"] / trainings, 3),
        "backend_peak_mb": round(measured["backend_mb"]),
        "worker_peak_mb": round(measured["worker_mb"]),
    }
    print(json.dumps(result) if options.json else _table(result))
    return 0 if _meets_limits(result) else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds of federated averaging")
    parser.add_argument("--fedsm-rounds", type=int, default=3, help="rounds of FedSM")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


def _best_loop(sites: Path, rounds: int, batch_size: int, num_models: int) -> float:
    """Seconds of the plain loop at its best number of threads."""
    seconds = {}
    for threads in sorted({1, num_usable_cores()}):
        arguments = [sites, rounds, batch_size, threads, num_models]
        command = [sys.executable, "-m", "benchmarks.plain_loop", *map(str, arguments)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds[threads] = float(json.loads(answer.stdout)["seconds"])
        print(
            f"plain loop, {num_models} model(s) a site, {threads} thread(s): {seconds[threads]:.1f} s", file=sys.stderr
        )
    return min(seconds.values())


def _run_platform(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Seconds of the rounds of one FedAvg and one FedSM run, and peak memory in MB."""
    home = Home(folder / "home")
    with (
        running_platform(home, Options(port=0, concurrency=num_usable_cores()), _say) as (platform, _),
        platform.client() as client,
        PeakMemory(os.getpid(), ("backend", "worker")) as memory,
    ):
        federation = _make_federation(client, folder / "sites")
        fedavg = workload.config(FedAvgConfig(), options.rounds, options.batch_size)
        fedsm = workload.config(FedSMConfig(), options.fedsm_rounds, options.batch_size)
        return {
            "fedavg": _time_rounds(client, federation, "FedAvg", fedavg),
            "fedsm": _time_rounds(client, federation, "FedSM", fedsm),
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


def _time_rounds(client: Client, federation: FederationRecord, name: str, config: ExperimentConfig) -> float:
    """From the start of the run to the end of the last validation; the final test of all models is not in it."""
    experiment = client.create_experiment(federation.id, name, config)
    run = client.start_experiment(experiment.id).runs[0]
    while run.status not in TERMINAL_RUN_STATUSES:
        threading.Event().wait(0.5)
        run = client.run(run.id)
    if run.failure:
        raise RuntimeError(run.failure)
    tasks = client.run_tasks(run.id)
    _say(_where_time_went(run, tasks))
    finished = [task.finished_at for task in tasks if task.kind == "validate_site" and task.finished_at]
    created = min(task.created_at for task in tasks)
    return (max(finished) - created).total_seconds()


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


def _meets_limits(result: dict[str, object]) -> bool:
    limits = {
        "ratio": MAX_RATIO,
        "fedsm_ratio": MAX_FEDSM_RATIO,
        "backend_peak_mb": MAX_BACKEND_MB,
        "worker_peak_mb": MAX_WORKER_MB,
    }
    return all(float(str(result[name])) <= limit for name, limit in limits.items())


def _table(result: dict[str, object]) -> str:
    width = max(map(len, result))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in result.items())


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
