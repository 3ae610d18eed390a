"""Validation cases can be listed, and are part of no result."""

from typing import Any

from tests.backend.conftest import FEDSM, make_experiment
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def test_validation_cases_are_listed_and_in_no_result(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    worker.test_dice = lambda _payload, _case, _model: 0.75
    experiment = make_experiment(backend, federation, strategies=[FEDSM, {"name": "fedavg"}])
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    run_id = experiment["runs"][0]["id"]
    tested = backend.get(f"/runs/{run_id}/cases")
    assert {case["name"] for case in tested["cases"]} == {"case-3"}
    assert (tested["split"], tested["num_validation"]) == ("test", 3)
    validated = backend.get(f"/runs/{run_id}/cases", split="val")
    assert [(case["site_slug"], case["name"]) for case in validated["cases"]] == [(slug, "case-2") for slug in "abc"]
    assert (validated["split"], validated["num_validation"]) == ("val", 3)
    first = validated["cases"][0]
    assert first["dice"]["global"] == {"disc": 0.25}
    assert (first["image_url"], first["reference_url"], first["predictions"]) == (None, None, {})
    assert first["thumbnail_url"] is not None
    results = backend.get(f"/experiments/{experiment['id']}/results")
    assert {cell["mean"] for cell in results["cells"]} == {0.75}
    for path in ("results.csv", "cases.csv"):
        answer = backend.admin.get(f"/api/v1/experiments/{experiment['id']}/{path}")
        assert answer.is_success
        assert "case-2" not in answer.text
    backend.admin.delete(f"/api/v1/experiments/{experiment['id']}").raise_for_status()
    assert backend.admin.get(f"/api/v1/runs/{run_id}/cases?split=val").status_code == 404


def test_only_validation_cases_pass_as_such(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """A test case among them is refused, and so is a validation case that is scored twice."""
    experiment = make_experiment(backend, federation, strategies=[{"name": "fedavg"}])
    backend.post(f"/experiments/{experiment['id']}/start")
    claimed = None
    while claimed is None:
        queue = "coordinator" if (task_id := worker.next_task_id("coordinator")) else "simulated"
        task_id = task_id or worker.next_task_id(queue)
        found = worker.must_claim(task_id or "")
        if found["payload"]["kind"] == "evaluate_site" and found["payload"]["with_files"]:
            claimed = found
        else:
            assert worker.complete(found).status_code == 204
    result = worker.work(claimed["payload"])
    test_case = result["scores"][0]
    strange = worker.complete(claimed, result | {"validation": [test_case]})
    assert (strange.status_code, strange.json()["fields"][0]["field"]) == (422, "result.validation")
    assert "are no validation cases of" in strange.text
    twice = worker.complete(claimed, result | {"validation": result["validation"] * 2})
    assert "is scored twice" in twice.text
    assert worker.complete(claimed, result).status_code == 204
