"""A finished model scored on other data, without training."""

from typing import Any

import pytest

from tests.backend.conftest import DISC, FEDSM, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def add_data(
    backend: LiveBackend, worker: PlayedWorker, federation_id: str, site: str, folder: str
) -> tuple[str, dict[str, Any]]:
    """A new site with a data set of 4 cases; the id of the data set."""
    created = backend.post(f"/federations/{federation_id}/sites", {"name": site})
    dataset = backend.post(f"/sites/{created['id']}/datasets", {"name": f"Data of {site}", "folder": folder})
    worker.work_until_idle()
    worker.done.clear()
    return dataset["id"], created


def do_test(backend: LiveBackend, worker: PlayedWorker, completed_run: str, **body: Any) -> dict[str, Any]:
    """The test's experiment, once it is over."""
    experiment = backend.post(f"/runs/{completed_run}/tests", body)
    worker.work_until_idle()
    done: dict[str, Any] = backend.get(f"/experiments/{experiment['id']}")
    return done


def test_a_model_is_scored_on_a_new_site_with_all_that_results_show(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    dataset, _ = add_data(backend, worker, federation["id"], "d", "/data/d")
    done = do_test(backend, worker, completed_run, datasets=[dataset])
    assert (done["kind"], done["tested_run_id"], done["status"]) == ("test", completed_run, "completed")
    assert worker.done == [("evaluate_site", "d", 0)], "nothing is trained and nothing else asked"
    (run,) = done["runs"]
    cases = backend.get(f"/runs/{run['id']}/cases")["cases"]
    assert len(cases) == 4, "train, validation and test cases alike: the model has seen none"
    assert set(cases[0]["dice"]) == {"global", "personalized/a", "personalized/b", "personalized/c", "super"}
    assert cases[0]["predictions"]["global"].startswith("/api/v1/artifacts/")
    assert cases[0]["probabilities"] is not None
    results = backend.get(f"/experiments/{done['id']}/results")
    assert results["sites"] == ["d"]
    cells = {(c["model"], c["site_slug"], c["structure"]): c for c in results["cells"]}
    assert cells["global", "d", "disc"]["mean"] == pytest.approx(0.6)
    assert cells["global", None, None]["num_cases"] == 4, "the mean over all tested sites"
    rows = {row["model"] for row in backend.get(f"/runs/{run['id']}/matrix")["rows"]}
    assert rows == {"global", "personalized/a", "personalized/b", "personalized/c", "super"}
    assert backend.admin.get(f"/api/v1/runs/{run['id']}/selector").status_code == 200
    assert backend.admin.get(f"/api/v1/runs/{run['id']}/selector/cases").status_code == 200
    for file in ("results.csv", "cases.csv", "results.tex", "table.csv"):
        text = backend.admin.get(f"/api/v1/experiments/{done['id']}/{file}")
        assert text.status_code == 200
        assert "FedSM" in text.text
    report = backend.post(f"/experiments/{done['id']}/reports", {"baseline": "FedSM"})
    assert report["title"]
    assert [entry["id"] for entry in backend.get(f"/runs/{completed_run}/tests")] == [done["id"]]
    assert [entry["run_id"] for entry in backend.get(f"/federations/{federation['id']}/models")] == [completed_run]
    assert backend.admin.post(f"/api/v1/runs/{run['id']}/tests", json={"datasets": [dataset]}).status_code == 409


def test_a_run_before_that_was_deleted_leaves_no_case_known_to_be_new(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    later = start_run(backend, federation, strategies=[FEDSM], start_from={"run": completed_run})
    worker.work_until_idle()
    before = backend.get(f"/runs/{completed_run}")["experiment_id"]
    assert backend.admin.delete(f"/api/v1/experiments/{before}").is_success
    own = next(entry for entry in backend.get(f"/federations/{federation['id']}/datasets") if entry["site_slug"] == "a")
    refused = backend.admin.post(f"/api/v1/runs/{later}/tests", json={"datasets": [own["id"]]})
    assert refused.status_code == 422
    assert "was removed" in refused.json()["detail"]
    done = do_test(backend, worker, later, datasets=[own["id"]], cases="test")
    assert len(backend.get(f"/runs/{done['runs'][0]['id']}/cases")["cases"]) == 1


def test_cases_that_the_model_trained_on_are_left_out_and_that_is_said(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    """Site a's own data set: two training cases and one validation case of four."""
    own = next(entry for entry in backend.get(f"/federations/{federation['id']}/datasets") if entry["site_slug"] == "a")
    done = do_test(backend, worker, completed_run, datasets=[own["id"]])
    (run,) = done["runs"]
    (case,) = backend.get(f"/runs/{run['id']}/cases")["cases"]
    assert case["name"] == "case-3"
    messages = [event["message"] for event in backend.get(f"/runs/{run['id']}/events")]
    assert any("3 case(s) of a are left out of the test" in message for message in messages)
    results = backend.get(f"/experiments/{done['id']}/results")
    cells = {(c["model"], c["site_slug"], c["structure"]): c for c in results["cells"]}
    assert cells["personalized", "a", "disc"]["mean"] == pytest.approx(0.9), "its own personalized model"
    # The same images registered again under another name are not new either.
    copy, _ = add_data(backend, worker, federation["id"], "copy", "/data/a")
    again = do_test(backend, worker, completed_run, datasets=[copy])
    assert len(backend.get(f"/runs/{again['runs'][0]['id']}/cases")["cases"]) == 1


def test_in_another_federation_a_site_of_the_same_name_is_another_hospital(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    other = backend.post("/federations", {"name": "Elsewhere", "task": DISC})
    dataset, _ = add_data(backend, worker, other["id"], "a", "/elsewhere/a")
    done = do_test(backend, worker, completed_run, datasets=[dataset], cases="test")
    assert done["federation_id"] == other["id"]
    (run,) = done["runs"]
    (case,) = backend.get(f"/runs/{run['id']}/cases")["cases"]
    models = {"global", "personalized/a-trained", "personalized/b", "personalized/c", "super"}
    assert set(case["dice"]) - {"super"} == models - {"super"}


def test_what_cannot_be_tested_says_why(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    structures = [{"name": "disc", "label_values": [1]}, {"name": "cup", "label_values": [2]}]
    cups = backend.post("/federations", {"name": "Cups", "task": DISC | {"structures": structures}})
    cup, _ = add_data(backend, worker, cups["id"], "a", "/data/cups")
    own = backend.get(f"/federations/{federation['id']}/datasets")[0]["id"]

    def refused(run: str, *datasets: str) -> tuple[int, str]:
        answer = backend.admin.post(f"/api/v1/runs/{run}/tests", json={"datasets": datasets})
        return answer.status_code, answer.json()["detail"]

    assert refused(completed_run, cup) == (
        422,
        "datasets: are the structures of the federation, and the model was trained with ['disc'] "
        "(choose data sets of a federation with the model's task)",
    )
    assert refused(completed_run, cup, own)[0] == 422
    assert refused(completed_run, "nowhere")[0] == 404
    assert refused(completed_run)[0] == 422
    running = start_run(backend, federation)
    status, detail = refused(running, own)
    assert status == 409
    assert "once it is completed" in detail


def test_a_test_is_cancelled_and_resumed_and_goes_on_without_a_site_that_fails(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    first, _ = add_data(backend, worker, federation["id"], "d", "/data/d")
    second, _ = add_data(backend, worker, federation["id"], "e", "/data/e")
    experiment = backend.post(f"/runs/{completed_run}/tests", {"datasets": [first, second]})
    test_run = experiment["runs"][0]["id"]
    assert backend.post(f"/runs/{test_run}/cancel")["status"] == "cancelled"
    worker.task_ids("simulated")
    worker.fail = lambda _kind, participant, _round: "no such folder" if participant == "e" else None
    assert backend.post(f"/runs/{test_run}/resume")["status"] == "evaluating"
    worker.work_until_idle()
    assert backend.get(f"/runs/{test_run}")["status"] == "completed"
    assert {case["site_slug"] for case in backend.get(f"/runs/{test_run}/cases")["cases"]} == {"d"}


def test_a_model_is_tested_with_the_threshold_of_validation(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.thresholds = lambda _payload: {0.6: 0.9, 0.9: 0.8}
    run_id = start_run(backend, federation, strategies=[FEDSM])
    worker.work_until_idle()
    worker.thresholds = lambda _payload: {}
    dataset, _ = add_data(backend, worker, federation["id"], "d", "/data/d")
    done = do_test(backend, worker, run_id, datasets=[dataset], threshold="validation")
    assert "gamma = 0.6" in done["description"]
    (strategy,) = done["config"]["strategies"]
    assert (strategy["gamma"], strategy["threshold"]) == (0.6, "fixed")
    refused = backend.admin.post(f"/api/v1/runs/{done['runs'][0]['id']}/versions", json={"name": "fundus"})
    assert refused.status_code == 409
