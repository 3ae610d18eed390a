"""A hospital's own policy: what the hub may not open, and what is refused with the policy's line."""

import json
import re
from pathlib import Path

import pytest

from backend.contracts.artifacts import JPEG, NIFTI_GZ, PNG, SAFETENSORS
from backend.contracts.datasets import CheckedCase, DatasetManifest, ManifestCase
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.one_global import FedProxConfig
from backend.contracts.methods.references import FedAvgConfig, LocalOnlyConfig
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import (
    ClaimedTask,
    CompleteRequest,
    DescribeDatasetPayload,
    DescribeDatasetResult,
    EvaluateSitePayload,
    EvaluateSiteResult,
    TrainSitePayload,
    ViewerFiles,
)
from fedsm.site_agent.hub import API
from fedsm.site_agent.operations import Refused
from fedsm.site_agent.policy import TEMPLATE, HospitalPolicy, narrowed, read_policy
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.test_gateway import TASK_ID, Site, describe, give
from tests.fedsm.site_agent.test_gateway import hub as hub
from tests.fedsm.site_agent.test_gateway import site as site
from tests.worker.payloads import run_spec

COMPLETE = f"{API}/tasks/{TASK_ID}/complete"
FAIL = f"{API}/tasks/{TASK_ID}/fail"
SHA256 = "a" * 64


def manifest(**switches: bool) -> DatasetManifest:
    cases = tuple(
        ManifestCase(
            case_id=str(index),
            name=f"case-{index}",
            image=f"images/{index}.png",
            mask=f"masks/{index}.png",
            split="train",
            image_sha256=SHA256,
            mask_sha256=SHA256,
        )
        for index in range(3)
    )
    return DatasetManifest(dataset_id="d", site="north", folder="/data", cases=cases, **switches)


@pytest.mark.parametrize(("policy", "expected"), [("", (5, 7)), ("may_send_case_scores: true\n", (1, 7))])
def test_sums_of_validation_scores_are_over_at_least_the_policys_minimum(
    hub: PlayedHub, site: Site, policy: str, expected: tuple[int, int]
) -> None:
    """Whatever the experiment says; one that asks for more cases is left as it is."""
    site.policy_file.write_text(policy)
    strategy = FedSMConfig(threshold="validation", threshold_minimum_cases=1, quality_minimum_cases=7)
    task = train()
    assert isinstance(task.payload, TrainSitePayload)
    run = task.payload.run.model_copy(update={"strategy": strategy})
    given = narrowed(
        read_policy(site.policy_file), task.model_copy(update={"payload": task.payload.model_copy(update={"run": run})})
    )
    assert isinstance(given.payload, TrainSitePayload)
    got = given.payload.run.strategy
    assert isinstance(got, FedSMConfig)
    assert (got.threshold_minimum_cases, got.quality_minimum_cases) == expected
    assert given.payload.run.model_copy(update={"strategy": strategy}) == run


def train() -> ClaimedTask:
    payload = TrainSitePayload(
        run=run_spec(), round=1, participant="north", data=(manifest(),), parts={"global": SHA256}, state={}
    )
    return describe().model_copy(update={"payload": payload})


def evaluate() -> ClaimedTask:
    payload = EvaluateSitePayload(
        run=run_spec(), round=1, participant="north", data=(manifest(),), state={"global": SHA256}
    )
    return describe().model_copy(update={"payload": payload})


def test_what_the_file_does_not_open_is_closed_whatever_the_hub_says(hub: PlayedHub, site: Site) -> None:
    give(hub, describe())
    payload = ClaimedTask.model_validate_json(site.claim().content).payload
    assert isinstance(payload, DescribeDatasetPayload)
    assert (payload.may_send_thumbnails, payload.may_send_hashes) == (False, False)
    give(hub, evaluate())
    site.approve(evaluate())
    site.policy_file.write_text("may_send_predictions: true\nmay_send_case_scores: true\n")
    evaluated = ClaimedTask.model_validate_json(site.claim().content).payload
    assert isinstance(evaluated, EvaluateSitePayload)
    assert [(data.may_send_images, data.may_send_predictions) for data in evaluated.data] == [(False, True)]
    assert evaluated.data[0].cases == manifest().cases


def test_pictures_of_test_cases_stay_where_their_scores_stay(hub: PlayedHub, site: Site) -> None:
    give(hub, evaluate())
    site.approve(evaluate())
    site.policy_file.write_text("may_send_predictions: true\nmay_send_images: true\n")
    evaluated = ClaimedTask.model_validate_json(site.claim().content).payload
    assert isinstance(evaluated, EvaluateSitePayload)
    assert [(data.may_send_images, data.may_send_predictions) for data in evaluated.data] == [(False, False)]


def test_what_the_hub_closed_stays_closed(hub: PlayedHub, site: Site) -> None:
    site.policy_file.write_text("may_send_thumbnails: true\nmay_send_hashes: true\n")
    closed = describe().payload.model_copy(update={"may_send_thumbnails": False})
    give(hub, describe().model_copy(update={"payload": closed}))
    payload = ClaimedTask.model_validate_json(site.claim().content).payload
    assert isinstance(payload, DescribeDatasetPayload)
    assert (payload.may_send_thumbnails, payload.may_send_hashes) == (False, True)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("allowed_strategies: [fedsm, fedprox]", "allowed_strategies: fedsm, fedprox; fedavg may not run here"),
        ("minimum_training_cases: 4", "minimum_training_cases: 4; the data hold fewer"),
        ("may_send_everything: true", "is wrong at may_send_everything"),
        ("allowed_strategies: [everything]", "is wrong at allowed_strategies.0"),
        ("- a list", "is wrong at the file"),
        ("{", "cannot be read"),
    ],
)
def test_a_refused_task_goes_back_with_the_policys_line(hub: PlayedHub, site: Site, text: str, line: str) -> None:
    site.policy_file.write_text(text)
    give(hub, train())
    answer = site.claim()
    assert (answer.status_code, answer.json()["error"]) == (422, "refused_by_agent")
    assert line in answer.json()["detail"]
    asked, _, body = hub.asked[-1]
    report = json.loads(body)
    assert (asked, report["kind"], report["retryable"]) == (f"POST {FAIL}", "site_refused", False)
    assert line in report["message"]
    assert [entry["what"] for entry in site.recorded()] == ["refused"]


