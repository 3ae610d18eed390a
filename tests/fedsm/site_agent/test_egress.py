"""Canaries in every word that a worker can say: under the default policy none of them leaves, and the work goes on."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from backend.contracts.datasets import CaseWarning, CheckedCase, DatasetManifest, DescribeDatasetResult, ManifestCase
from backend.contracts.likeness import Alike, AlikePair, JoinedCases
from backend.contracts.metrics import SCORES, CaseRouting, CaseScore
from backend.contracts.score_summaries import RoutingSummary, SiteSummary
from backend.contracts.tasks import (
    ClaimedTask,
    CompleteRequest,
    DescribeDatasetPayload,
    EvaluateSitePayload,
    EvaluateSiteResult,
    FailRequest,
    LogLine,
    PastMask,
    ProgressReport,
    TrainSitePayload,
    ViewerFiles,
)
from fedsm.site_agent.hub import API
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.test_gateway import TASK_ID, Site, describe, give
from tests.fedsm.site_agent.test_gateway import hub as hub
from tests.fedsm.site_agent.test_gateway import site as site
from tests.fedsm.site_agent.test_policy import train
from tests.worker.payloads import run_spec

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


def task_of(numbers: Iterable[int]) -> ClaimedTask:
    """Of these cases, whose files are known by their numbers."""
    cases = tuple(
        ManifestCase(
            case_id=f"{CANARY}-{number}",
            name=f"case-{number}",
            image=f"{number}.png",
            mask=f"{number}-mask.png",
            split="test",
            image_sha256=f"{number:064x}",
            mask_sha256=SHA256,
        )
        for number in numbers
    )
    manifest = DatasetManifest(dataset_id="d", site="north", folder="/data", cases=cases)
    payload = EvaluateSitePayload(
        run=run_spec(), round=1, participant="north", data=(manifest,), state={"global": SHA256}
    )
    return describe().model_copy(update={"payload": payload})


def evaluated(num_cases: int) -> EvaluateSiteResult:
    """One model on two structures of each case; the second is missed in the last case. All that could be of one case is
    in it."""
    ids = [f"{CANARY}-{index}" for index in range(num_cases)]

    def score(case_id: str, structure: str, dice: float, missed: bool) -> CaseScore:
        values = dict.fromkeys(SCORES, dice) | ({"hd95": None, "assd": None} if missed else {})
        return CaseScore(case_id=case_id, model="global", structure=structure, distance_unit="mm", values=values)

    return EvaluateSiteResult(
        scores=tuple(
            score(
                case_id, structure, index / 10 if structure == "disc" else 0.8, (case_id, structure) == (ids[-1], "cup")
            )
            for index, case_id in enumerate(ids)
            for structure in ("disc", "cup")
        ),
        routing=tuple(
            CaseRouting(
                case_id=case_id,
                probabilities={"a": 0.9, "b": 0.1},
                chosen_model="global",
                unlikeness=1.0,
                of_no_site=True,
            )
            for case_id in ids
        ),
        files=(ViewerFiles(case_id=ids[0]),),
        history=(PastMask(case_id=ids[0], round=1, model="global", dice={"disc": 0.5}, mask=None, chosen=True),),
    )


def sent_on(hub: PlayedHub, site: Site, result: EvaluateSiteResult) -> EvaluateSiteResult:
    """What the hub gets of a task that was claimed for the cases of the result."""
    task = task_of(sorted({int(score.case_id.rpartition("-")[2]) for score in result.scores}))
    give(hub, task)
    site.approve(task)
    assert site.claim().status_code == 200
    return completed(hub, site, result)


def completed(hub: PlayedHub, site: Site, result: EvaluateSiteResult) -> EvaluateSiteResult:
    hub.answers[f"POST {TASK}/complete"] = (204, b"")
    body = CompleteRequest(attempt=1, result=result).model_dump_json().encode()
    assert site.ask("POST", f"{TASK}/complete", body).status_code == 204
    left = CompleteRequest.model_validate_json(hub.asked[-1][2]).result
    assert isinstance(left, EvaluateSiteResult)
    return left


def test_scores_leave_as_means_by_default(hub: PlayedHub, site: Site) -> None:
    """By hand: of five cases the disc's Dice is 0, 0.1, 0.2, 0.3 and 0.4, whose mean is 0.2; the cup's is 0.8; a case's
    mean over both is from 0.4 to 0.6 in steps of 0.05, whose mean is 0.5."""
    left = sent_on(hub, site, evaluated(5))
    assert (left.scores, left.routing, left.files, left.history) == ((), (), (), ())
    assert CANARY not in everything(hub)
    assert left.summary is not None
    assert left.summary.num_cases == 5
    means = {(score.model, score.structure): score.mean for score in left.summary.scores if score.metric == "dice"}
    assert means == {
        (model, structure): pytest.approx(mean)
        for model in ("global", "super")
        for structure, mean in (("disc", 0.2), ("cup", 0.8), (None, 0.5))
    }
    [missed] = [
        score
        for score in left.summary.scores
        if (score.model, score.structure, score.metric) == ("global", "cup", "hd95")
    ]
    assert (missed.num_cases, missed.num_valued, missed.num_misses, missed.mean) == (5, 0, 0, None)
    assert left.summary.routing == RoutingSummary(num_global=5, chosen={"a": 5})


def test_no_mean_is_over_fewer_cases_than_the_policy_asks_for(hub: PlayedHub, site: Site) -> None:
    left = sent_on(hub, site, evaluated(4))
    assert left == EvaluateSiteResult(scores=(), summary=SiteSummary(num_cases=0))
    site.policy_file.write_text("minimum_scored_cases: 4\n")
    assert sent_on(hub, site, evaluated(4)).summary != left.summary


def test_scores_of_cases_leave_where_the_policy_opens_them(hub: PlayedHub, site: Site) -> None:
    site.policy_file.write_text("may_send_case_scores: true\n")
    result = evaluated(4)
    assert sent_on(hub, site, result) == result


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
