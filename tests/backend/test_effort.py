"""What training took, over HTTP from played reports; the remarks on it; and training at equal effort."""

import csv
import io
from typing import Any

import pytest

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.local_work import LocalWork, mean_work
from backend.evaluations.effort.rising import still_rising
from tests.backend.conftest import FEDSM, make_experiment
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

FEDAVG = {"name": "fedavg"}
CENTRALIZED = {"name": "centralized"}


def steps_of(payload: dict[str, Any]) -> dict[str, int]:
    """Pooled 30 a round; FedSM's sites 10 for a, 6 for b and 8 for c, of both models; other methods 8."""
    match payload["run"]["strategy"]["name"]:
        case "centralized":
            return {"global": 30 if payload["run"]["strategy"]["steps"] == "full" else 9}
        case "fedsm":
            steps = {"a": 10, "b": 6, "c": 8}[payload["participant"]]
            return {"global": steps, "personalized": steps}
        case _:
            return {"global": 8}


def finish(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], **config: Any) -> dict[str, Any]:
    experiment = make_experiment(backend, federation, **config)
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    done: dict[str, Any] = backend.get(f"/experiments/{experiment['id']}")
    assert done["status"] == "completed"
    return done


def text_of(backend: LiveBackend, path: str) -> str:
    return backend.admin.get(f"/api/v1{path}").text


def test_effort_is_counted_along_the_path_of_each_model(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """Two rounds. FedSM's global model: 2 * (10 + 6 + 8) / 3 = 16; its personalized ones 20, 12 and 16. A training
    takes 0.5 s and 30 bytes."""
    worker.steps = steps_of
    schedule = {"rounds": 2}
    done = finish(backend, worker, federation, strategies=[FEDSM, FEDAVG, CENTRALIZED], schedule=schedule)
    results = backend.get(f"/experiments/{done['id']}/results")
    efforts = {(row["strategy_label"], row["model"]): row["effort"] for row in results["tables"][0]["rows"]}
    own = efforts["FedSM", "personalized"]
    assert [own[key] for key in ("steps", "steps_fewest", "steps_most", "images")] == [16, 12, 20, 32]
    assert [own[key] for key in ("seconds", "bytes", "num_rounds", "num_runs")] == [1.0, 2 * 3 * 30, 2, 1]
    assert efforts["FedSM", "global"]["steps"] == efforts["FedSM", "global"]["steps_most"] == 16
    assert efforts["FedSM", "super"]["steps"] == 16
    assert efforts["Centralized", "global"]["steps"] == 60
    (remark,) = results["remarks"]
    assert remark["code"] == "unequal_effort"
    assert remark["values"] == {"FedSM": 16, "FedAvg": 16, "Centralized": 60}
    assert "Centralized takes 60 gradient steps, 3.8 times the 16 of FedSM, so" in remark["words"]
    assert remark["words"] in results["notes"]
    ids = [run["id"] for run in done["runs"]]
    path = f"/federations/{federation['id']}/run-comparison"
    compared = backend.get(path, run=[ids[1], ids[2]])
    assert any("The runs differ in effort: Centralized, seed 0 takes 60" in words for words in compared["cautions"])
    run = next(run for run in done["runs"] if run["strategy_label"] == "FedSM")
    effort = backend.get(f"/runs/{run['id']}/effort")
    assert [entry["model"] for entry in effort["models"]] == ["global", "personalized", "super"]
    assert effort["rounds"] == [
        {"round": 1, "steps": 8, "images": 16, "seconds": 0.5, "bytes": 90},
        {"round": 2, "steps": 16, "images": 32, "seconds": 1.0, "bytes": 180},
    ]
    table = text_of(backend, f"/experiments/{done['id']}/table.csv")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["steps"] for row in rows] == ["16.0", "16.0", "16.0", "16.0", "60.0"]
    latex = text_of(backend, f"/experiments/{done['id']}/results.tex")
    assert r"& Steps \\" in latex
    assert r"& 60 \\" in latex
    report = backend.post(f"/experiments/{done['id']}/reports", {"title": "Effort"})
    path = report["pdf_path"].removesuffix("/pdf")
    assert remark["words"] in backend.admin.get(path).json()["report"]["remarks"]


