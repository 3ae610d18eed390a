"""Uploads and predictions through the ledger, with a played worker."""

import hashlib
from typing import Any

import httpx
import pytest

from tests.backend.conftest import FEDSM, make_experiment, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.conftest import wait_until

IMAGE = b"bytes of a photograph"


def upload(backend: LiveBackend, run_id: str, content: bytes = IMAGE, name: str = "eye.png") -> httpx.Response:
    return backend.admin.post(f"/api/v1/runs/{run_id}/predictions", params={"name": name}, content=content)


@pytest.fixture
def run_id(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> str:
    """Of a completed run."""
    started = start_run(backend, federation)
    worker.work_until_idle()
    assert backend.get(f"/runs/{started}")["status"] == "completed"
    return started


def test_an_image_is_predicted_by_the_best_round(backend: LiveBackend, worker: PlayedWorker, run_id: str) -> None:
    answer = upload(backend, run_id)
    assert answer.status_code == 201, answer.text
    prediction = answer.json()
    assert (prediction["status"], prediction["file_name"], prediction["masks"]) == ("queued", "eye.png", [])
    assert prediction["round"] == backend.get(f"/runs/{run_id}")["best_round"]
    task_id = worker.next_task_id("coordinator")
    assert task_id is not None
    claimed = worker.must_claim(task_id)
    assert claimed["payload"]["image"] == hashlib.sha256(IMAGE).hexdigest()
    assert claimed["payload"]["state"].keys() == {"global"}
    assert backend.worker.get(f"/worker-api/v1/artifacts/{claimed['payload']['image']}").content == IMAGE
    assert worker.complete(claimed).status_code == 204
    done = backend.get(f"/predictions/{prediction['id']}")
    assert (done["status"], done["chosen_model"], done["probabilities"]) == ("completed", "global", None)
    assert done["masks"][0]["sizes"] == [{"structure": "disc", "size": 12.0}]
    assert backend.admin.get(done["masks"][0]["file_urls"]["disc"]).content == b"plane of eye.png"
    (url,) = done["masks"][0]["segmentation_urls"].values()
    answer = backend.admin.get(url)
    assert (answer.content, answer.headers["content-type"]) == (b"segmentation of eye.png", "application/dicom")
    assert [row["id"] for row in backend.get(f"/runs/{run_id}/predictions")] == [prediction["id"]]


def test_an_image_of_no_site_is_said_to_be_one(backend: LiveBackend, worker: PlayedWorker, run_id: str) -> None:
    """In the same words of an own image and of a test case; of every other image nothing is said."""
    worker.unlike = lambda name: {"unlikeness": 4.21, "of_no_site": name != "usual.png"}
    far, usual = upload(backend, run_id).json()["id"], upload(backend, run_id, name="usual.png").json()["id"]
    worker.work_until_idle()
    words = "This image is unlike every site's images: 4.2 times the usual distance. The mask may be wrong."
    assert backend.get(f"/predictions/{far}")["unlike"] == words
    assert (backend.get(f"/predictions/{usual}")["unlike"], backend.get(f"/predictions/{usual}")["unlikeness"]) == (
        None,
        4.21,
    )
    federation_id = backend.get("/federations")[0]["id"]
    routed = start_run(backend, {"id": federation_id}, strategies=[FEDSM])
    worker.work_until_idle()
    assert {case["unlike"] for case in backend.get(f"/runs/{routed}/cases")["cases"]} == {words}
    assert {case["unlike"] for case in backend.get(f"/runs/{run_id}/cases")["cases"]} == {None}


def test_a_batch_says_how_many_of_its_images_are_done(
    backend: LiveBackend, worker: PlayedWorker, run_id: str, federation: dict[str, Any]
) -> None:
    batch = backend.post(f"/runs/{run_id}/prediction-batches")
    assert (batch["num_images"], batch["num_expected"], batch["fraction"]) == (0, None, 1)
    path = f"/runs/{run_id}/predictions"
    for name in ("good.png", "bad.png", "later.png"):
        answer = backend.admin.post(f"/api/v1{path}", params={"name": name, "batch": batch["id"]}, content=IMAGE)
        assert (answer.status_code, answer.json()["batch_id"]) == (201, batch["id"])
    alone = upload(backend, run_id, name="alone.png").json()
    claimed = [worker.must_claim(worker.next_task_id("coordinator") or "") for _ in range(2)]
    assert worker.complete(claimed[0]).status_code == 204
    assert worker.fail_task(claimed[1], "bad.png is damaged").status_code == 204
    found = backend.get(f"/prediction-batches/{batch['id']}")
    assert [found[key] for key in ("num_images", "num_done", "num_failed")] == [3, 1, 1]
    assert found["fraction"] == pytest.approx(2 / 3)
    listed = backend.admin.get(f"/api/v1{path}", params={"batch": batch["id"]}).json()
    assert [row["file_name"] for row in listed] == ["later.png", "bad.png", "good.png"]
    other = start_run(backend, federation)
    worker.work_until_idle()
    for run, named, status, words in (
        (other, batch["id"], 422, "is a batch of another run"),
        (run_id, "nothing", 404, "nothing"),
    ):
        answer = backend.admin.post(
            f"/api/v1/runs/{run}/predictions", params={"name": "a.png", "batch": named}, content=IMAGE
        )
        assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert backend.admin.delete(f"/api/v1/prediction-batches/{batch['id']}").status_code == 204
    assert [row["id"] for row in backend.get(path)] == [alone["id"]]
    assert backend.admin.get(f"/api/v1/prediction-batches/{batch['id']}").status_code == 404


def test_a_cancelled_batch_keeps_what_is_done_and_takes_no_more(
    backend: LiveBackend, worker: PlayedWorker, run_id: str
) -> None:
    batch = backend.post(f"/runs/{run_id}/prediction-batches?num_images=4")
    assert (batch["num_expected"], batch["fraction"]) == (4, 0), "what is still to come is work too"
    path = f"/api/v1/runs/{run_id}/predictions"
    for name in ("done.png", "claimed.png", "queued.png"):
        sent = backend.admin.post(path, params={"name": name, "batch": batch["id"]}, content=IMAGE)
        assert sent.status_code == 201
    done, claimed = (worker.must_claim(worker.next_task_id("coordinator") or "") for _ in range(2))
    assert worker.complete(done).status_code == 204
    assert backend.get(f"/prediction-batches/{batch['id']}")["fraction"] == pytest.approx(1 / 4)
    forgotten = backend.admin.post(path, params={"name": "forgotten.png", "batch": batch["id"]}, content=IMAGE).json()
    assert backend.admin.delete(f"/api/v1/predictions/{forgotten['id']}").status_code == 204
    assert backend.get(f"/prediction-batches/{batch['id']}")["num_expected"] == 3, "nobody waits for it"
    for _ in range(2):
        ended = backend.post(f"/prediction-batches/{batch['id']}/cancel")
        assert [ended[f"num_{what}"] for what in ("images", "done", "failed", "cancelled")] == [3, 1, 0, 2]
        assert (ended["fraction"], ended["cancelled_at"] is not None) == (1, True)
    assert worker.complete(claimed).status_code == 409, "its worker hears of it"
    assert worker.claim(worker.next_task_id("coordinator") or "").status_code == 409, "nobody begins it"
    late = backend.admin.post(path, params={"name": "late.png", "batch": batch["id"]}, content=IMAGE)
    assert (late.status_code, "was cancelled" in late.json()["detail"]) == (409, True)
    statuses = {row["file_name"]: row["status"] for row in backend.get(f"/runs/{run_id}/predictions")}
    assert statuses == {"done.png": "completed", "claimed.png": "cancelled", "queued.png": "cancelled"}


def test_what_cannot_be_read_is_said(backend: LiveBackend, worker: PlayedWorker, run_id: str) -> None:
    worker.fail = lambda kind, _site, _round: "eye.png is damaged" if kind == "predict_case" else None
    prediction = upload(backend, run_id).json()
    worker.work_until_idle()
    done = backend.get(f"/predictions/{prediction['id']}")
    assert (done["status"], done["error"], done["image_url"]) == ("failed", "eye.png is damaged", None)
    of_run = backend.get(f"/runs/{run_id}/events", limit=1000)
    assert not [event for event in of_run if event["level"] != "info"], "it is no error of the run"
    assert not [event for event in backend.get("/events", limit=1000) if "eye.png" in event["message"]]
    assert backend.admin.delete(f"/api/v1/predictions/{prediction['id']}").status_code == 204
    assert backend.get(f"/runs/{run_id}/predictions") == [], "and with it goes the last place of the name"


def test_only_completed_runs_predict(backend: LiveBackend, federation: dict[str, Any]) -> None:
    run = make_experiment(backend, federation)["runs"][0]
    answer = upload(backend, run["id"])
    assert answer.status_code == 409
    assert "once it is completed" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["../eye.png", "a/b.png", "", "x" * 201])
