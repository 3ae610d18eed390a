"""Sites that let no score of a single case leave: their means count as their cases would, and the tables say so."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from backend.contracts.score_summaries import SiteSummary
from backend.contracts.tasks import EvaluateSiteResult
from backend.db import models
from backend.db.session import read_only, unit_of_work
from backend.evaluations.service import store_evaluation
from backend.ledger import repository
from fedsm.site_agent.summaries import summarised
from tests.backend.conftest import FEDSM, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.backend.test_results import cell_of, finish, number
from tests.backend.test_results import eight_cases as eight_cases

CLOSED = "the site's policy lets means leave and no score of a single case"


def close(worker: PlayedWorker, slugs: set[str], minimum_cases: int = 5) -> None:
    """From now on these sites' agents keep the scores of cases."""
    evaluate = worker._evaluate_site

    def kept(payload: dict[str, Any]) -> dict[str, Any]:
        result = evaluate(payload)
        if payload["participant"] not in slugs:
            return result
        summary = summarised(EvaluateSiteResult.model_validate(result), minimum_cases)
        return summary.model_dump(mode="json")

    worker._evaluate_site = kept  # type: ignore[method-assign]


def tables(backend: LiveBackend, experiment: dict[str, Any]) -> list[Any]:
    results = backend.get(f"/experiments/{experiment['id']}/results")
    matrix = backend.get(f"/runs/{experiment['runs'][0]['id']}/matrix")
    selectors = [{**selector, "run_id": ""} for selector in results["selectors"]]
    return [results["cells"], matrix["rows"], selectors]


def nearly(found: Any) -> Any:
    """With numbers that may differ by rounding."""
    if isinstance(found, dict):
        return {key: nearly(value) for key, value in found.items()}
    if isinstance(found, list):
        return [nearly(value) for value in found]
    return pytest.approx(found) if isinstance(found, float) else found


