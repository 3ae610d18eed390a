"""A site added to a registered model: what is asked of whom, what becomes of it, and what is refused."""

from typing import Any

import pytest

from tests.backend.conftest import FEDSM, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.backend.test_model_tests import add_data, do_test


def registered(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, name: str = "fundus", **config: Any
) -> dict[str, Any]:
    """A version of a new FedSM run whose state keeps the sites' sums."""
    worker.with_sums = True
    run = start_run(backend, federation, **({"strategies": [FEDSM]} | config))
    worker.work_until_idle()
    worker.done.clear()
    made: dict[str, Any] = backend.post(f"/runs/{run}/versions", {"name": name})
    return made


def refusal(backend: LiveBackend, version: dict[str, Any], **body: Any) -> tuple[int, str]:
    answer = backend.admin.post(f"/api/v1/model-versions/{version['id']}/site-additions", json=body)
    return answer.status_code, answer.json()["detail"]


@pytest.mark.every_database
def test_a_site_is_added_and_the_result_is_the_next_version(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    version = registered(backend, federation, worker)
    dataset, _ = add_data(backend, worker, federation["id"], "d", "/data/d")
    made = backend.post(f"/model-versions/{version['id']}/site-additions", {"datasets": [dataset]})
    assert (made["kind"], made["status"]) == ("site-addition", "running")
    worker.work_until_idle()
    assert worker.done == [
        ("train_site", "d", 1),
        ("aggregate_round", "coordinator", 1),
        ("validate_site", "d", 1),
        ("evaluate_site", "d", 1),
    ]
    (run,) = backend.get(f"/experiments/{made['id']}")["runs"]
    assert (run["status"], run["best_round"]) == ("completed", 1)
    (sent,) = [row for row in backend.get(f"/runs/{run['id']}/tasks") if row["kind"] == "train_site"]
    assert (sent["bytes_up"], sent["bytes_down"]) == (10, 0), "the sums alone travel"
    backend.recover()
    backend.recover()
    (model,) = backend.get(f"/federations/{federation['id']}/registered-models")
    assert [entry["reference"] for entry in model["versions"]] == ["fundus:2", "fundus:1"], "registered once"
    new = backend.get(f"/model-versions/{model['versions'][0]['id']}")
    facts, old = new["facts"], version["facts"]
    assert facts["made_from"] == {
        "version": "fundus:1",
        "run_id": old["run_id"],
        "words": "fundus:1, with the site d added to its model selector",
        "trained": False,
    }
    assert "No network was trained for it." in new["card"]
    assert facts["sites"] == ["a", "b", "c", "d"]
    before, after = ({part["name"]: part["sha256"] for part in each["parts"]} for each in (old, facts))
    assert after["personalized/d"] == before["global"] == after["global"], "no network moves"
    assert {name for name in before if before[name] != after[name]} == {"selector"}
    assert {row["site_slug"]: row["trained_on"] for row in facts["data"]} == {"a": 1, "b": 1, "c": 1, "d": 0}
    assert {(s["site_slug"], s["held_out"]) for s in facts["version_scores"]} == {("d", True)}
    assert "added to the model selector in closed form" in new["card"]
    assert "Made from fundus:1, with the site d added to its model selector." in new["card"]
    body = {"name": "fundus", "threshold": "validation"}
    chosen = backend.admin.post(f"/api/v1/runs/{run['id']}/versions", json=body)
    assert (chosen.status_code, "would choose another" in chosen.json()["detail"]) == (409, True)
    again = backend.admin.post(f"/api/v1/runs/{run['id']}/extend", json={"rounds": 3})
    assert (again.status_code, "nothing to train" in again.json()["detail"]) == (409, True)


def test_the_sites_images_get_a_model_that_was_fine_tuned_there_where_it_is_named(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    version = registered(backend, federation, worker)
    dataset, _ = add_data(backend, worker, federation["id"], "d", "/data/d")
    address = f"/model-versions/{version['id']}"
    status, detail = refusal(backend, version, datasets=[dataset], model="fundus:1")
    assert (status, "has no model of d" in detail) == (422, True), "a global model was never trained there"
    backend.post(f"{address}/fine-tunings", {"datasets": [dataset], "epochs": 2, "name": "other"})
    worker.work_until_idle()
    backend.recover()
    tuned = version_of(backend, federation, "other")
    made = backend.post(f"{address}/site-additions", {"datasets": [dataset], "model": "other:1", "name": "wider"})
    worker.work_until_idle()
    backend.recover()
    new = version_of(backend, federation, "wider")
    parts = {part["name"]: part["sha256"] for part in new["facts"]["parts"]}
    own = next(part["sha256"] for part in tuned["facts"]["parts"] if part["name"] == "personalized/d")
    assert parts["personalized/d"] == own
    assert "get the model of other:1" in backend.get(f"/experiments/{made['id']}")["description"]
    held_out = {score["model"]: score["held_out"] for score in new["facts"]["version_scores"]}
    assert held_out == {"global": True, "personalized": False, "super": False}
    assert "It was not tested at any site that did not train." in new["facts"]["limits"]


def version_of(backend: LiveBackend, federation: dict[str, Any], name: str) -> dict[str, Any]:
    """The only one of the name."""
    models = backend.get(f"/federations/{federation['id']}/registered-models")
    (version,) = next(model["versions"] for model in models if model["name"] == name)
    found: dict[str, Any] = backend.get(f"/model-versions/{version['id']}")
    return found


def test_no_case_that_the_version_before_trained_on_is_tested(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """Of site a, the version before had two training cases and one validation case of four."""
    version = registered(backend, federation, worker)
    dataset, _ = add_data(backend, worker, federation["id"], "d", "/data/d")
    own = next(row["id"] for row in backend.get(f"/federations/{federation['id']}/datasets") if row["site_slug"] == "a")
    address = f"/model-versions/{version['id']}"
    for made in (
        backend.post(f"{address}/site-additions", {"datasets": [dataset]}),
        backend.post(f"{address}/fine-tunings", {"datasets": [dataset], "epochs": 2}),
    ):
        worker.work_until_idle()
        (run,) = made["runs"]
        tested = do_test(backend, worker, run["id"], datasets=[own])
        (case,) = backend.get(f"/runs/{tested['runs'][0]['id']}/cases")["cases"]
        assert case["name"] == "case-3"


def test_of_two_sites_that_are_added_at_once_the_second_waits(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    version = registered(backend, federation, worker)
    first, _ = add_data(backend, worker, federation["id"], "d", "/data/d")
    second, _ = add_data(backend, worker, federation["id"], "e", "/data/e")
    made = backend.post(f"/model-versions/{version['id']}/site-additions", {"datasets": [first]})
    status, detail = refusal(backend, version, datasets=[second])
    assert (status, "makes the next version of fundus" in detail) == (409, True)
    backend.post(f"/runs/{made['runs'][0]['id']}/cancel")
    assert (
        backend.post(f"/model-versions/{version['id']}/site-additions", {"datasets": [second]})["status"] == "running"
    )


def test_what_a_site_forbids_and_an_archived_one_are_left_alone(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    version = registered(backend, federation, worker)
    dataset, site = add_data(backend, worker, federation["id"], "d", "/data/d")
    address = f"/api/v1/sites/{site['id']}"
    policy = site["policy"] | {"allowed_strategies": ["fedavg"]}
    assert backend.admin.patch(address, json={"policy": policy}).is_success
    status, detail = refusal(backend, version, datasets=[dataset])
    assert (status, "whose policy does not allow fedsm" in detail) == (422, True)
    assert backend.admin.patch(address, json={"policy": site["policy"], "archived": True}).is_success
    status, detail = refusal(backend, version, datasets=[dataset])
    assert (status, "are of d, which is archived" in detail) == (422, True)


def test_a_registration_that_fails_is_said_and_holds_up_no_other(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    version = registered(backend, federation, worker)
    address, runs = f"/model-versions/{version['id']}/site-additions", []
    for slug in ("d", "e"):
        dataset, _ = add_data(backend, worker, federation["id"], slug, f"/data/{slug}")
        made = backend.post(address, {"datasets": [dataset], "name": f"with-{slug}"})
        worker.work_until_idle()
        runs.append(made["runs"][0]["id"])
    backend.post(f"/runs/{runs[0]}/versions", {"name": "with-d"})  # by hand, before it is its turn
    backend.recover()
    models = backend.get(f"/federations/{federation['id']}/registered-models")
    found = {model["name"]: [version["number"] for version in model["versions"]] for model in models}
    assert found == {"fundus": [1], "with-d": [1], "with-e": [1]}
    messages = [event["message"] for event in backend.get(f"/runs/{runs[0]}/events")]
    assert any("could not be registered as with-d" in message for message in messages)
    backend.recover()
    assert [event["message"] for event in backend.get(f"/runs/{runs[0]}/events")] == messages, "and not tried again"


def test_what_cannot_be_added_says_why(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    without = backend.post(f"/runs/{completed_run}/versions", {"name": "without"})
    version = registered(backend, federation, worker)
    dataset, _ = add_data(backend, worker, federation["id"], "d", "/data/d")
    assert refusal(backend, without, datasets=[dataset]) == (
        409,
        "without:1 does not keep the sums of a, b, c that its selector was solved from (a model that came in as a file "
        "has none): train a new experiment with the site, which begins with this version",
    )
    own = next(row["id"] for row in backend.get(f"/federations/{federation['id']}/datasets") if row["site_slug"] == "a")
    for body, said in (
        ({"datasets": [own]}, "are of a, which the selector knows"),
        ({"datasets": [own, dataset]}, "are of several sites"),
        ({"datasets": [dataset], "model": "nobody:1"}, "is no registered model here"),
    ):
        status, detail = refusal(backend, version, **body)
        assert (status, said in detail) == (422, True), detail
    trained = registered(
        backend, federation, worker, "cnn", strategies=[{"name": "fedsm", "selector": {"name": "cnn"}}]
    )
    assert "only the selector lda is solved" in refusal(backend, trained, datasets=[dataset])[1]
    quality = registered(backend, federation, worker, "quality", strategies=[FEDSM | {"routing": "quality"}])
    assert "is learned from how every site's model scores" in refusal(backend, quality, datasets=[dataset])[1]
    assert refusal(backend, version, datasets=["nowhere"])[0] == 404


def test_no_site_gets_the_sums_of_another(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """What a task names is what its site may download."""
    worker.with_sums = True
    named: list[tuple[str, str]] = []
    work = worker.work

    def noted(payload: dict[str, Any]) -> dict[str, Any]:
        states = [payload.get("state", {}), *payload.get("history", {}).values()]
        named.extend((payload["participant"], name) for state in states for name in state if "participant" in payload)
        return work(payload)

    worker.work = noted  # type: ignore[method-assign]
    start_run(backend, federation, strategies=[FEDSM])
    worker.work_until_idle()
    for kind in ("selector_moments", "selector_report"):
        sums = {(site, name) for site, name in named if name.startswith(f"{kind}/")}
        assert sums == {(site, f"{kind}/{site}") for site in "abc"}
    assert ("a", "personalized/b") in named, "models of others are tested everywhere"
