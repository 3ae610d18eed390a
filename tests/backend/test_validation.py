"""Bad input: the field, its value, what is wrong and what to do; and nothing is lost or half done."""

from typing import Any

import pytest

from tests.backend.conftest import DISC, FEDSM
from tests.backend.live_backend import LiveBackend

FEDAVG = {"name": "fedavg"}


@pytest.mark.parametrize(
    ("config", "field", "words"),
    [
        ({"strategies": [FEDAVG], "learning_rate": 0.1}, "learning_rate", "not a field known here"),
        ({"strategies": [FEDAVG], "schedule": {"epochs": 3}}, "schedule.epochs", "not a field known here"),
        ({"strategies": [{"name": "fedsm", "lambda": 1.5}]}, "strategies.0.lambda", "at most 1"),
        ({"strategies": [{"name": "fedsm", "lambda": 0}]}, "strategies.0.lambda", "more than 0"),
        ({"strategies": [{"name": "fedsm", "gamma": "high"}]}, "strategies.0.gamma", "number"),
        ({"strategies": [FEDAVG, {"name": "fedsm", "lambda": 1 / 3}]}, "strategies.1.lambda", "1/K"),
        ({"strategies": [{"name": "fedsm", "lambda_start": 1 / 3}]}, "strategies.0.lambda_start", "leave it empty"),
        ({"strategies": [{"name": "fedsm", "selector": {"name": "svm"}}]}, "strategies.0.selector", "'lda', 'cnn'"),
        ({"strategies": [{"name": "fedmagic"}]}, "strategies.0", "'fedsm'"),
        ({"strategies": []}, "strategies", "at least 1"),
        ({}, "strategies", "required"),
        ({"strategies": [FEDAVG], "seeds": [1, 1]}, "seeds", "remove the repeated one"),
        ({"strategies": [FEDAVG], "minimum_sites": 4}, "minimum_sites", "register data at more sites"),
        (
            {"strategies": [FEDAVG], "data": {"image_size": 48}, "network": {"channels": [4] * 7}},
            "data.image_size",
            "multiple of 64",
        ),
        ({"strategies": [{"name": "scaffold"}]}, "schedule.optimizer", "set optimizer to sgd and momentum to 0"),
        (
            {"strategies": [{"name": "fednova"}], "schedule": {"optimizer": "sgd"}},
            "schedule.optimizer_state",
            "set it to reset",
        ),
        ({"strategies": [{"name": "fedbn"}]}, "network", "set network.norm to batch"),
        (
            {"strategies": [{"name": "fedsm", "rounds_without_pull": 5}], "schedule": {"rounds": 5}},
            "strategies.0.rounds_without_pull",
            "choose at most 4",
        ),
        (
            {"strategies": [{"name": "fedsm", "momentum_models": "all"}]},
            "strategies.0.momentum_models",
            "set server_momentum above 0",
        ),
        (
            {"strategies": [{"name": "fedsm", "momentum_warmup": 3}]},
            "strategies.0.momentum_warmup",
            "set server_momentum above 0",
        ),
        (
            {"strategies": [{"name": "fine-tuning"}], "schedule": {"rounds": 5}},
            "strategies.0.fine_tuning_rounds",
            "choose at most 4",
        ),
        (
            {"strategies": [{"name": "fedsm", "similarity": 1, "selector": {"name": "cnn"}}]},
            "strategies.0.similarity",
            "choose the lda selector",
        ),
        (
            {"strategies": [{"name": "cyclic"}], "schedule": {"participation": 0.5}},
            "schedule.participation",
            "set it to 1",
        ),
        ({"strategies": [{"name": "fedlws", "min_tau": 0.5}]}, "strategies.0.min_tau", "at most 0.2"),
        ({"strategies": [{"name": "pfedme", "lambda": 300}]}, "strategies.0.local_learning_rate", "at most 0.00333"),
        (
            {"strategies": [{"name": "fedavg", "aggregation": {"name": "krum"}}]},
            "strategies.0.aggregation.name",
            "needs the updates of at least 5 sites",
        ),
        (
            {"strategies": [{"name": "fedsm", "selector": {"name": "lda", "minimum_cases": 50}}]},
            "strategies.0.selector.minimum_cases",
            "register more cases",
        ),
        ({"strategies": [FEDAVG], "network": {"name": "unet", "spatial_dims": 3}}, "network.spatial_dims", "to 2"),
        ({"strategies": [FEDAVG], "data": {"intensity": "window"}}, "data.window", "give a window"),
        ({"strategies": [FEDAVG], "data": {"spacing": [1, 1]}}, "data.spacing", "set data.sampling to patches"),
        (
            {"strategies": [FEDAVG], "schedule": {"local_steps": 5, "local_epochs": 2}},
            "schedule.local_steps",
            "leave local_epochs at 1",
        ),
        (
            {"strategies": [FEDAVG], "schedule": {"participation": 0.5}, "minimum_sites": 3},
            "minimum_sites",
            "raise schedule.participation",
        ),
        (
            {"strategies": [FEDAVG], "data": {"image_size": 32}, "network": {"channels": [4] * 6}},
            "data.image_size",
            "choose 64 or more",
        ),
    ],
)
def test_bad_experiment_is_refused(
    backend: LiveBackend, federation: dict[str, Any], config: dict[str, Any], field: str, words: str
) -> None:
    path = f"/api/v1/federations/{federation['id']}/experiments"
    response = backend.admin.post(path, json={"name": "Bad", "config": config})
    assert response.status_code == 422, response.text
    body = response.json()
    assert body["error"] == "invalid_input"
    problem = body["fields"][0]
    assert problem["field"] == (f"config.{field}" if field and not _is_of_federation(body) else field or "config")
    assert words in f"{problem['message']} {problem['remedy']}"
    assert problem["remedy"]
    assert backend.get(f"/federations/{federation['id']}/experiments") == []


