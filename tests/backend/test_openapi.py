"""The OpenAPI document, from which the frontend's client is generated; and the frontend's files."""

from pathlib import Path

import httpx

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.fine_tuning import FineTuneCreate
from backend.contracts.link import JoinRequest
from backend.contracts.model_tests import ModelTestCreate
from backend.contracts.registry import AliasMove, ModelRegister, VersionUpdate
from backend.contracts.site_addition import SiteAdditionCreate
from backend.contracts.student import StudentCreate
from backend.datasets.alike_schemas import PairDecide
from backend.datasets.schemas import CheckAgain, DatasetConfirm, DatasetCreate, DatasetUpdate
from backend.dry_runs.schemas import DryRunCreate
from backend.experiments.labels import strategy_labels
from backend.experiments.schemas import ConfigCheck, ExperimentCreate, ExperimentFileText, ExperimentUpdate, RunsAdd
from backend.experiments.sweeps.schemas import SweepCreate
from backend.exports.schemas import ExportCreate
from backend.federations.schemas import FederationCreate, FederationUpdate
from backend.notices.schemas import EmailsUpdate
from backend.openapi import openapi_json
from backend.reports.schemas import ReportCreate
from backend.runs.schemas import RunExtend
from backend.second_factor.schemas import (
    SecondFactorConfirm,
    SecondFactorDutySet,
    SecondFactorRemove,
    SecondFactorStart,
)
from backend.single_sign_on.schemas import SingleSignOnFinish, SingleSignOnStart
from backend.sites.enrolment.schemas import AcceptSite, RevokeSite
from backend.sites.schemas import SiteCreate, SiteUpdate
from backend.users.schemas import (
    AdministratorInvite,
    InvitationAccept,
    InvitationLook,
    MemberInvite,
    MemberSet,
    PasswordChange,
    SessionCreate,
    TokenCreate,
    UserUpdate,
)
from tests.backend.document import FILE, openapi_document
from tests.backend.live_backend import LiveBackend


def test_document_is_stable_and_operations_are_named_after_functions() -> None:
    assert openapi_json() == FILE.read_text(), "the same in another process, or stale (`make openapi`)"
    document = openapi_document()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert {"list_federations", "create_experiment", "claim_task", "get_run"} <= set(names)
    assert all(operation["tags"] for operation in operations)
    assert {"ErrorBody", "EventRecord", "RunCases"} <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in document["components"]["schemas"]


BODIES = {
    model.__name__: model
    for model in (
        AdministratorInvite,
        EmailsUpdate,
        ExportCreate,
        SecondFactorConfirm,
        SecondFactorDutySet,
        SecondFactorRemove,
        SecondFactorStart,
        SingleSignOnFinish,
        SingleSignOnStart,
        InvitationAccept,
        InvitationLook,
        MemberInvite,
        MemberSet,
        PasswordChange,
        UserUpdate,
        CheckAgain,
        ConfigCheck,
        DatasetConfirm,
        DatasetCreate,
        DatasetUpdate,
        DryRunCreate,
        ExperimentCreate,
        ExperimentFileText,
        ExperimentUpdate,
        FederationCreate,
        FederationUpdate,
        AliasMove,
        ModelRegister,
        VersionUpdate,
        ModelTestCreate,
        SiteAdditionCreate,
        FineTuneCreate,
        StudentCreate,
        PairDecide,
        ReportCreate,
        AcceptSite,
        JoinRequest,
        RevokeSite,
        RunExtend,
        RunsAdd,
        SweepCreate,
        SessionCreate,
        SiteCreate,
        SiteUpdate,
        TokenCreate,
    )
}


def test_every_request_body_has_an_example_that_is_valid() -> None:
    document = openapi_document()
    seen = set()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if schema is None or not path.startswith("/api/"):
                continue
            reference = next(entry["$ref"] for entry in (schema, *schema.get("anyOf", [])) if "$ref" in entry)
            name = reference.rsplit("/", 1)[-1]
            examples = schema.get("examples") or document["components"]["schemas"][name]["examples"]
            BODIES[name].model_validate(examples[0])
            seen.add(name)
    assert seen == set(BODIES)


def test_labels_tell_strategies_apart() -> None:
    config = ExperimentConfig.model_validate(
        {
            "strategies": [
                {"name": "fedsm", "lambda": 0.5},
                {"name": "fedsm", "lambda": 0.7},
                {"name": "fedsm", "lambda": 0.7, "selector": {"name": "cnn"}},
                {"name": "fedavg"},
            ]
        }
    )
    assert strategy_labels(config.strategies) == [
        "FedSM (lambda 0.5, selector lda)",
        "FedSM (lambda 0.7, selector lda)",
        "FedSM (lambda 0.7, selector cnn)",
        "FedAvg",
    ]
    selectors = [{"name": "lda"}, {"name": "lda", "shrinkage": 0.3}, {"name": "cnn"}]
    three = ExperimentConfig.model_validate({"strategies": [{"name": "fedsm", "selector": s} for s in selectors]})
    assert strategy_labels(three.strategies) == [
        "FedSM (selector lda, selector shrinkage 0.1)",
        "FedSM (selector lda, selector shrinkage 0.3)",
        "FedSM (selector cnn)",
    ]
    two = ExperimentConfig.model_validate({"strategies": [{"name": "fedsm"}, {"name": "fedsm", "lambda": 0.5}]})
    assert strategy_labels(two.strategies) == ["FedSM (lambda 0.7)", "FedSM (lambda 0.5)"]


def test_frontend_serves_its_files_and_its_routes(backend: LiveBackend) -> None:
    response = httpx.get(f"{backend.url}/experiments/abc")
    assert (response.status_code, response.json()["error"]) == (404, "not_found")
    assert "not built" in response.json()["detail"]
    dist: Path = backend.settings.frontend_dist
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<title>FedSM Studio</title>")
    (dist / "assets" / "app-1a2b.js").write_text("export {}")
    (dist.parent / "secret.txt").write_text("secret")
    page = httpx.get(f"{backend.url}/experiments/abc?token=x")
    assert "FedSM Studio" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    script = httpx.get(f"{backend.url}/assets/app-1a2b.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert httpx.get(f"{backend.url}/assets/old.js").status_code == 404
    assert "secret" not in httpx.get(f"{backend.url}/%2e%2e/secret.txt").text
