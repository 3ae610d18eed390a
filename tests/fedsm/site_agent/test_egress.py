"""Canaries in every word that a worker can say: under the default policy none of them leaves, and the work goes on."""

import json
from typing import Any

import pytest

from backend.contracts.datasets import CaseWarning, CheckedCase, DatasetManifest, DescribeDatasetResult, ManifestCase
from backend.contracts.likeness import Alike, AlikePair, JoinedCases
from backend.contracts.tasks import (
    ClaimedTask,
    CompleteRequest,
    DescribeDatasetPayload,
    FailRequest,
    LogLine,
    ProgressReport,
    TrainSitePayload,
)
from fedsm.site_agent.hub import API
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.test_gateway import TASK_ID, Site, describe, give
from tests.fedsm.site_agent.test_gateway import hub as hub
from tests.fedsm.site_agent.test_gateway import site as site
from tests.fedsm.site_agent.test_policy import train

CANARY = "Mueller_19570314"
SHA256 = "a" * 64
TASK = f"{API}/tasks/{TASK_ID}"


def checked(name: str, **more: Any) -> CheckedCase:
    return CheckedCase(
        name=f"{CANARY}-{name}",
        image=f"{CANARY}/{name}/scan.nii.gz",
        mask=f"{CANARY}/{name}/mask.nii.gz",
        mask_parts={"disc": f"{CANARY}/{name}/disc.nii.gz"},
        **more,
    )


RESULT = DescribeDatasetResult(
    cases=(
        checked("used", warnings=(CaseWarning(code="near_duplicate", message=f"looks like {CANARY}"),), split="train"),
        checked("skipped", reason_code="unreadable_image", reason=f"/data/{CANARY}/scan.nii.gz: (0010,0010) {CANARY}"),
    ),
    warnings=(f"dataset.json names {CANARY}",),
    alike=Alike(pairs=(AlikePair(first=f"{CANARY}-used", second=f"{CANARY}-skipped", bits=3),)),
)
REPORTS: dict[str, Any] = {
    "complete": CompleteRequest(attempt=1, result=RESULT),
    "fail": FailRequest(
        attempt=1, message=f"{CANARY}/scan.nii.gz is damaged", detail=f"Traceback: {CANARY}", kind="data_unreadable"
    ),
    "progress": ProgressReport(
        attempt=1, fraction=0.5, logs=(LogLine(level="warning", message=f"{CANARY} has no spacing"),)
    ),
}


def report(hub: PlayedHub, site: Site, verb: str) -> bytes:
    """What of a worker's report the hub gets."""
    answer = b'{"action": "continue", "lease_seconds": 30}' if verb == "progress" else b""
    hub.answers[f"POST {TASK}/{verb}"] = (200 if answer else 204, answer)
    body = REPORTS[verb].model_dump_json().encode()
    assert site.ask("POST", f"{TASK}/{verb}", body).status_code < 300
    return hub.asked[-1][2]


def everything(hub: PlayedHub) -> str:
    return " ".join(f"{asked} {json.dumps(headers)} {body!r}" for asked, headers, body in hub.asked)


@pytest.mark.parametrize("verb", REPORTS)
def test_no_name_no_path_and_no_text_leaves_by_default(hub: PlayedHub, site: Site, verb: str) -> None:
    assert CANARY in REPORTS[verb].model_dump_json()
    left = report(hub, site, verb)
    assert type(REPORTS[verb]).model_validate_json(left)
    assert CANARY not in everything(hub)
    assert not site.audit_file.exists() or CANARY not in site.audit_file.read_text()


@pytest.mark.parametrize("verb", REPORTS)
def test_what_the_policy_opens_leaves(hub: PlayedHub, site: Site, verb: str) -> None:
    site.policy_file.write_text("may_send_names: true\nmay_send_texts: true\n")
    assert type(REPORTS[verb]).model_validate_json(report(hub, site, verb)) == REPORTS[verb]


def test_a_failure_says_its_kind_and_where_the_cause_stands(hub: PlayedHub, site: Site) -> None:
    left = FailRequest.model_validate_json(report(hub, site, "fail"))
    assert (left.kind, left.detail) == ("data_unreadable", "")
    assert left.message.startswith("Data cannot be read: the hospital's policy lets no text leave")
    assert TASK_ID in left.message


def test_a_worker_gets_back_the_names_of_its_files(hub: PlayedHub, site: Site) -> None:
    left = CompleteRequest.model_validate_json(report(hub, site, "complete")).result
    assert isinstance(left, DescribeDatasetResult)
    again = CompleteRequest.model_validate_json(report(hub, site, "complete")).result
    assert again == left, "the same name has the same pseudonym at the next check"
    assert len({case.name for case in left.cases}) == 2
    [pair] = left.alike.pairs
    assert {pair.first, pair.second} == {case.name for case in left.cases}
    used = left.cases[0]
    case = ManifestCase(
        case_id="1",
        name=used.name,
        image=used.image,
        mask=used.mask or "",
        mask_parts=used.mask_parts,
        split="train",
        image_sha256=SHA256,
        mask_sha256=SHA256,
    )
    manifest = DatasetManifest(dataset_id="d", site="north", folder="/data", cases=(case,))
    payload = train().payload
    assert isinstance(payload, TrainSitePayload)
    task = train().model_copy(update={"payload": payload.model_copy(update={"data": (manifest,)})})
    site.approve(task)
    give(hub, task)
    found = ClaimedTask.model_validate_json(site.claim().content).payload
    assert isinstance(found, TrainSitePayload)
    [resolved] = found.data[0].cases
    real = RESULT.cases[0]
    assert (resolved.name, resolved.image, resolved.mask, resolved.mask_parts) == (
        real.name,
        real.image,
        real.mask,
        real.mask_parts,
    )
    check = describe().payload
    assert isinstance(check, DescribeDatasetPayload)
    joined = check.model_copy(update={"joined": (JoinedCases(names=(used.name, "unknown")),)})
    give(hub, describe().model_copy(update={"payload": joined}))
    payload_again = ClaimedTask.model_validate_json(site.claim().content).payload
    assert isinstance(payload_again, DescribeDatasetPayload)
    assert payload_again.joined[0].names == (real.name, "unknown")
    assert CANARY not in everything(hub)