@pytest.mark.parametrize(
    ("strategy", "makes_them"),
    [(FedSMConfig(), True), (LocalOnlyConfig(), True), (FedProxConfig(), False), (FedAvgConfig(), False)],
    ids=lambda value: getattr(value, "name", None),
)
def test_methods_that_make_personalized_models_run_only_where_those_may_leave(
    hub: PlayedHub, site: Site, strategy: StrategyConfig, makes_them: bool
) -> None:
    task = train()
    assert isinstance(task.payload, TrainSitePayload)
    run = task.payload.run.model_copy(update={"strategy": strategy})
    task = task.model_copy(update={"payload": task.payload.model_copy(update={"run": run})})
    give(hub, task)
    site.approve(task)
    assert site.claim().status_code == 200, "they leave by default: without them no FedSM runs"
    site.policy_file.write_text("personalized_models: false\n")
    answer = site.claim()
    assert answer.status_code == (422 if makes_them else 200)
    line = f"personalized_models: false; {strategy.name} makes them and may not run here"
    assert (line in answer.text) == makes_them


def test_people_at_the_hub_see_which_methods_are_left() -> None:
    said = HospitalPolicy(personalized_models=False).said_to("F").methods
    assert said is not None
    assert {"fedavg", "fedprox"} <= set(said)
    assert not {"fedsm", "ditto", "local-only"} & set(said)
    both = HospitalPolicy(personalized_models=False, allowed_strategies=("fedavg", "fedsm"))
    assert both.said_to("F").methods == ("fedavg",)
    assert HospitalPolicy().said_to("F").methods is None


def test_a_method_and_a_number_that_the_policy_allows_train(hub: PlayedHub, site: Site) -> None:
    site.policy_file.write_text("allowed_strategies: [fedavg]\nminimum_training_cases: 3\n")
    give(hub, train())
    site.approve(train())
    assert site.claim().status_code == 200


@pytest.mark.parametrize(
    ("media_type", "switch"),
    [(JPEG, "may_send_thumbnails"), (PNG, "may_send_images"), (NIFTI_GZ, "may_send_predictions")],
)
def test_no_file_of_a_closed_kind_leaves(hub: PlayedHub, site: Site, media_type: str, switch: str) -> None:
    """Even if a worker made one: only what the policy opened goes out, and models."""
    path = f"{API}/artifacts/{SHA256}"
    answer = site.ask("PUT", path, b"x", content_type=media_type, x_fedsm_task=TASK_ID)
    assert (answer.status_code, hub.asked) == (422, [])
    assert f"no file of the kind {media_type}" in answer.json()["detail"]
    assert list(site.folder.glob("spool/*")) == []
    site.policy_file.write_text(f"{switch}: true\nmay_send_case_scores: true")
    for kind in (media_type, SAFETENSORS):  # they go on to the next question: do the bytes hash to their address?
        assert "hash" in site.ask("PUT", path, b"x", content_type=kind, x_fedsm_task=TASK_ID).json()["detail"]


@pytest.mark.parametrize(
    ("result", "switch"),
    [
        (
            DescribeDatasetResult(cases=(CheckedCase(name="a", image="a.png", mask=None, thumbnail=SHA256),)),
            "may_send_thumbnails",
        ),
        (
            DescribeDatasetResult(cases=(CheckedCase(name="a", image="a.png", mask=None, pixel_sha256=SHA256),)),
            "may_send_hashes",
        ),
        (EvaluateSiteResult(scores=(), files=(ViewerFiles(case_id="1", image=SHA256),)), "may_send_images"),
        (
            EvaluateSiteResult(scores=(), files=(ViewerFiles(case_id="1", predictions={"global": SHA256}),)),
            "may_send_predictions",
        ),
    ],
    ids=["thumbnail", "hash", "image", "prediction"],
)
def test_no_result_with_what_is_closed_leaves(
    hub: PlayedHub, site: Site, result: DescribeDatasetResult | EvaluateSiteResult, switch: str
) -> None:
    hub.answers[f"POST {COMPLETE}"] = (204, b"")
    body = CompleteRequest(attempt=1, result=result).model_dump_json().encode()
    answer = site.ask("POST", COMPLETE, body)
    assert (answer.status_code, hub.asked) == (422, [])
    assert switch in answer.json()["detail"]
    site.policy_file.write_text(f"{switch}: true\nmay_send_case_scores: true")
    assert site.ask("POST", COMPLETE, body).status_code == 204


def test_the_file_that_joining_writes_says_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(TEMPLATE)
    assert read_policy(file) == HospitalPolicy() == read_policy(tmp_path / "none.yaml")
    assert all(f"{name}: " in TEMPLATE for name in HospitalPolicy.model_fields)
    (tmp_path / "open.yaml").write_text(re.sub(r"^# (\w+: \[?\{?\w.*)$", r"\1", TEMPLATE, flags=re.MULTILINE))
    assert read_policy(tmp_path / "open.yaml").hours == ("mon-fri 19:00-06:00", "sat-sun 00:00-24:00")
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Refused, match="nothing runs until it is mended"):
        read_policy(file)
