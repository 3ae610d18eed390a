"""A student of a finished super model: what is asked of whom, what a site is given, its scores, and what is refused."""

from typing import Any

import pytest

from tests.backend.conftest import FEDSM, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def teacher(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> str:
    """A FedSM run whose super model has 0.9 on every test case, and whose state keeps the sites' sums."""
    worker.with_sums = True
    run_id = start_run(backend, federation, strategies=[FEDSM])
    worker.test_dice = lambda _payload, _case, _model: 0.9
    worker.work_until_idle()
    worker.done.clear()
    worker.with_sums = False  # a student's own state has none
    return run_id


def test_a_student_is_trained_tested_and_shown_next_to_its_teacher(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = teacher(backend, federation, worker)
    version = backend.post(f"/runs/{run_id}/versions", {"name": "fundus"})
    body = {"rounds": 2, "learning_rate": 0.01, "temperature": 3, "version": "fundus:1", "name": "fundus-student"}
    made = backend.post(f"/runs/{run_id}/students", body)
    assert (made["kind"], made["name"], made["status"]) == ("student", "Student of fundus:1", "running")
    (listed,) = backend.get(f"/runs/{run_id}/students")
    assert (listed["status"], listed["scores"]) == ("running", [])

    # Each site receives the student. Of the teacher it may fetch what predicts, and no site's sums.
    (task_id, *others) = worker.task_ids("simulated")
    payload = worker.must_claim(task_id)["payload"]
    before = {part["name"]: part["sha256"] for part in version["facts"]["parts"]}
    assert payload["parts"] == {"global": before["global"]}
    assert payload["state"] == {"global": before["global"]} | {f"teacher_{name}": one for name, one in before.items()}
    taught = payload["run"]["taught"]
    assert (taught["temperature"], taught["reference_weight"], taught["strategy"]["name"]) == (3, 0.5, "fedsm")
    assert len(others) == 2
    (run,) = made["runs"]
    backend.post(f"/runs/{run['id']}/cancel")
    backend.post(f"/runs/{run['id']}/resume")
    worker.test_dice = lambda _payload, _case, _model: 0.85
    worker.work_until_idle()
    backend.recover()
    assert {kind for kind, _, _ in worker.done} == {"train_site", "aggregate_round", "validate_site", "evaluate_site"}

    (student,) = backend.get(f"/runs/{run_id}/students")
    assert (student["status"], student["num_rounds"], student["gamma"]) == ("completed", 2, 0.9)
    assert [score["site_slug"] for score in student["scores"]] == [None, "a", "b", "c"]
    pooled = student["scores"][0]
    assert (pooled["super"], pooled["student"], pooled["num_cases"]) == (pytest.approx(0.9), pytest.approx(0.85), 3)
    for end in ("difference", "low", "high"):
        assert pooled[end] == pytest.approx(-0.05)
    assert (pooled["difference_text"], pooled["interval_text"]) == ("\u22120.050", "[\u22120.050, \u22120.050]")
    experiment = backend.get(f"/runs/{run_id}")["experiment_id"]
    rows = {row["model"]: row for row in backend.get(f"/experiments/{experiment}/results")["tables"][0]["rows"]}
    assert (rows["global"]["student"], rows["personalized"]["student"]) == (None, None)
    cost = rows["super"]["student"]
    assert (cost["difference_text"], cost["interval_text"], cost["num_students"]) == (
        "\u22120.050", "[\u22120.050, \u22120.050]", 1,
    )  # fmt: skip
    table = backend.admin.get(f"/api/v1/experiments/{experiment}/table.csv").text.splitlines()
    assert table[0].endswith(",student difference,student low,student high")
    of_super = next(line for line in table if ",super," in line).split(",")
    assert [float(number) for number in of_super[-3:]] == pytest.approx([-0.05] * 3)
    latex = backend.admin.get(f"/api/v1/experiments/{experiment}/results.tex").text
    assert r"& $-0.050 [-0.050, -0.050]$ \\" in latex
    assert "Student: Dice of one network that learned from the super model" in latex
    models = {model["name"]: model for model in backend.get(f"/federations/{federation['id']}/registered-models")}
    facts = backend.get(f"/model-versions/{models['fundus-student']['versions'][0]['id']}")["facts"]
    assert [part["name"] for part in facts["parts"]] == ["global"], "one file, without its teacher"
    assert facts["made_from"]["words"] == "fundus:1, as one student of its super model"
    assert any("learned from the soft answers of fundus:1" in note for note in facts["notes"])


def test_what_cannot_teach_is_refused(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> None:
    super_model = teacher(backend, federation, worker)
    one_global = start_run(backend, federation, strategies=[{"name": "fedavg"}])
    worker.work_until_idle()
    for run_id, body, status, said in (
        (one_global, {}, 422, "has no super model"),
        (super_model, {"temperature": 0.5}, 422, "temperature"),
        (super_model, {"reference_weight": 1.5}, 422, "reference_weight"),
        (super_model, {"version": "nothing:1"}, 422, "is no registered version of this run"),
        (super_model, {"threshold": "validation"}, 409, "no threshold that validation cases chose"),
        ("nowhere", {}, 404, ""),
    ):
        answer = backend.admin.post(f"/api/v1/runs/{run_id}/students", json=body)
        assert (answer.status_code, said in answer.text) == (status, True), answer.text
    site = next(site for site in backend.get(f"/federations/{federation['id']}")["sites"] if site["slug"] == "b")
    policy = site["policy"] | {"allowed_strategies": ["fedavg"]}
    assert backend.admin.patch(f"/api/v1/sites/{site['id']}", json={"policy": policy}).status_code == 200
    answer = backend.admin.post(f"/api/v1/runs/{super_model}/students", json={})
    assert (answer.status_code, "is not allowed by the policy of b" in answer.text) == (422, True)
    assert backend.admin.patch(f"/api/v1/sites/{site['id']}", json={"archived": True}).status_code == 200
    answer = backend.admin.post(f"/api/v1/runs/{super_model}/students", json={})
    assert (answer.status_code, "a student is tested on the same cases" in answer.json()["detail"]) == (409, True)
