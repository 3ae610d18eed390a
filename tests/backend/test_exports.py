"""Forms of models for other programs: asked for, made by a worker, listed, fetched and removed."""

from typing import Any

from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def finished(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> str:
    run_id = start_run(backend, federation)
    worker.work_until_idle()
    return run_id


def test_a_form_is_made_and_fetched_and_removed(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = finished(backend, federation, worker)
    asked = backend.post(f"/runs/{run_id}/exports", {"form": "onnx"})
    assert (asked["status"], asked["url"], asked["label"]) == ("queued", None, "ONNX")
    again = backend.admin.post(f"/api/v1/runs/{run_id}/exports", json={"form": "onnx"})
    assert again.status_code == 409
    assert "is being made already" in again.json()["detail"]
    worker.work_until_idle()
    (done,) = backend.get(f"/runs/{run_id}/exports")
    assert (done["status"], done["num_images"], done["num_different"]) == ("completed", 2, 0)
    assert done == backend.get(f"/exports/{done['id']}")
    content = backend.admin.get(done["url"])
    assert content.headers["content-type"] == "application/zip"
    # The worker got the parts that predict, and the data of sites that the central workers serve.
    assert content.content.startswith(b"onnx of ['global'")
    assert b"selector_moments" not in content.content
    assert backend.admin.delete(f"/api/v1/exports/{done['id']}").status_code == 204
    assert backend.admin.get(done["url"]).status_code == 404
    assert backend.get(f"/runs/{run_id}/exports") == []


def test_an_export_says_which_model_or_case_its_worker_is_at(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = finished(backend, federation, worker)
    asked = backend.post(f"/runs/{run_id}/exports", {"form": "onnx"})
    assert (asked["step"], asked["doing"]) == (None, None)
    (task_id,) = worker.task_ids("coordinator")
    claimed = worker.must_claim(task_id)
    step = {"stage": "try", "number": 2, "of": 8}
    assert worker.progress(claimed, fraction=0.55, step=step).status_code == 200
    seen = backend.get(f"/exports/{asked['id']}")
    assert (seen["fraction"], seen["step"], seen["doing"]) == (0.55, step, "Tries it on raw image 2 of 8")
    worker.complete(claimed)
    ended = backend.get(f"/exports/{asked['id']}")
    assert (ended["status"], ended["step"], ended["doing"]) == ("completed", None, None)


def test_a_form_that_fails_says_why(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> None:
    run_id = finished(backend, federation, worker)
    worker.fail = lambda kind, _site, _round: "this form gives other masks" if kind == "export_model" else None
    asked = backend.post(f"/runs/{run_id}/exports", {"form": "monai"})
    worker.work_until_idle()
    done = backend.get(f"/exports/{asked['id']}")
    assert (done["status"], done["url"]) == ("failed", None)
    assert "this form gives other masks" in done["error"]


def test_a_run_without_models_has_no_form(backend: LiveBackend, federation: dict[str, Any]) -> None:
    run_id = start_run(backend, federation)
    answer = backend.admin.post(f"/api/v1/runs/{run_id}/exports", json={"form": "onnx"})
    assert answer.status_code == 409
    assert "once it is completed" in answer.json()["detail"]
    unknown = backend.admin.post(f"/api/v1/runs/{run_id}/exports", json={"form": "caffe"})
    assert unknown.status_code == 422