def test_two_refused_methods_have_a_remedy_each(backend: LiveBackend, federation: dict[str, Any]) -> None:
    config = {"strategies": [{"name": "scaffold"}, {"name": "fednova"}], "schedule": {"momentum": 0.5}}
    path = f"/api/v1/federations/{federation['id']}/experiments"
    answer = backend.admin.post(path, json={"name": "Bad", "config": config})
    assert answer.status_code == 422, answer.text
    problems = [(field["field"], field["value"], field["remedy"]) for field in answer.json()["fields"]]
    assert problems == [
        ("config.schedule.optimizer", "adam", "set optimizer to sgd and momentum to 0, or remove SCAFFOLD"),
        ("config.schedule.optimizer", "adam", "set it to sgd, or remove FedNova"),
    ]


def _is_of_federation(body: dict[str, Any]) -> bool:
    """Problems that only show on a federation's sites name the field inside the configuration."""
    return not any(field["field"].startswith("config") for field in body["fields"])


def test_one_site_is_too_few_for_fedsm(backend: LiveBackend, federation: dict[str, Any]) -> None:
    for dataset in backend.get(f"/federations/{federation['id']}/datasets")[1:]:
        assert backend.admin.delete(f"/api/v1/datasets/{dataset['id']}").status_code == 204
    check = backend.post(f"/federations/{federation['id']}/experiments/check", {"config": {"strategies": [FEDSM]}})
    assert check["num_sites"] == 1
    assert "at least 2 sites" in check["problems"][0]["message"]


def test_check_answers_rho_without_creating_anything(backend: LiveBackend, federation: dict[str, Any]) -> None:
    config = {"strategies": [{**FEDSM, "lambda": 0.7}, {"name": "fedavg"}], "seeds": [0, 1]}
    check = backend.post(f"/federations/{federation['id']}/experiments/check", {"config": config})
    # rho = (0.7 * 3 - 1) / (3 - 1) = 0.55
    assert check["rho"] == {"0.7": pytest.approx(0.55)}
    assert (check["problems"], check["num_runs"]) == ([], 4)
    assert backend.get(f"/federations/{federation['id']}")["num_experiments"] == 0


def test_federation_without_data_is_told_what_to_do(backend: LiveBackend) -> None:
    federation = backend.post("/federations", {"name": "Empty", "task": DISC})
    body = {"name": "Early", "config": {"strategies": [FEDAVG]}}
    response = backend.admin.post(f"/api/v1/federations/{federation['id']}/experiments", json=body)
    assert response.status_code == 422
    assert response.json()["fields"][0]["remedy"] == "register a data set at a site"


def test_names_and_slugs_are_unique(backend: LiveBackend, federation: dict[str, Any]) -> None:
    response = backend.admin.post("/api/v1/federations", json={"name": "Eyes", "task": DISC})
    assert (response.status_code, response.json()["error"]) == (409, "name_taken")
    sites = f"/api/v1/federations/{federation['id']}/sites"
    assert backend.admin.post(sites, json={"name": "A"}).json()["error"] == "name_taken"
    assert backend.admin.post(sites, json={"name": "Pooled"}).json()["fields"][0]["field"] == "slug"
    assert backend.admin.post(sites, json={"name": "Clínica Norte 2"}).json()["slug"] == "clinica-norte-2"
    # A real site's slug names its queue: no two federations may share it.
    other = backend.post("/federations", {"name": "Other", "task": DISC})
    hospital = {"name": "Hospital", "kind": "real"}
    assert backend.admin.post(sites, json=hospital).status_code == 201
    response = backend.admin.post(f"/api/v1/federations/{other['id']}/sites", json=hospital)
    assert response.json()["error"] == "name_taken"


def test_bad_bodies_and_addresses(backend: LiveBackend) -> None:
    response = backend.admin.post("/api/v1/federations", content="{", headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]) == (422, "invalid_input")
    response = backend.admin.get("/api/v1/federations/none", headers={"X-Correlation-ID": "my-request-7"})
    assert (response.status_code, response.json()["correlation_id"]) == (404, "my-request-7")
    response = backend.admin.get("/api/v1/nothing")
    assert (response.status_code, response.json()["error"]) == (404, "not_found")
    response = backend.admin.put("/api/v1/federations")
    assert (response.status_code, response.json()["error"]) == (405, "method_not_allowed")


def test_registered_fractions_must_leave_a_test_set(backend: LiveBackend, federation: dict[str, Any]) -> None:
    site = federation_sites(backend, federation)[0]
    body = {"name": "All", "folder": "/data/x", "fractions": {"train": 0.9, "val": 0.1}}
    response = backend.admin.post(f"/api/v1/sites/{site['id']}/datasets", json=body)
    assert response.status_code == 422
    assert response.json()["fields"][0]["field"] == "fractions"


def federation_sites(backend: LiveBackend, federation: dict[str, Any]) -> list[dict[str, Any]]:
    sites: list[dict[str, Any]] = backend.get(f"/federations/{federation['id']}")["sites"]
    return sites
