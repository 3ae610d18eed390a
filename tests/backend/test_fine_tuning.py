"""A registered model fine-tuned at one site: an experiment of that site alone, and a version at its end."""

from typing import Any

from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.backend.test_model_tests import add_data


def test_a_new_site_fine_tunes_a_version_and_nobody_else_works(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    version = backend.post(f"/runs/{completed_run}/versions", {"name": "fundus"})
    dataset, _ = add_data(backend, worker, federation["id"], "d", "/data/d")
    body = {"datasets": [dataset], "epochs": 2, "learning_rate": 0.001, "pull_to_start": 0.25}
    made = backend.post(f"/model-versions/{version['id']}/fine-tunings", body)
    assert (made["kind"], made["name"]) == ("fine-tuning", "fundus:1 fine-tuned at d")
    (strategy,), schedule = made["config"]["strategies"], made["config"]["schedule"]
    assert (strategy["name"], strategy["pull_to_start"]) == ("local-only", 0.25)
    assert (schedule["rounds"], schedule["local_epochs"], schedule["learning_rate"]) == (2, 1, 0.001)
    worker.work_until_idle()
    assert {participant for _, participant, _ in worker.done} == {"coordinator", "d"}
    (run,) = backend.get(f"/experiments/{made['id']}")["runs"]
    assert run["status"] == "completed"
    backend.recover()
    models = backend.get(f"/federations/{federation['id']}/registered-models")
    (new,) = next(model["versions"] for model in models if model["name"] == "fundus-d")
    assert (new["made_from"], version["made_from"]) == ("fundus:1", None)
    facts = backend.get(f"/model-versions/{new['id']}")["facts"]
    assert facts["made_from"] == {
        "version": "fundus:1",
        "run_id": completed_run,
        "words": "fundus:1, trained further by Local-only at d",
        "trained": True,
    }
    before = {part["name"]: part["sha256"] for part in version["facts"]["parts"]}
    assert facts["start"]["parts"]["global"] == before["global"], "it has no model of the site: the global one"
    assert [score["site_slug"] for score in facts["version_scores"]] == [None, "d"]


def test_a_site_that_trained_begins_with_its_own_model_and_wrong_data_are_refused(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    version = backend.post(f"/runs/{completed_run}/versions", {"name": "fundus"})
    own = {row["site_slug"]: row["id"] for row in backend.get(f"/federations/{federation['id']}/datasets")}
    address = f"/model-versions/{version['id']}/fine-tunings"
    made = backend.post(address, {"datasets": [own["a"]], "name": "tuned"})
    worker.work_until_idle()
    backend.recover()
    (run,) = made["runs"]
    parts = backend.get(f"/runs/{run['id']}/model")["start"]["parts"]
    assert parts["personalized/a"] == next(
        part["sha256"] for part in version["facts"]["parts"] if part["name"] == "personalized/a"
    )
    for body, status, said in (
        ({"datasets": [own["a"], own["b"]]}, 422, "are of several sites"),
        ({"datasets": ["nowhere"]}, 404, ""),
        ({"datasets": [own["a"]], "epochs": 0}, 422, "epochs"),
    ):
        answer = backend.admin.post(f"/api/v1{address}", json=body)
        assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