def test_methods_of_like_effort_have_no_remark(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """9 steps against 8. Before anything was counted there is no effort, and none is invented."""
    worker.steps = steps_of
    equal = {"name": "centralized", "steps": "equal"}
    done = finish(backend, worker, federation, strategies=[FEDAVG, equal], schedule={"rounds": 1, "batch_size": 2})
    results = backend.get(f"/experiments/{done['id']}/results")
    assert results["remarks"] == results["notes"] == []
    worker.steps = lambda _payload: {}
    bare = finish(backend, worker, federation, strategies=[FEDAVG], schedule={"rounds": 1})
    (row,) = backend.get(f"/experiments/{bare['id']}/results")["tables"][0]["rows"]
    assert row["effort"]["steps"] is None
    assert row["effort"]["seconds"] == 0.5
    assert "Steps" not in text_of(backend, f"/experiments/{bare['id']}/results.tex")


def test_a_run_that_still_rises_in_its_last_round_says_so(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    worker.dice = lambda _site, number: 0.5 + 0.02 * number
    done = finish(backend, worker, federation, strategies=[FEDAVG], schedule={"rounds": 6})
    (remark,) = backend.get(f"/experiments/{done['id']}/results")["remarks"]
    assert (remark["code"], remark["values"]) == ("still_rising", {"FedAvg": pytest.approx(0.04)})
    assert remark["words"].startswith("Still rising in the last round, by validation Dice: FedAvg (+0.040).")
    assert backend.get(f"/runs/{done['runs'][0]['id']}/effort")["remarks"] == [remark]


def test_the_rule_of_rising() -> None:
    """The last fifth, at least two rounds, against as many before: by more than 0.005 and than the standard error."""

    def rises(*values: float) -> float | None:
        return still_rising(dict(enumerate(values, 1)))

    assert rises(0.1, 0.2, 0.3) is None, "three rounds are too few"
    assert rises(0.50, 0.50, 0.51, 0.51) == pytest.approx(0.01)
    assert rises(0.50, 0.50, 0.504, 0.504) is None, "less than 0.005"
    assert rises(0.6, 0.4, 0.62, 0.42) is None, "it jumps about by more than it gains"
    assert rises(0.6, 0.6, 0.5, 0.5) is None
    twenty = [0.5] * 12 + [0.5] * 4 + [0.6] * 4
    assert rises(*twenty) == pytest.approx(0.1), "of twenty rounds the last four"


def test_the_mean_of_the_sites_work() -> None:
    works = [LocalWork(2, 1, 1), LocalWork(3, 2, 2), LocalWork(4, 2, 4), LocalWork(0, 0, 0)]
    assert mean_work(works) == LocalWork(9, 2, 2), "5 / 3 and 7 / 3; a site without cases is not counted"
    assert mean_work([LocalWork(1, 1, None), LocalWork(1, 2, 2)]) == LocalWork(2, 2, None), "1.5 is rounded up"


def test_equal_steps_are_refused_where_they_change_nothing() -> None:
    body = {"strategies": [FEDAVG, {"name": "centralized", "steps": "equal"}], "schedule": {"local_steps": 3}}
    with pytest.raises(ValueError, match="gives every model the same steps a round already"):
        ExperimentConfig.model_validate(body)


@pytest.mark.parametrize("name", ["local-only", "centralized"])
def test_a_reference_at_equal_steps_takes_the_sites_mean(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], name: str
) -> None:
    """Every played site has two training cases, so two steps; an update that states six, as of all, is refused."""
    experiment = make_experiment(backend, federation, strategies=[{"name": name, "steps": "equal"}])
    run_id = backend.post(f"/experiments/{experiment['id']}/start")["runs"][0]["id"]
    worker.work_one("coordinator")
    claimed = worker.must_claim(worker.task_ids("simulated")[0])
    assert claimed["payload"]["run"]["site_steps"] == 2
    result = worker.work(claimed["payload"])
    assert result["num_steps"] == 2
    answer = worker.complete(claimed, result | {"num_steps": 6})
    assert answer.status_code == 422
    assert "it states 6 local steps, and the schedule asks for 2" in answer.text
    assert worker.complete(claimed, result).status_code == 409, "its attempt is over"
    assert backend.get(f"/runs/{run_id}")["status"] == "running"
