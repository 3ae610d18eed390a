"""A run and what was measured in it, for MLflow: by its own client, wherever that keeps runs.

The client is no dependency of ours: who has MLflow has it. Source: mlflow.org/docs/latest/self-hosting/architecture
(tracking addresses; limits of a request).
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from backend.contracts.status import RunStatus
from backend.runs.schemas import MetricRecord, RunRecord
from fedsm.measured import tag_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

#: Where MLflow itself keeps runs if nobody says otherwise.
DEFAULT_ADDRESS = "sqlite:///mlflow.db"
#: What MLflow takes in one request, and as one setting.
MAX_METRICS, MAX_PARAMS, MAX_VALUE = 1000, 100, 6000
_USER = re.compile(r"(?<=://)[^/?#\s]*@")
_NOT_IN_NAMES = re.compile(r"[^\w\-. /:]")
#: Its words for a run that is over. Any other is RUNNING there: MLflow has no word for a run that waits.
_ENDS = {RunStatus.COMPLETED: "FINISHED", RunStatus.FAILED: "FAILED", RunStatus.CANCELLED: "KILLED"}
T = TypeVar("T")


def open_client(address: str) -> "MlflowClient":
    """MLflow's client of a tracking address: a server's, or of a database. Raises ImportError without MLflow.

    MLflow's own reports of its use are off, unless its environment variable says otherwise.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=address)


def without_user(text: str) -> str:
    """An address, or a text with addresses in it, without the name and password of `https://name:password@host`."""
    return _USER.sub("", text)


def log_run(
    client: "MlflowClient",
    experiment: str,
    run: RunRecord,
    settings: Mapping[str, str],
    metrics: Iterable[MetricRecord],
) -> str:
    """The id of a new run there. experiment: its name, which is made where it is new. settings: by their paths.

    A number stands at its round, under nearly the name that the event files give it. Its time is the run's start,
    because nobody keeps the time of a single number. A run under way has no end there. Raises MlflowException.
    """
    from mlflow.entities import Metric, Param, RunTag

    found = client.get_experiment_by_name(experiment)
    experiment_id = client.create_experiment(experiment) if found is None else found.experiment_id
    at = int((run.started_at or run.created_at).timestamp() * 1000)
    name = f"{run.strategy_label}, seed {run.seed}"
    run_id = str(client.create_run(experiment_id, start_time=at, run_name=name).info.run_id)
    with _failed_with_its_error(client, run_id):
        client.log_batch(run_id, tags=[RunTag("fedsm.run", run.id), RunTag("fedsm.experiment", run.experiment_id)])
        for params in _batches([Param(key, value[:MAX_VALUE]) for key, value in settings.items()], MAX_PARAMS):
            client.log_batch(run_id, params=params)
        points = [Metric(_name_of(metric), metric.value, at, metric.round) for metric in metrics]
        for several in _batches(points, MAX_METRICS):
            client.log_batch(run_id, metrics=several)
        if (end := _ENDS.get(RunStatus(run.status))) is not None:
            ended = int(run.finished_at.timestamp() * 1000) if run.finished_at is not None else None
            client.set_terminated(run_id, status=end, end_time=ended)
    return run_id


@contextmanager
def _failed_with_its_error(client: "MlflowClient", run_id: str) -> Iterator[None]:
    """A run of which a part is missing is FAILED there, also where somebody interrupts the command."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except BaseException as error:
        try:
            client.set_terminated(run_id, status="FAILED")
        except MlflowException as another:
            error.add_note(f"The run {run_id} of MLflow could not be set to FAILED either: {another}")
        raise


def _name_of(metric: MetricRecord) -> str:
    """As in the event files, but that a structure begins no folder: where MLflow keeps files, the number of all
    structures has one of that name."""
    return _NOT_IN_NAMES.sub("_", tag_of(metric, " - "))


def _batches(entries: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(entries), size):
        yield list(entries[start : start + size])
