"""Models under names: registered, pointed to, noted, compared, signed, kept and removed."""

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from backend.contracts.registry import Reference
from backend.evaluations.scored_cases import TestedCaseScores as Scores
from backend.evaluations.validated_threshold import at_threshold
from backend.link.keys import SigningKey
from backend.registry import signing
from backend.registry.schemas import Signature
from tests.backend.conftest import FEDSM, make_experiment, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def register(backend: LiveBackend, run_id: str, name: str = "fundus", **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = backend.post(f"/runs/{run_id}/versions", {"name": name} | body)
    return made


def messages(backend: LiveBackend, federation: dict[str, Any]) -> list[str]:
    events = backend.get("/events", federation_id=federation["id"], kind="model")
    return [event["message"] for event in events]


def test_references_are_a_name_with_a_number_or_an_alias() -> None:
    assert Reference.of("fundus:3") == Reference("fundus", 3, None)
    assert Reference.of("eye.v2-b@in use") == Reference("eye.v2-b", None, "in use")
    for text in ("fundus", "fundus:0", "fundus:", "fundus@", "fundus@Best", "a b:1", "fundus:1@best"):
        assert Reference.of(text) is None, text


@pytest.mark.every_database
def test_versions_aliases_and_notes(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    listed = f"/federations/{federation['id']}/registered-models"
    assert backend.get(listed) == []
    first = register(backend, completed_run, aliases=["best", "in use"], notes="Looks good.\n# not a heading")
    assert (first["reference"], first["aliases"], first["is_signed"]) == ("fundus:1", ["best", "in use"], True)
    again = backend.admin.post(f"/api/v1/runs/{completed_run}/versions", json={"name": "fundus"})
    assert (again.status_code, "fundus:1 already" in again.json()["detail"]) == (409, True)

    second_run = start_run(backend, federation, strategies=[FEDSM | {"lambda": 0.5}])
    worker.work_until_idle()
    second = register(backend, second_run, aliases=["best"])
    (model,) = backend.get(listed)
    assert (model["aliases"], [v["number"] for v in model["versions"]]) == ({"best": 2, "in use": 1}, [2, 1])
    moved = backend.post(f"/registered-models/{model['id']}/aliases", {"alias": "in use", "version": 2})
    assert moved["aliases"] == {"best": 2, "in use": 2}
    wrong = backend.admin.post(
        f"/api/v1/registered-models/{model['id']}/aliases", json={"alias": "in use", "version": 9}
    )
    assert wrong.json()["fields"][0] == {
        "field": "version", "value": "9", "message": "is no version of fundus", "remedy": "choose of 2, 1",
    }  # fmt: skip
    assert backend.admin.delete(f"/api/v1/registered-models/{model['id']}/aliases/nobody").status_code == 404

    noted = backend.admin.patch(f"/api/v1/model-versions/{first['id']}", json={"notes": "Checked."}).json()
    assert (noted["notes"], noted["noted_by"], "> Checked." in noted["card"]) == ("Checked.", "admin", True)
    assert "\n> # not a heading" in first["card"], "a person's line is quoted, never a heading of its own"
    assert noted["facts"] == first["facts"]

    found = backend.get(f"/model-versions/{first['id']}/comparison", other=second["id"])
    differing = {row["path"]: row["values"] for row in found["parameters"] if row["differs"]}
    assert differing == {"strategy.lambda": ["0.7", "0.5"]}
    assert {row["site_slug"] for row in found["scores"]} == {None, "a", "b", "c"}
    assert found["cautions"] == []
    assert messages(backend, federation)[-2:] == [
        "admin made fundus:2 fundus@in use, which was fundus:1 before.",
        'admin changed the notes of fundus:1 from "Looks good.\\n# not a heading" to "Checked.".',
    ]

    removed = backend.admin.delete(f"/api/v1/model-versions/{second['id']}")
    assert (removed.status_code, "best, in use" in removed.json()["detail"]) == (409, True)
    for alias in ("best", "in use"):
        assert backend.admin.delete(f"/api/v1/registered-models/{model['id']}/aliases/{alias}").status_code == 204
    assert backend.admin.delete(f"/api/v1/model-versions/{second['id']}").status_code == 204
    assert register(backend, second_run)["reference"] == "fundus:3", "a number is never given twice"
    assert backend.admin.delete(f"/api/v1/registered-models/{model['id']}").status_code == 409


def test_a_threshold_from_validation_is_a_version_of_its_own(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """Every site says 0.7 at 0.3, 0.9 at 0.6, 0.8 at 0.9 (the run's): 0.6 is chosen, and no test case is asked."""
    worker.thresholds = lambda _payload: {0.3: 0.7, 0.6: 0.9, 0.9: 0.8}
    run_id = start_run(backend, federation, strategies=[FEDSM])
    worker.work_until_idle()
    said = backend.get(f"/runs/{run_id}/selector")["validation"]
    assert (said["gamma"], said["dice"], said["dice_as_run"]) == (0.6, pytest.approx(0.9), pytest.approx(0.8))
    assert (said["sites"], said["absent_sites"], said["num_cases"]) == (["a", "b", "c"], [], 3)
    assert [point["gamma"] for point in said["points"]] == [0.3, 0.6, 0.9]

    as_run = register(backend, run_id)
    chosen = register(backend, run_id, threshold="validation")
    assert (as_run["facts"]["strategy"]["gamma"], chosen["facts"]["strategy"]["gamma"]) == (0.9, 0.6)
    changed = {row["path"]: row["value"] for row in chosen["facts"]["changed_settings"]}
    assert changed["gamma"] == "0.6", "as the models are used"
    assert "gamma = 0.6 was chosen after training, as the best on 3 validation cases" in chosen["facts"]["notes"][-1]
    assert chosen["facts"]["notes"][-1] in chosen["card"]
    again = backend.admin.post(f"/api/v1/runs/{run_id}/versions", json={"name": "fundus", "threshold": "validation"})
    assert (again.status_code, "fundus:2 already" in again.json()["detail"]) == (409, True)
    compared = backend.get(f"/model-versions/{as_run['id']}/comparison", other=chosen["id"])
    assert [row["path"] for row in compared["parameters"] if row["differs"]] == ["strategy.gamma"]

    backend.post(f"/runs/{run_id}/exports", {"form": "onnx", "threshold": "validation"})
    address = f"/api/v1/runs/{run_id}/predictions?name=eye.png&threshold=validation"
    assert backend.admin.post(address, content=b"an image").json()["gamma"] == 0.6
    for _ in ("the form", "the image"):
        task_id = worker.next_task_id("coordinator")
        assert task_id is not None
        assert worker.must_claim(task_id)["payload"]["run"]["strategy"]["gamma"] == 0.6
    # The page and the file say the same as the version, and as before without a choice.
    shown = backend.get(f"/runs/{run_id}/model", threshold="validation")
    described = _description_of(backend, shown["download_url"])
    for found in (shown, described):
        for field in ("strategy", "scores", "notes", "changed_settings", "parts"):
            assert found[field] == chosen["facts"][field], field
    assert _description_of(backend, f"/api/v1/runs/{run_id}/model.zip")["strategy"]["gamma"] == 0.9
    (export,) = backend.get(f"/runs/{run_id}/exports")
    assert (export["gamma"], "gamma-0.6" in export["file_name"]) == (0.6, True)


def _description_of(backend: LiveBackend, url: str) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(backend.admin.get(url).content)) as archive:
        described: dict[str, Any] = json.loads(archive.read("model.json"))
        return described


def test_a_version_scores_the_super_model_at_its_threshold() -> None:
    """At 0.6 a case of probability 0.7 has its site's model; at 0.8 it has the global one."""
    by_model = {"global": {"disc": {"dice": 0.5}}, "personalized/a": {"disc": {"dice": 0.8}}}
    row = Scores("r", 3, "c", "c", "a", by_model, "px", {"a": 0.7, "b": 0.3}, "global")
    for gamma, model, dice in ((0.6, "personalized/a", 0.8), (0.7, "global", 0.5), (0.8, "global", 0.5)):
        found = at_threshold(row, gamma)
        assert (found.chosen_model, found.scores["super"]["disc"]["dice"]) == (model, dice)


def test_without_validation_no_threshold_can_be_chosen(backend: LiveBackend, completed_run: str) -> None:
    assert backend.get(f"/runs/{completed_run}/selector")["validation"] is None
    body = {"name": "fundus", "threshold": "validation"}
    answer = backend.admin.post(f"/api/v1/runs/{completed_run}/versions", json=body)
    assert (answer.status_code, "no threshold that validation" in answer.json()["detail"]) == (409, True)


def test_a_registered_run_is_kept_as_it_is(
    backend: LiveBackend, federation: dict[str, Any], completed_run: str
) -> None:
    made = register(backend, completed_run)
    experiment_id = made["experiment_id"]
    refused = backend.admin.delete(f"/api/v1/experiments/{experiment_id}")
    assert (refused.status_code, "registered as fundus:1" in refused.json()["detail"]) == (409, True)
    longer = backend.admin.post(f"/api/v1/runs/{completed_run}/extend", json={"rounds": 9})
    assert (longer.status_code, "registered as fundus:1" in longer.json()["detail"]) == (409, True)
    archive = backend.admin.get(f"/api/v1/runs/{completed_run}/model.zip").content
    assert backend.admin.patch(f"/api/v1/experiments/{experiment_id}", json={"archived": True}).is_success
    (fresh,) = backend.get(f"/federations/{federation['id']}/registered-models")[0]["versions"]
    (listed,) = backend.get(f"/federations/{federation['id']}/models")
    said = [each["experiment_archived"] for each in (made, fresh, listed)]
    assert said == [False, True, True]
    assert backend.get(f"/model-versions/{made['id']}")["facts"] == made["facts"]
    assert backend.admin.get(f"/api/v1/runs/{completed_run}/model.zip").content == archive
    backend.post("/storage/sweep")
    assert backend.admin.get(made["facts"]["parts"][0]["url"]).status_code == 200
    assert backend.admin.delete(f"/api/v1/model-versions/{made['id']}").status_code == 204
    assert backend.admin.delete(f"/api/v1/registered-models/{made['model_id']}").status_code == 204
    assert backend.admin.delete(f"/api/v1/experiments/{experiment_id}").status_code == 204


def test_what_has_no_model_of_its_own_is_not_registered(backend: LiveBackend, federation: dict[str, Any]) -> None:
    run_id = start_run(backend, federation)
    for name, status in (("fundus", 409), ("no spaces", 422), ("a@b", 422), ("", 422)):
        answer = backend.admin.post(f"/api/v1/runs/{run_id}/versions", json={"name": name})
        assert answer.status_code == status, name
    assert backend.get(f"/federations/{federation['id']}/registered-models") == []


def test_the_download_is_signed_and_imported_again(
    backend: LiveBackend, federation: dict[str, Any], completed_run: str
) -> None:
    made = register(backend, completed_run, notes="For the study.")
    answer = backend.admin.get(made["download_url"])
    assert answer.headers["content-disposition"].endswith('"fundus-1.zip"')
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    statement = json.loads(texts["statement.json"])
    assert (statement["model"], statement["version"], statement["run"]) == ("fundus", 1, completed_run)
    assert statement["files"] == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in texts.items()
        if name not in ("README.md", "statement.json", "signature.json")
    }
    signed = Signature(statement=texts["statement.json"].decode(), **json.loads(texts["signature.json"]))
    server_key = backend.platform.server_key.public
    assert signing.is_signed_by(signed, server_key)
    assert signed.fingerprint == server_key.fingerprint
    changed = signed.model_copy(update={"statement": signed.statement.replace("fundus", "other")})
    assert not signing.is_signed_by(changed, server_key)
    forger = SigningKey.generate()
    forged = changed.model_copy(
        update={
            "public_key": forger.public.text,
            "signature": base64.b64encode(forger.sign(changed.statement.encode())).decode(),
        }
    )
    assert signing.is_signed_by(forged, forger.public)
    assert not signing.is_signed_by(forged, server_key), "the row's own key says nothing"
    assert b"> For the study." in texts["README.md"]
    path = f"/api/v1/federations/{federation['id']}/models"
    imported = backend.admin.post(path, params={"name": "fundus-1.zip"}, content=answer.content)
    assert imported.status_code == 201, imported.text
    own = register(backend, imported.json()["run_id"])
    assert (own["reference"], own["scores"]) == ("fundus:2", [])
    assert "It was not tested on this platform." in own["facts"]["limits"]


def test_an_experiment_begins_with_a_name_and_keeps_its_number(
    backend: LiveBackend, federation: dict[str, Any], completed_run: str
) -> None:
    register(backend, completed_run, aliases=["in use"])
    made = make_experiment(backend, federation, strategies=[FEDSM], start_from={"version": "fundus@in use"})
    assert made["config"]["start_from"] == {"run": completed_run, "version": "fundus:1", "models": "all"}
    check = f"/federations/{federation['id']}/experiments/check"
    config = {"strategies": [FEDSM], "start_from": {"version": "fundus:7"}}
    (problem,) = backend.post(check, {"config": config})["problems"]
    assert (problem["field"], problem["message"]) == ("start_from.version", "is no registered model here")
    config["start_from"] = {"version": "fundus:1", "run": "another"}
    refused = backend.admin.post(f"/api/v1{check}", json={"config": config})
    assert refused.status_code in (200, 404)
    nothing = backend.admin.post(f"/api/v1{check}", json={"config": config | {"start_from": {}}})
    assert (nothing.status_code, "neither run nor version" in nothing.text) == (422, True)
