"""What one worker process holds for all its tasks: connections, caches and the device to compute on."""

from dataclasses import dataclass
from functools import cache

import torch

from worker.jobs.shared_cases import LoadedCase
from worker.process.allocator import keep_freed_memory
from worker.process.settings import WorkerSettings
from worker.process.shutdown import is_shutting_down
from worker.stores.api_client import ApiClient
from worker.stores.artifact_cache import ArtifactCache
from worker.stores.data_cache import DataCache
from worker.stores.local_state import LocalStateStore
from worker.stores.shared_arrays import SharedArrays


@dataclass(frozen=True)
class Toolbox:
    """The connections, caches and device of a process, made once after the fork."""

    settings: WorkerSettings
    api: ApiClient
    data: DataCache[LoadedCase]
    local_states: LocalStateStore
    device: torch.device


@cache
def worker_settings() -> WorkerSettings:
    """The settings, read from the environment once. Raises ValueError where one is missing."""
    return WorkerSettings()


@cache
def process_toolbox() -> Toolbox:
    """The process's toolbox, made at the first call. Raises ValueError where a setting is missing."""
    settings = worker_settings()
    artifacts = ArtifactCache(settings.folder / "artifacts", settings.artifact_cache_mib * 2**20)
    return Toolbox(
        settings=settings,
        api=ApiClient(settings.backend_url, settings.token, artifacts, is_shutting_down, settings.agent_socket),
        data=DataCache(settings.data_cache_mib * 2**20, SharedArrays(settings.folder / "decoded")),
        local_states=LocalStateStore(settings.folder / "local_state"),
        device=choose_device(settings.device, process_index()),
    )


def choose_device(wanted: str, process_index: int) -> torch.device:
    """Process i computes on GPU i modulo their number. Raises ValueError where CUDA is wanted and absent."""
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ValueError("FEDSM_DEVICE is cuda but torch finds no GPU: install its driver, or set FEDSM_DEVICE=cpu")
    return torch.device("cuda", process_index % torch.cuda.device_count())


def prepare_process() -> None:
    """Gives the process one thread: parallelism comes from processes, and sums keep their order for any number of
    them. Memory that a step frees stays for the next one."""
    torch.set_num_threads(1)
    keep_freed_memory()


def process_index() -> int:
    """0, 1, ... among the worker's processes; 0 outside of a pool."""
    from billiard import current_process  # type: ignore[import-untyped]

    return int(getattr(current_process(), "index", 0) or 0)