def test_a_file_name_is_no_path(backend: LiveBackend, run_id: str, name: str) -> None:
    answer = upload(backend, run_id, name=name)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "name"


def test_nothing_uploaded_is_refused(backend: LiveBackend, run_id: str) -> None:
    answer = upload(backend, run_id, content=b"")
    assert answer.status_code == 422
    assert "is empty" in answer.text
    assert backend.get(f"/runs/{run_id}/predictions") == []


def test_a_deleted_prediction_leaves_nothing_but_what_others_show(
    backend: LiveBackend, worker: PlayedWorker, run_id: str
) -> None:
    """The two predictions share the viewer's image, as the played worker makes it of the bytes alone."""
    first, second = upload(backend, run_id, name="one.png").json(), upload(backend, run_id, name="two.png").json()
    worker.work_until_idle()
    first, second = (backend.get(f"/predictions/{row['id']}") for row in (first, second))
    assert backend.admin.delete(f"/api/v1/predictions/{first['id']}").status_code == 204
    assert backend.admin.get(f"/api/v1/predictions/{first['id']}").status_code == 404
    assert backend.admin.get(first["masks"][0]["mask_url"]).status_code == 404
    assert backend.admin.get(second["image_url"]).status_code == 200
    assert backend.admin.delete(f"/api/v1/predictions/{second['id']}").status_code == 204
    assert backend.admin.get(second["image_url"]).status_code == 404
    path = f"/worker-api/v1/artifacts/{hashlib.sha256(IMAGE).hexdigest()}"
    wait_until(lambda: backend.worker.get(path).status_code == 404, 10, "the sweep that follows the answer")
