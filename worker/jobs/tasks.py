"""The one Celery task: claim, do, report. It is thin and safe to run twice, because only one attempt gets the claim."""

import errno
import logging
import time
import traceback
from collections.abc import Callable

from celery import shared_task

from backend.contracts.failures import FailureKind
from backend.contracts.log_lines import set_process_correlation_id
from backend.contracts.tasks import ClaimedTask, FailRequest, TaskPayload, TaskResult
from worker.datasets.data_problem import DataProblem
from worker.process import shutdown
from worker.process.lease import Lease, StopRequested, WorkerShutdown, engine_lines, readable
from worker.process.limits import OverLimit
from worker.process.toolbox import process_toolbox
from worker.stores.api_client import (
    ApiClient,
    ArtifactLost,
    AttemptSuperseded,
    BackendUnavailable,
    RequestRefused,
    Work,
)

logger = logging.getLogger(__name__)

#: Does a payload's work under its lease.
Execute = Callable[[TaskPayload, Lease], TaskResult]


@shared_task(name="fedsm.run_task")  # type: ignore[untyped-decorator]  # celery has no types
def run_task(task_id: str) -> None:
    """Runs a task by its id. Everything else about it comes from the backend over HTTP.

    Raises SystemExit after a task that took too much memory: the pool starts a new process, whose next task has what
    the limit gives.
    """
    from worker.jobs.kinds import execute

    toolbox = process_toolbox()
    is_full = run_claimed_task(
        toolbox.api,
        toolbox.settings.name,
        task_id,
        lambda payload, lease: execute(payload, toolbox, lease),
    )
    if is_full:
        logger.warning("this process ends and gives its memory back; another takes its place")
        raise SystemExit(0)


def run_claimed_task(api: ApiClient, worker: str, task_id: str, execute: Execute) -> bool:
    """Claims and does one task. It raises nothing: the backend learns what went wrong, or recovers the task by its
    lease.

    Returns whether the process took more memory than the hospital gives, which it does not give back by itself.
    """
    if shutdown.is_shutting_down():  # the backend sends the task again
        return False
    try:
        claimed = api.claim(task_id, worker)
    except (BackendUnavailable, RequestRefused) as error:
        logger.warning("task %s not claimed: %s", task_id, error)
        return False
    if claimed is None:
        logger.info("task %s belongs to somebody else or is over", task_id)
        return False
    lease = Lease(api, claimed, shutdown.is_shutting_down)
    started = time.monotonic()
    try:
        _hand_in(api, claimed, _attempt(api, lease, claimed, execute))
    except AttemptSuperseded as error:
        logger.info("%s dropped: %s", _title(claimed.payload), error)
    except (BackendUnavailable, RequestRefused) as error:
        logger.error("%s could not be reported: %s", _title(claimed.payload), error)
    else:
        logger.info("%s: %.2f s", _title(claimed.payload), time.monotonic() - started)
    finally:
        set_process_correlation_id(None)
    return lease.over is not None and lease.over.kind == "over_memory_limit"


def _attempt(api: ApiClient, lease: Lease, claimed: ClaimedTask, execute: Execute) -> TaskResult | FailRequest | None:
    """The result, or the report of a failure; None when nobody waits for either."""
    try:
        with lease, engine_lines(lease):
            work = Work(claimed.task_id, lease.check, lambda line: lease.log("warning", line))
            with api.working_on(work):
                lease.check()
                return execute(claimed.payload, lease)
    except WorkerShutdown as stop:
        return FailRequest(attempt=claimed.attempt, message=str(stop), retryable=True, released=True)
    except StopRequested as stop:
        logger.info("%s stopped: %s", _title(claimed.payload), stop)
        return None
    except AttemptSuperseded:
        raise
    except OverLimit as error:
        return None if error.is_told else _failure(claimed, error.kind, str(error), retryable=False)
    except ArtifactLost as error:
        return _failure(claimed, "state_damaged", str(error), retryable=False)
    except OSError as error:  # connections, full disks, files that a network drive lost
        return _failure(claimed, _kind_of_os_error(error), _describe_os_error(error), retryable=True)
    except RequestRefused as error:
        return _failure(claimed, "unexpected", str(error), retryable=False)
    except ValueError as error:
        kind: FailureKind = "data_unreadable" if isinstance(error, DataProblem) else "invalid_setting"
        return _failure(claimed, kind, str(error), retryable=False)
    except Exception as error:  # noqa: BLE001 (the outermost shell: the run must learn of every failure)
        if is_out_of_memory(error):
            remedy = "choose a smaller image_size, batch_size or network, or a machine with more memory"
            return _failure(claimed, "out_of_memory", f"there was not enough memory: {remedy}", retryable=False)
        return _failure(claimed, "unexpected", f"unexpected {type(error).__name__}: {error}", retryable=False)


def _hand_in(api: ApiClient, claimed: ClaimedTask, outcome: TaskResult | FailRequest | None) -> None:
    """Hands in a result; one that the backend refuses, or that cannot be encoded, ends the attempt as a failure."""
    try:
        _finish(api, claimed, outcome)
    except (AttemptSuperseded, BackendUnavailable):
        raise
    except Exception as error:
        if isinstance(outcome, FailRequest):
            raise
        message = f"the result could not be handed in: {error}"
        api.fail(claimed.task_id, _failure(claimed, "unexpected", message, retryable=False))


def _finish(api: ApiClient, claimed: ClaimedTask, outcome: TaskResult | FailRequest | None) -> None:
    if isinstance(outcome, FailRequest):
        api.fail(claimed.task_id, outcome)
    elif outcome is not None:
        api.complete(claimed.task_id, claimed.attempt, outcome)


def _failure(claimed: ClaimedTask, kind: FailureKind, message: str, retryable: bool) -> FailRequest:
    """The report of the error that is being handled, with its traceback for the log."""
    detail, message = readable(traceback.format_exc()), readable(message)
    logger.warning("%s failed: %s\n%s", _title(claimed.payload), message, detail)
    return FailRequest(
        attempt=claimed.attempt, kind=kind, message=message[:2000], detail=detail[-20000:], retryable=retryable
    )


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out. torch raises a RuntimeError then: OutOfMemoryError on a GPU, the allocator's on a CPU."""
    said = str(error)
    words = "out of memory" in said or "not enough memory" in said
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and words)


def _kind_of_os_error(error: OSError) -> FailureKind:
    if error.errno == errno.ENOSPC:
        return "disk_full"
    return "connection_lost" if isinstance(error, ConnectionError) else "data_unreadable"


def _describe_os_error(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk of this worker is full: make room in FEDSM_WORKER_HOME or lower FEDSM_ARTIFACT_CACHE_MIB"
    if error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _title(payload: TaskPayload) -> str:
    """`round 3, train_site site-b`: the task's name in the log."""
    parts: list[str] = [payload.kind]
    if participant := getattr(payload, "participant", None) or getattr(payload, "site", None):
        parts.append(participant)
    if (round_number := getattr(payload, "round", None)) is not None:
        parts.insert(0, f"round {round_number},")
    return " ".join(parts)
