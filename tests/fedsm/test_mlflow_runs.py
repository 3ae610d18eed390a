"""Runs are read back by MLflow's own client."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from backend.contracts.status import RunStatus
from backend.runs.schemas import MetricRecord, RunRecord
from fedsm.mlflow_runs import log_run, open_client, without_user
from tests.guide import lines_with

RUN = RunRecord.model_construct(
    id="r1",
    experiment_id="e1",
    strategy_label="FedSM",
    seed=3,
    status=RunStatus.COMPLETED,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    started_at=datetime(2026, 1, 2, tzinfo=UTC),
    finished_at=datetime(2026, 1, 3, tzinfo=UTC),
)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """In a folder, which a test opens sooner than a database; an address of either is the client's own affair."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return open_client(f"file:{tmp_path}")


def number(round_: int, value: float, structure: str | None = None) -> MetricRecord:
    return MetricRecord(
        id=round_, round=round_, site_slug="aster", model="global", split="val", name="dice", structure=structure,
        value=value, num_cases=4,
    )  # fmt: skip


def test_every_number_is_at_its_round_and_every_setting_there(client: MlflowClient) -> None:
    """1001 numbers and 101 settings are one more than a request takes; a name has what MLflow does not take."""
    numbers = [number(round_, round_ / 1024) for round_ in range(1000)] + [number(7, 0.5, "Papille ä (left)")]
    settings = {f"schedule.s{index}": str(index) for index in range(101)}
    run_id = log_run(client, "Eyes", RUN, settings, numbers)
    again = log_run(client, "Eyes", RUN, settings, [])
    found = client.get_run(run_id)
    assert (found.info.status, found.info.run_name, found.data.params) == ("FINISHED", "FedSM, seed 3", settings)
    assert (found.data.tags["fedsm.run"], found.data.tags["fedsm.experiment"]) == ("r1", "e1")
    history = client.get_metric_history(run_id, "val dice/global/aster")
    assert [(point.step, point.value) for point in history] == [(n, n / 1024) for n in range(1000)]
    assert {point.timestamp for point in history} == {int(datetime(2026, 1, 2, tzinfo=UTC).timestamp() * 1000)}
    (of_structure,) = client.get_metric_history(run_id, "val dice/global/aster - Papille ä _left_")
    assert (of_structure.step, of_structure.value) == (7, 0.5)
    assert client.get_run(again).info.experiment_id == found.info.experiment_id, "an experiment of a name is made once"


def test_the_guides_lines_read_the_curves(client: MlflowClient, tmp_path: Path) -> None:
    run_id = log_run(client, "Eyes", RUN, {}, [number(round_, round_ / 4) for round_ in range(3)])
    found: dict[str, Any] = {}
    exec(lines_with("mlflow").replace("ADDRESS", f"file:{tmp_path}").replace("EXPERIMENT", "Eyes"), found)
    assert [run.info.run_id for run in found["found"]] == [run_id]
    (curve,) = found["curves"].values()
    assert [(point.step, point.value) for point in curve] == [(0, 0.0), (1, 0.25), (2, 0.5)]


def test_a_run_under_way_has_no_end_and_one_that_is_over_its_own(client: MlflowClient) -> None:
    under_way = RUN.model_copy(update={"status": RunStatus.PAUSED, "finished_at": None})
    info = client.get_run(log_run(client, "Eyes", under_way, {}, [number(1, 0.5)])).info
    assert (info.status, info.end_time) == ("RUNNING", None)
    info = client.get_run(log_run(client, "Eyes", RUN, {}, [])).info
    assert (info.status, info.end_time) == ("FINISHED", int(datetime(2026, 1, 3, tzinfo=UTC).timestamp() * 1000))


def test_a_run_that_could_not_be_logged_whole_is_failed(client: MlflowClient) -> None:
    with pytest.raises(MlflowException, match="Names may only contain"):
        log_run(client, "Eyes", RUN, {"a setting that MLflow refuses?": "1"}, [number(1, 0.5)])
    experiment = client.get_experiment_by_name("Eyes")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://mira:a@b:c@mlflow.org:5000/x", "https://mlflow.org:5000/x"),
        (
            "no answer of postgresql+psycopg://u:p@db/mlflow: try u@x",
            "no answer of postgresql+psycopg://db/mlflow: try u@x",
        ),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("https://mlflow.org/users/@mira", "https://mlflow.org/users/@mira"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_user(address) == shown
