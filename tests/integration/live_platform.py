"""A backend and a worker as real processes, each of which a test may kill and start again."""

import os
import secrets
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.status import DatasetStatus
from backend.contracts.task_definition import SegmentationTask
from backend.datasets.schemas import DatasetCreate, DatasetRecord
from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from backend.sites.schemas import SiteCreate
from fedsm.client import Client
from tests import late
from tests.conftest import wait_until
from tests.ports import held_port
from worker.process.shutdown import die_with_parent

#: Of a machine that does much else.
BACKEND_START_SECONDS = WORKER_START_SECONDS = 90.0
#: Of tests that kill workers: they need not wait for a lease as in real life.
QUICK_LEASE = {"FEDSM_LEASE_SECONDS": "3"}
#: Recovery is quicker than in real life. A lease outlasts the pauses that a worker of a busy machine makes.
QUICK_RECOVERY = {
    "FEDSM_LEASE_SECONDS": "20",
    "FEDSM_RECOVERY_SECONDS": "1",
    "FEDSM_RESEND_SECONDS": "3",
    "FEDSM_WORKER_TIMEOUT_SECONDS": "12",
}


@dataclass
class LivePlatform:
    """Processes and a REST client. Use as a context."""

    folder: Path
    redis_url: str
    database_url: str = ""
    num_processes: int = 2
    port: int = field(default_factory=held_port)
    admin_token: str = field(default_factory=secrets.token_urlsafe)
    worker_token: str = field(default_factory=secrets.token_urlsafe)
    environment: dict[str, str] = field(default_factory=dict)
    backend: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None
    worker_started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.client = Client(f"http://127.0.0.1:{self.port}", self.admin_token)

    def __enter__(self) -> "LivePlatform":
        self.start_backend(wait=False)
        self.start_worker(wait=False)
        self.await_backend()
        self.await_worker()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        for process in (self.worker, self.backend):
            if process is not None:
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def start_backend(self, wait: bool = True) -> None:
        self.backend = self._start("backend")
        if wait:
            self.await_backend()

    def start_worker(self, wait: bool = True) -> None:
        self.worker_started_at = datetime.now(UTC)
        self.worker = self._start("worker")
        if wait:
            self.await_worker()

    def kill_backend(self) -> None:
        assert self.backend is not None
        self.backend.send_signal(signal.SIGKILL)
        self.backend.wait()

    def kill_worker(self) -> None:
        """SIGKILL to the main process; the system ends its children with it."""
        assert self.worker is not None
        self.worker.send_signal(signal.SIGKILL)
        self.worker.wait()

    def await_backend(self) -> None:
        wait_until(self._backend_answers, BACKEND_START_SECONDS, f"the backend: {self.log('backend')}")

    def await_worker(self) -> None:
        wait_until(self._worker_is_online, WORKER_START_SECONDS, "the worker")

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def add_federation(self, name: str, task: SegmentationTask, sites: dict[str, Path]) -> FederationRecord:
        """One simulated site a folder, in the order given; every data set is registered and checked."""
        federation = self.client.create_federation(name, "", task)
        datasets = []
        for slug, folder in sites.items():
            site = self.client.create_site(federation.id, SiteCreate(name=slug, slug=slug))
            body = DatasetCreate(name="cases", folder=str(folder))
            datasets.append(self.client.register_dataset(site.id, body))
        for dataset in datasets:
            record = self.await_check(dataset.id)
            assert record.status == DatasetStatus.READY, record.error
        return self.client.federation(federation.id)

    def await_check(self, dataset_id: str, seconds: float = 60) -> DatasetRecord:
        wait_until(
            lambda: self.client.dataset(dataset_id).status != DatasetStatus.CHECKING, seconds, "the data set's check"
        )
        return self.client.dataset(dataset_id)

    def start_experiment(self, federation: FederationRecord, name: str, config: ExperimentConfig) -> ExperimentRecord:
        return self.client.start_experiment(self.client.create_experiment(federation.id, name, config).id)

    def start_site_worker(self, slug: str) -> subprocess.Popen[bytes]:
        """A real site's own worker, which the caller ends; it keeps its home from start to start."""
        own = {"FEDSM_QUEUES": f"site.{slug}", "FEDSM_WORKER_NAME": slug, "FEDSM_CONCURRENCY": "1"}
        return self._start("worker", {**own, "FEDSM_WORKER_HOME": str(self.folder / f"worker-{slug}")})

    def _start(self, module: str, more: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            **QUICK_RECOVERY,
            "FEDSM_HOME": str(self.folder),
            "FEDSM_HOST": "127.0.0.1",
            "FEDSM_PORT": str(self.port),
            "FEDSM_BACKEND_URL": f"http://127.0.0.1:{self.port}",
            "FEDSM_DATABASE_URL": self.database_url,
            "FEDSM_ADMIN_TOKEN": self.admin_token,
            "FEDSM_WORKER_TOKEN": self.worker_token,
            "FEDSM_CONCURRENCY": str(self.num_processes),
            "FEDSM_DEVICE": "cpu",
            "REDIS_URL": self.redis_url,
            "PYTHONUNBUFFERED": "1",
            **self.environment,
            **(more or {}),
        }
        program = "tests.late" if module == "backend" and late.WORD else module
        with open(self.log(module), "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", program],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),
            )

    def _backend_answers(self) -> bool:
        assert self.backend is not None
        if self.backend.poll() is not None:
            raise AssertionError(f"the backend ended:\n{self.log('backend').read_text()[-3000:]}")
        try:
            return httpx.get(f"{self.client.server}/api/v1/health", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def _worker_is_online(self) -> bool:
        assert self.worker is not None
        if self.worker.poll() is not None:
            raise AssertionError(f"the worker ended:\n{self.log('worker').read_text()[-3000:]}")
        workers = self.client.system().workers
        return any(worker.online and worker.last_seen_at > self.worker_started_at for worker in workers)
