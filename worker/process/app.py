"""The Celery app: how tasks reach this machine's processes. worker.jobs has what the tasks do."""

import faulthandler
import gc
import logging
import os
import shutil
import threading
import warnings
from typing import Any

from celery import Celery, signals
from celery.exceptions import SecurityWarning

from backend.contracts.log_lines import set_up_logging
from backend.contracts.worker_state import Heartbeat
from worker.process import shutdown, signs
from worker.process.hardware import describe_hardware, num_gpus
from worker.process.health import note_heard
from worker.process.housekeeping import Housekeeping
from worker.process.settings import WorkerSettings
from worker.process.watchdog import DUMP_SIGNAL, Watchdog
from worker.stores.api_client import ApiClient, BackendUnavailable, RequestRefused
from worker.stores.artifact_cache import ArtifactCache
from worker.stores.local_state import LocalStateStore

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 4.0


def make_app(settings: WorkerSettings) -> Celery:
    """The Celery app of a worker with these settings."""
    app = Celery("fedsm-worker", broker=settings.redis_url, include=["worker.jobs.tasks"])
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        # Messages are acknowledged early, because the claim in the database decides which process does the work, and
        # recovery is by lease.
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        # A message is taken for an idle process only, so that another machine can take what waits.
        worker_disable_prefetch=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"socket_keepalive": True, "health_check_interval": 25},
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        task_default_queue=settings.queues[0],
    )
    return app


def main() -> int:
    """Runs a worker until SIGTERM or Ctrl-C, after which running tasks give their work back; returns the exit status.

    Raises ValueError where there is no worker token.
    """
    from worker.process.toolbox import worker_settings

    settings = worker_settings()
    _set_up_logging()
    token = settings.token  # a missing token fails here, with a remedy, and not in every child
    num_processes = settings.num_processes(num_gpus() if settings.device != "cpu" else 0)
    _import_before_fork()
    heartbeats = _Heartbeats(settings, token, num_processes)
    signals.worker_ready.connect(heartbeats.watch_processes, weak=False)
    signals.worker_ready.connect(heartbeats.start, weak=False)
    signals.worker_shutting_down.connect(_on_shutdown, weak=False)
    signals.worker_process_init.connect(_on_process_start, weak=False)
    worker = make_app(settings).Worker(
        hostname=f"{settings.name}@%h",
        pool="prefork",
        concurrency=num_processes,
        queues=list(settings.queues),
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    logger.info("worker %s: %d process(es), queues %s", settings.name, num_processes, ", ".join(settings.queues))
    worker.start()
    return int(worker.exitcode or 0)


def _set_up_logging() -> None:
    set_up_logging("worker", "%(asctime)s %(levelname)-7s %(processName)s %(message)s")
    for chatty in ("httpx", "httpcore", "celery", "kombu", "monai"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # Celery would otherwise configure the root logger itself.
    signals.setup_logging.connect(_keep_our_logging, weak=False)
    # Celery warns of root because of pickle, which we refuse (accept_content).
    warnings.filterwarnings("ignore", category=SecurityWarning)


def _keep_our_logging(**_: Any) -> None:
    """Does nothing: a connected handler keeps Celery from configuring logging."""


def _import_before_fork() -> None:
    """Imports torch and MONAI once, so that all processes share their pages and need not take seconds and 300 MB each.

    No tensor is made here.
    """
    os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported
    # What is imported stays. A collector that looks for garbage in it takes time, and writes to pages that are shared.
    gc.disable()
    import torch._dynamo  # noqa: F401 (each process's first optimizer would import it)

    import worker.jobs.kinds  # noqa: F401

    gc.freeze()
    gc.enable()


def _on_shutdown(**_: Any) -> None:
    shutdown.request_shutdown()
    logger.info("shutting down: tasks under way are given back")


def _on_process_start(**_: Any) -> None:
    from worker.engine.pulse import listen
    from worker.process.toolbox import prepare_process, process_index

    shutdown.die_with_parent()
    faulthandler.register(DUMP_SIGNAL, all_threads=True)  # this works even where code keeps the interpreter to itself
    signs.take_place(process_index(), os.getpid()).start_beating()
    listen(signs.pulse)
    prepare_process()


class _Heartbeats:
    """Tells the backend every few seconds that this worker runs, and how many of its processes hang.

    It works in a thread of the main process.
    """

    def __init__(self, settings: WorkerSettings, token: str, num_processes: int) -> None:
        self._body = Heartbeat(
            worker=settings.name,
            queues=settings.queues,
            hardware=describe_hardware(),
            num_gpus=0 if settings.device == "cpu" else num_gpus(),
            num_processes=num_processes,
        )
        self._folder = settings.folder
        cache = ArtifactCache(settings.folder / "artifacts", settings.artifact_cache_mib * 2**20)
        self._api = ApiClient(settings.backend_url, token, cache, shutdown.is_shutting_down, settings.agent_socket)
        self._housekeeping = Housekeeping(self._api, cache, LocalStateStore(settings.folder / "local_state"))
        self._watchdog = Watchdog(self._api, num_processes, settings.stall_seconds)
        self._problem: str | None = None

    def watch_processes(self, **_: Any) -> None:
        self._watchdog.start()

    def start(self, **_: Any) -> None:
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def _beat(self) -> None:
        pause = threading.Event()
        while not shutdown.is_shutting_down():
            self._send()
            pause.wait(HEARTBEAT_SECONDS)

    def _send(self) -> None:
        """Sends one heartbeat. A problem is logged once, and so is its end."""
        try:
            disk = shutil.disk_usage(self._folder)
            body = self._body.model_copy(
                update={"disk_free": disk.free, "disk_total": disk.total, "num_hung": self._watchdog.num_hung}
            )
            removal = self._api.heartbeat(body)
        except (BackendUnavailable, RequestRefused) as error:
            if self._problem is None:
                logger.warning("%s", error)
            self._problem = str(error)
        else:
            note_heard()
            if self._problem is not None:
                logger.info("the backend answers again")
            self._problem = None
            self._keep_house(removal)

    def _keep_house(self, removal: str) -> None:
        """Removes what is not needed any more; what cannot be removed now is removed after the next heartbeat."""
        try:
            self._housekeeping.follow(removal)
        except (BackendUnavailable, RequestRefused, OSError) as error:
            logger.info("the caches were not cleaned: %s", error)
