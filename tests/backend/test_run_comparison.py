"""Runs side by side, also of different experiments: what differs, what it cost, and paired differences."""

from typing import Any

import pytest
from sqlalchemy import delete

from backend.db.models import TestMeans
from backend.db.session import unit_of_work
from benchmarks.load.lists import counted
from tests.backend.backend_states import saved_state
from tests.backend.conftest import FEDSM, make_experiment
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def finish(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], **config: Any) -> dict[str, Any]:
    experiment = make_experiment(backend, federation, **config)
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    (run,) = backend.get(f"/experiments/{experiment['id']}")["runs"]
    assert run["status"] == "completed"
    done: dict[str, Any] = run
    return done


@saved_state
def two(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> list[str]:
    worker.num_test_cases = 1
    worker.test_dice = lambda *_: 0.5
    first = finish(backend, worker, federation)
    worker.test_dice = lambda payload, _case, _model: {"a": 0.6, "b": 0.7, "c": 0.2}[payload["participant"]]
    second = finish(backend, worker, federation, schedule={"rounds": 3}, strategies=[FEDSM], held_out_sites=["c"])
    return [first["id"], second["id"]]


def compare(backend: LiveBackend, federation: dict[str, Any], *runs: str, **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = backend.get(f"/federations/{federation['id']}/run-comparison", run=list(runs), **query)
    return answer


def test_only_what_differs_is_marked(backend: LiveBackend, federation: dict[str, Any], two: list[str]) -> None:
    found = {entry["path"]: entry for entry in compare(backend, federation, *two)["parameters"]}
    assert found["schedule.rounds"] == {"path": "schedule.rounds", "values": ["2", "3"], "differs": True}
    assert found["strategy.name"]["values"] == ["fedavg", "fedsm"]
    assert found["strategy.lambda"]["values"] == [None, "0.7"]
    assert found["held_out_sites"]["values"] == ["empty", "c"]
    assert found["schedule.batch_size"]["differs"] is False
    assert not any(path.startswith(("strategies", "seeds")) for path in found)


def test_a_list_of_runs_has_their_sites_and_test_scores(
    backend: LiveBackend, federation: dict[str, Any], two: list[str]
) -> None:
    """The second run trains at a and b alone: its mean is theirs."""
    path = f"/federations/{federation['id']}/test-scores"
    of_run = {entry["run_id"]: entry for entry in backend.get(path)}
    assert list(of_run) == two[::-1]
    assert [of_run[run]["model"] for run in two] == ["global", "super"]
    assert [of_run[run]["num_cases"] for run in two] == [3, 2]
    assert [of_run[run]["scores"]["dice"] for run in two] == pytest.approx([0.5, 0.65])
    runs = [backend.get(f"/runs/{run}") for run in two]
    assert [run["sites"] for run in runs] == [["a", "b", "c"], ["a", "b"]]
    (only,) = backend.get(path, experiment_id=runs[0]["experiment_id"])
    assert only["run_id"] == two[0]


def test_a_list_of_runs_reads_no_case_of_theirs(
    backend: LiveBackend, federation: dict[str, Any], two: list[str]
) -> None:
    """And of a run whose means are not kept, as one of before, makes the same of its cases."""
    path = f"/federations/{federation['id']}/test-scores"
    with counted(backend.platform.database.engine) as statements:
        kept = backend.get(path)
    assert not [statement for statement in statements if "FROM evaluated_case" in statement]
    with unit_of_work(backend.platform.database) as session:
        session.execute(delete(TestMeans).where(TestMeans.run_id == two[0]))
    assert backend.get(path) == kept


def test_the_states_of_all_rounds_take_one_statement_for_their_sizes(backend: LiveBackend, two: list[str]) -> None:
    with counted(backend.platform.database.engine) as statements:
        rounds = backend.get(f"/runs/{two[1]}/rounds")
    assert len(rounds) == 4
    assert all(part["num_bytes"] for state in rounds for part in state["parts"] if state["removed_at"] is None)
    assert sum("FROM artifact" in statement for statement in statements) == 1


def test_scores_are_paired_by_case(backend: LiveBackend, federation: dict[str, Any], two: list[str]) -> None:
    """Pooled are a and b, which train in both; c is held out of one."""
    answer = compare(backend, federation, *two)
    rows = {row["site_slug"]: row["scores"] for row in answer["rows"]}
    assert [score["mean"] for score in rows["a"]] == pytest.approx([0.5, 0.6])
    assert rows["a"][1]["difference"] == pytest.approx(0.1)
    assert rows["c"][1]["difference"] == pytest.approx(-0.3)
    assert rows[None][1]["difference"] == pytest.approx(0.15)
    assert rows[None][1]["num_pairs"] == 2
    assert rows[None][0]["difference"] is None
    texts = [(score["difference_text"], score["interval_text"]) for score in (rows[None][0], rows["c"][1])]
    assert texts == [("\u2013", None), ("\u22120.300", None)], "no interval of one case"
    assert rows[None][1]["interval_text"] == "[+0.100, +0.200]"
    assert answer["runs"][1]["model"] == "super"
    assert answer["runs"][0]["bytes_up"] > 0
    assert any("c is left out" in caution for caution in answer["cautions"])
    assert answer["other_data"] == []


def test_other_data_are_told(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], two: list[str]
) -> None:
    site = backend.get(f"/federations/{federation['id']}")["sites"][0]
    backend.post(f"/sites/{site['id']}/datasets", {"name": "More", "folder": "/data/more"})
    worker.work_until_idle()
    third = finish(backend, worker, federation)
    answer = compare(backend, federation, two[0], third["id"])
    assert answer["other_data"] == ["a"]
    assert any("not of the same images" in caution for caution in answer["cautions"])


def test_what_cannot_be_compared_is_refused(backend: LiveBackend, federation: dict[str, Any], two: list[str]) -> None:
    other = backend.post("/federations", {"name": "Other", "task": federation["task"]})
    path = f"/api/v1/federations/{federation['id']}/run-comparison"
    for query, status, text in (
        ({"run": [two[0]]}, 422, "give 2 to 8"),
        ({"run": [two[0], two[0]]}, 422, "give 2 to 8"),
        ({"run": [two[0], "none"]}, 404, "none"),
        ({"run": list(two), "structure": "iris"}, 422, "choose among disc"),
    ):
        answer = backend.admin.get(path, params=query)
        assert (answer.status_code, text in answer.text) == (status, True), answer.text
    foreign = backend.admin.get(f"/api/v1/federations/{other['id']}/run-comparison", params={"run": list(two)})
    assert foreign.status_code == 422
    assert "is no run of Other" in foreign.text
