"""Sites that let no score of a single case leave: their means count as their cases would, and the tables say so."""

from typing import Any

import pytest

from backend.contracts.tasks import EvaluateSiteResult
from fedsm.site_agent.summaries import summarised
from tests.backend.conftest import FEDSM
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
