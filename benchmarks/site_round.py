"""What a site's round costs in addition to its training and validation, by processor time.

    python -m benchmarks.site_round [--rounds 6]

One process with one thread works for four sites with five training images each, over HTTP with a played backend: claim,
download, validation, training, what stays at the site, upload, result. *More* is what the task's thread takes beyond
validation and training; *process* is all of it with the thread that writes what stays and with the played backend.
"""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import torch

from backend.contracts.methods.personalized import DittoConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import ClaimedTask, DatasetManifest, ManifestCase, PartMap, RunSpec, TrainSitePayload
from benchmarks import workload
from tests.worker.test_jobs import Artifacts
from tests.worker.worker_api_server import Answer, Request, WorkerApiServer, serve_worker_api
from worker.engine.checkpoint import to_bytes
from worker.engine.strategies import base
from worker.jobs import kinds
from worker.jobs.build import build_plan, strategy_of
from worker.jobs.tasks import run_claimed_task
from worker.process.settings import WorkerSettings
from worker.process.toolbox import Toolbox, prepare_process
from worker.stores.api_client import ApiClient
from worker.stores.artifact_cache import ArtifactCache
from worker.stores.data_cache import DataCache
from worker.stores.local_state import LocalStateStore

NUM_TRAIN, NUM_VAL = 5, 2
SMALL, USUAL = (4, 8), (16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Cost:
    """Of one site's round, in milliseconds of processor time."""

    task: float
    training: float
    validation: float
    process: float

    @property
    def more(self) -> float:
        return self.task - self.training - self.validation

    @property
    def share(self) -> float:
        """What the platform adds, in parts of training and validation."""
        return self.more / (self.training + self.validation)


def costs(folder: Path, strategy: StrategyConfig, channels: tuple[int, ...], rounds: int) -> list[Cost]:
    """Of each site and round after the first. folder: empty."""
    workload.write_sites(folder / "sites", NUM_TRAIN + NUM_VAL)
    with serve_worker_api() as server:
        bench = _Bench(folder, server, strategy, channels)
        for site in workload.SITES:
            bench.cost(site, 1)
        found = [bench.cost(site, number) for number in range(2, rounds + 2) for site in workload.SITES]
        bench.toolbox.api.close()
        return found


class _Bench:
    def __init__(
        self, folder: Path, server: WorkerApiServer, strategy: StrategyConfig, channels: tuple[int, ...]
    ) -> None:
        config = workload.config(strategy, 1000, 4)
        config = config.model_copy(update={"network": config.network.model_copy(update={"channels": channels})})
        run = {"run_id": "run", "config": config, "strategy": strategy, "seed": 0, "task": workload.TASK}
        self.run = RunSpec.model_validate({**run, "sites": workload.SITES})
        self.sites = folder / "sites"
        self.toolbox = Toolbox(
            settings=WorkerSettings(token="token"),
            api=ApiClient(server.url, "token", ArtifactCache(folder / "artifacts", 2**30)),
            data=DataCache(2**30),
            local_states=LocalStateStore(folder / "local_state"),
            device=torch.device("cpu"),
        )
        artifacts, self.strategy = Artifacts(server), strategy_of(self.run)
        self._of_artifacts, self._claimed = server.answer, b""
        self.num_done = 0
        server.answer = self._answer
        state = self.strategy.initial_state(build_plan(self.run, self.toolbox.device))
        self.state: PartMap = {name: artifacts.add(to_bytes(tensors)) for name, tensors in state.items()}

    def cost(self, site: str, number: int) -> Cost:
        """Raises RuntimeError where the round failed."""
        claimed = ClaimedTask(task_id="task", attempt=1, lease_seconds=60, payload=self._payload(site, number))
        self._claimed, done = claimed.model_dump_json().encode(), self.num_done
        with _timed(base, "train_locally") as training, _timed(kinds, "validate_state") as validation:
            process, thread = time.process_time(), time.thread_time()
            execute: Callable[..., Any] = kinds.execute
            run_claimed_task(
                self.toolbox.api, "worker", "task", lambda *given: execute(given[0], self.toolbox, given[1])
            )
            thread, process = time.thread_time() - thread, time.process_time() - process
        if self.num_done == done:
            raise RuntimeError(f"round {number} of {site} failed")
        return Cost(1000 * thread, 1000 * sum(training), 1000 * sum(validation), 1000 * process)

    def _payload(self, site: str, number: int) -> TrainSitePayload:
        names = self.strategy.downloads(self.state.keys(), site)
        return TrainSitePayload(
            run=self.run,
            round=number,
            participant=site,
            data=(_manifest(self.sites / site, site),),
            parts={name: self.state[name] for name in names},
            state=self.state,
            kept_round=number - 1,
        )

    def _answer(self, request: Request) -> Answer:
        match request.path.rpartition("/")[2]:
            case "claim":
                return Answer(200, self._claimed)
            case "progress":
                return Answer(200, b'{"action":"continue","lease_seconds":60}')
            case "complete":
                self.num_done += 1
                return Answer(204)
            case "fail":
                return Answer(204)
        return self._of_artifacts(request)


def _manifest(folder: Path, site: str) -> DatasetManifest:
    cases = []
    for index in range(NUM_TRAIN + NUM_VAL):
        image, mask = f"images/{index:02d}.png", f"masks/{index:02d}.png"
        hashes = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (image, mask)]
        cases.append(
            ManifestCase(
                case_id=f"{site}-{index}",
                name=f"{index:02d}",
                split="train" if index < NUM_TRAIN else "val",
                image=image,
                mask=mask,
                image_sha256=hashes[0],
                mask_sha256=hashes[1],
            )
        )
    return DatasetManifest(dataset_id=site, site=site, folder=str(folder), cases=tuple(cases))


@contextmanager
def _timed(module: ModuleType, name: str) -> Iterator[list[float]]:
    """Seconds of this thread's processor time in each call of the module's function."""
    original, seconds = getattr(module, name), []

    def timed(*arguments: Any, **named: Any) -> Any:
        begun = time.thread_time()
        try:
            return original(*arguments, **named)
        finally:
            seconds.append(time.thread_time() - begun)

    setattr(module, name, timed)
    try:
        yield seconds
    finally:
        setattr(module, name, original)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=6)
    rounds = parser.parse_args().rounds
    prepare_process()
    print("| method and network | training | validation | more | share | process |\n|---|--:|--:|--:|--:|--:|")
    for label, strategy, channels in (
        ("FedAvg, U-Net 4, 8", FedAvgConfig(), SMALL),
        ("FedAvg, U-Net 16 to 256 (6.5 MB)", FedAvgConfig(), USUAL),
        ("Ditto (two networks), U-Net 16 to 256", DittoConfig(), USUAL),
    ):
        with tempfile.TemporaryDirectory(prefix="fedsm-site-round-") as name:
            found = costs(Path(name), strategy, channels, rounds)
        columns = [[getattr(cost, field) for cost in found] for field in ("training", "validation", "more", "process")]
        training, validation, more, process = (median(column) for column in columns)
        share = median(cost.share for cost in found)
        print(f"| {label} | {training:.0f} | {validation:.0f} | {more:.0f} | {share:.2f} | {process:.0f} |")


if __name__ == "__main__":
    main()