def test_means_are_those_of_the_cases_and_no_case_is_listed(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    worker.test_dice = lambda payload, case, model: (
        0.05 * number(case) + (0.3 if model.endswith(payload["participant"]) else 0.1)
    )
    settings: dict[str, Any] = {"strategies": [FEDSM], "held_out_sites": ["c"]}
    opened = finish(backend, worker, eight_cases, **settings)
    close(worker, {"a", "c"})
    closed = finish(backend, worker, eight_cases, **settings)
    assert tables(backend, closed) == nearly(tables(backend, opened))
    cases = backend.get(f"/runs/{closed['runs'][0]['id']}/cases")["cases"]
    assert {case["site_slug"] for case in cases} == {"b"}
    notes = backend.get(f"/experiments/{closed['id']}/results")["notes"]
    assert [note for note in notes if note.startswith(f"a, c: {CLOSED}")]
    assert not [note for note in notes if "tested on" in note], "nothing is short of a case"
    ids = [experiment["runs"][0]["id"] for experiment in (opened, closed)]
    compared = backend.get(f"/federations/{eight_cases['id']}/run-comparison", run=ids)
    assert [line for line in compared["cautions"] if line.startswith("a, c: the site's policy lets no score")]


def test_where_all_sites_keep_their_cases_the_experiment_still_has_results(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    close(worker, {"a", "b", "c"})
    done = finish(backend, worker, eight_cases, strategies=[FEDSM, {"name": "fedavg"}])
    cells = backend.get(f"/experiments/{done['id']}/results")["cells"]
    assert cell_of(cells, model="super", site_slug=None, structure=None)["num_cases"] == 24
    verdict = backend.get(f"/experiments/{done['id']}/verdict")
    assert verdict["method"]["mean"] is not None
    report = backend.post(f"/experiments/{done['id']}/reports", {})
    assert report["id"]


def test_too_few_cases_are_said_and_have_no_mean(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    close(worker, {"a"}, minimum_cases=9)
    done = finish(backend, worker, eight_cases, strategies=[FEDSM])
    results = backend.get(f"/experiments/{done['id']}/results")
    assert cell_of(results["cells"], model="global", site_slug="a", structure=None)["mean"] is None
    assert cell_of(results["cells"], model="global", site_slug=None, structure=None)["num_cases"] == 16
    assert [
        note for note in results["notes"] if note.startswith("a: tested, but on fewer cases than the site's policy")
    ]


def test_where_one_case_has_another_model_the_super_model_is_left_out_everywhere(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    worker.probabilities = lambda payload, case: (
        {"a": 0.4, "b": 0.3, "c": 0.3} if number(case) == 0 else {"a": 0.98, "b": 0.01, "c": 0.01}
    )
    close(worker, {"a", "b", "c"})
    done = finish(backend, worker, eight_cases, strategies=[FEDSM, {"name": "fedavg"}])
    results = backend.get(f"/experiments/{done['id']}/results")
    for slug in ("a", None):
        found = cell_of(results["cells"], model="super", site_slug=slug, structure=None)
        assert (found["mean"], found["num_cases"]) == (None, 0)
    assert cell_of(results["cells"], model="global", strategy_label="FedAvg", site_slug=None, structure=None)["mean"]
    assert results["selectors"] == []
    assert [note for note in results["notes"] if "would tell of a few cases is left out" in note]
    run_id = done["runs"][0]["id"]
    assert "super" not in {row["model"] for row in backend.get(f"/runs/{run_id}/matrix")["rows"]}
    assert backend.get(f"/experiments/{done['id']}/verdict")


def test_a_summary_that_cannot_be_is_refused(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    evaluate = worker._evaluate_site

    def both(payload: dict[str, Any]) -> dict[str, Any]:
        result = evaluate(payload)
        kept = summarised(EvaluateSiteResult.model_validate(result), 1).model_dump(mode="json")
        return {**result, "summary": kept["summary"]}

    worker._evaluate_site = both  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="stands next to scores of single cases"):
        finish(backend, worker, eight_cases, strategies=[FEDSM])


def _with_score(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda summary: summary["scores"][0].update(fields)


IMPOSSIBLE: tuple[tuple[Callable[[dict[str, Any]], None], str], ...] = (
    (lambda summary: summary.update(num_cases=9), "is more than the 8 test case(s) of the site"),
    (_with_score(num_cases=9), "is more than the summary's 8 case(s)"),
    (_with_score(num_valued=9), "is more than the score's 8 case(s)"),
    (_with_score(num_missing=9), "is more than the score's 8 case(s)"),
    (_with_score(num_misses=9), "is more than the score's 8 case(s)"),
    (_with_score(num_valued=0), "is a mean over no case"),
    (_with_score(model="personalized/zzz"), "no model of the run"),
    (lambda summary: summary["scores"].append(summary["scores"][0]), "is stated twice"),
    (lambda summary: summary["routing"].update(chosen={"a": 5, "b": 4}), "is more than the summary's 8 case(s)"),
    (lambda summary: summary["routing"].update(num_global=9), "is more than the 8 case(s) of chosen"),
)


def test_a_summary_is_of_the_sites_test_cases(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    run_id = start_run(backend, eight_cases, strategies=[FEDSM])
    tried = False
    while (task_id := worker.next_task_id("coordinator") or worker.next_task_id("simulated")) is not None:
        claimed = worker.must_claim(task_id)
        if tried or claimed["payload"]["kind"] != "evaluate_site":
            assert worker.complete(claimed).status_code == 204
            continue
        tried = True
        stated = summarised(EvaluateSiteResult.model_validate(worker.work(claimed["payload"])), 1)
        for change, words in IMPOSSIBLE:
            result = copy.deepcopy(stated.model_dump(mode="json"))
            change(result["summary"])
            answer = worker.complete(claimed, result)
            assert (answer.status_code, words in answer.text) == (422, True), (words, answer.text[:400])
        assert worker.complete(claimed, stated.model_dump(mode="json")).status_code == 204
    assert tried
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


@pytest.mark.every_database
def test_a_summary_takes_the_place_of_what_was_said_of_single_cases(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    worker.with_history = True
    worker.thresholds = lambda _payload: {0.5: 0.7}
    run_id = finish(backend, worker, eight_cases, strategies=[FEDSM])["runs"][0]["id"]

    def places() -> list[set[str]]:
        """The sites of which the best round's cases, the past masks and the thresholds are."""
        with read_only(backend.platform.database) as session:
            run = session.get_one(models.Run, run_id)
            slugs = {case.case_id: data.site_slug for data in _data(session, run_id) for case in data.manifest.cases}
            of_round = [
                set(session.scalars(select(kind.site_slug).where(kind.run_id == run_id, kind.round == run.best_round)))
                for kind in (models.TestedCase, models.ThresholdCurve)
            ]
            past = session.scalars(select(models.CaseHistory.case_id).where(models.CaseHistory.run_id == run_id))
            return [*of_round, {slugs[case_id] for case_id in past}]

    assert places() == [{"a", "b", "c"}] * 3
    with unit_of_work(backend.platform.database) as session:
        best_round = session.get_one(models.Run, run_id).best_round
        assert best_round is not None
        manifests = [data.manifest for data in _data(session, run_id)]
        closed = EvaluateSiteResult(scores=(), summary=SiteSummary(num_cases=8))
        store_evaluation(session, run_id, best_round, "a", manifests, closed)
    assert places() == [{"b", "c"}] * 3
    assert {case["site_slug"] for case in backend.get(f"/runs/{run_id}/cases")["cases"]} == {"b", "c"}


def _data(session: Any, run_id: str) -> list[Any]:
    return repository.run_datasets(session, run_id)


def test_a_run_whose_sites_keep_their_validation_ends_and_says_so(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    worker.num_val_cases = lambda _participant: 0
    stopping = {"rounds": 3, "local_epochs": 1, "patience": 1}
    done = finish(backend, worker, eight_cases, strategies=[FEDSM], schedule=stopping)
    run = done["runs"][0]
    assert (run["round"], run["best_round"], run["best_dice"]) == (3, 3, None)
    messages = [event["message"] for event in backend.get("/events", limit=1000)]
    assert [line for line in messages if "no participant's validation scores are here" in line]
