"""Somebody who has all means that left a hospital adds and subtracts them, and learns nothing of a few cases.

The scores of cases are unknowns; each stated mean is a weighted sum of them. `revealed` looks for a combination of the
sums that is over fewer cases than the policy's minimum, as linear algebra finds it.
"""

import json
import random
from collections.abc import Iterable
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from backend.contracts.metrics import SCORES, CaseRouting, CaseScore, MetricPoint, ModelKind
from backend.contracts.score_summaries import SiteSummary
from backend.contracts.tasks import (
    CompleteRequest,
    EvaluateSiteResult,
    ThresholdPoint,
    TrainSiteResult,
    ValidateSiteResult,
)
from fedsm.site_agent.stated_cases import tells_of_fewer
from fedsm.site_agent.summaries import NOTHING, summarised
from fedsm.site_agent.validation_means import stated_points
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.test_egress import CANARY, SHA256, TASK, completed, evaluated, sent_on, task_of
from tests.fedsm.site_agent.test_gateway import Site, give
from tests.fedsm.site_agent.test_gateway import hub as hub
from tests.fedsm.site_agent.test_gateway import site as site
from worker.engine.metrics import dice_metrics
from worker.engine.routing.metrics import routing_metrics

MINIMUM = 5
MODELS = ("global", "personalized/north", "personalized/south")
STRUCTURES = ("organ", "tumour")

#: Model to structure to Dice of one case; None where the structure is in neither mask.
Dice = dict[str, dict[str, float | None]]


def result_of(cases: list[Dice], chosen: list[str]) -> EvaluateSiteResult:
    return EvaluateSiteResult(
        scores=tuple(
            CaseScore(
                case_id=str(index),
                model=model,
                structure=structure,
                distance_unit="mm",
                values=dict.fromkeys(SCORES, value),
            )
            for index, case in enumerate(cases)
            for model, by in case.items()
            for structure, value in by.items()
        ),
        routing=tuple(
            CaseRouting(case_id=str(index), probabilities={"north": 0.9, "south": 0.1}, chosen_model=model)
            for index, model in enumerate(chosen)
        ),
        thresholds=(ThresholdPoint(gamma=0.5, dice=0.5, num_cases=20),),
    )


def means(summary: SiteSummary | None) -> dict[tuple[str, str | None], float]:
    assert summary is not None
    return {
        (score.model, score.structure): score.mean
        for score in summary.scores
        if score.metric == "dice" and score.mean is not None
    }


def revealed(
    stated: Iterable[tuple[str, str | None]], cases: list[Dice], chosen: list[str], minimum: int = MINIMUM
) -> tuple[int, ...] | None:
    """Fewer cases than the minimum, of which a combination of the stated means tells; None where there is none."""
    rows = []
    for name, structure in stated:
        row = np.zeros((len(cases), len(MODELS), len(STRUCTURES)))
        for index, case in enumerate(cases):
            model = chosen[index] if name == "super" else name
            valued = [place for place, one in enumerate(STRUCTURES) if case[model][one] is not None]
            for place in valued:
                if structure in (None, STRUCTURES[place]):
                    row[index, MODELS.index(model), place] = 1 / (len(valued) if structure is None else 1)
        rows.append(row)
    matrix = np.array(rows)
    if not rows:
        return None
    rank = np.linalg.matrix_rank(matrix.reshape(len(rows), -1))
    for few in combinations(range(len(cases)), minimum - 1):
        others = np.delete(matrix, few, axis=1).reshape(len(rows), -1)
        if np.linalg.matrix_rank(others) < rank:
            return few
    return None


def random_cases(rng: random.Random, number: int) -> tuple[list[Dice], list[str]]:
    """With structures that few cases have, values that one model alone has, and models that few cases are routed to."""
    rare, odd = rng.choice((0, 0.1, 0.5)), rng.choice((0, 0, 0.1))
    cases = []
    for _ in range(number):
        lacks = rng.random() < rare
        cases.append(
            {
                model: {
                    "organ": rng.random(),
                    "tumour": None if lacks or rng.random() < odd else rng.random(),
                }
                for model in MODELS
            }
        )
    weights = rng.choice(((1, 0, 0), (9, 1, 0), (1, 1, 0), (8, 8, 1), (0, 1, 0)))
    return cases, rng.choices(MODELS, weights, k=number)


def test_no_combination_of_a_tests_means_tells_of_a_few_cases() -> None:
    rng, minimum, num_told = random.Random(0), 3, 0
    for _ in range(60):
        cases, chosen = random_cases(rng, 9)
        found = summarised(result_of(cases, chosen), minimum).summary
        assert revealed(means(found), cases, chosen, minimum) is None
        num_told += len(means(found))
    everything = list(product((*MODELS, "super"), (*STRUCTURES, None)))
    assert num_told > 60 * len(everything) / 2, "most of what is asked is said"
    odd_one: Dice = {model: {"organ": 1.0, "tumour": None} for model in MODELS}
    assert revealed(everything, [*even_cases(8), odd_one], ["global"] * 9, minimum) is not None


def even_cases(number: int) -> list[Dice]:
    return [
        {
            model: {"organ": 0.5 + index / 100 + place / 10, "tumour": 0.4 + index / 90 + place / 20}
            for place, model in enumerate(MODELS)
        }
        for index in range(number)
    ]


def test_a_structure_of_one_case_is_not_computed_from_the_mean_over_structures() -> None:
    """The attack: twice the sum of the means over structures, less the sum of the organ's, is the one tumour's Dice."""
    cases = even_cases(20)
    for case in cases[1:]:
        for by in case.values():
            by["tumour"] = None
    told = means(summarised(result_of(cases, ["global"] * 20), MINIMUM).summary)
    assert ("global", "organ") in told
    assert ("global", "tumour") not in told
    assert ("global", None) not in told
    assert revealed([("global", "organ"), ("global", None)], cases, ["global"] * 20) is not None


def test_a_case_with_another_model_is_not_computed_from_the_super_model() -> None:
    """The attack: 20 times the super model's mean less the global one's is the gain of the only case that got another
    model."""
    cases, chosen = even_cases(20), ["personalized/north", *["global"] * 19]
    summary = summarised(result_of(cases, chosen), MINIMUM).summary
    assert summary is not None
    assert {model for model, _ in means(summary)} == {*MODELS}
    assert summary.routing is None, "it would say that one case alone is not the global model's"
    evenly = summarised(result_of(cases, [*["personalized/north"] * 5, *["global"] * 15]), MINIMUM).summary
    assert evenly is not None
    assert means(evenly)["super", None] == pytest.approx(
        np.mean(
            [np.mean([*case["personalized/north" if i < 5 else "global"].values()]) for i, case in enumerate(cases)]
        )
    )
    assert evenly.routing is not None
    assert evenly.routing.num_global == 15


def test_small_counts_are_stated_as_none_or_all() -> None:
    cases = even_cases(20)
    for case in cases[:2]:
        case["global"]["tumour"] = None
    for case in cases[:9]:
        case["personalized/north"]["tumour"] = None
    summary = summarised(result_of(cases, ["personalized/south"] * 20), MINIMUM).summary
    assert summary is not None
    counts = {
        score.model: (score.num_cases, score.num_valued, score.num_missing)
        for score in summary.scores
        if (score.structure, score.metric) == ("tumour", "dice")
    }
    assert counts["global"] == (20, 20, 0)
    assert counts["personalized/north"] == (20, 11, 9)


def test_thresholds_do_not_leave_next_to_each_other() -> None:
    """The attack: from one threshold to the next, one case changes its model, and the mean tells its gain."""
    assert summarised(result_of(even_cases(20), ["global"] * 20), MINIMUM).thresholds == ()


def test_no_validation_case_leaves() -> None:
    result = result_of(even_cases(20), ["global"] * 20)
    more = result.model_copy(update={"validation": result.scores, "validation_routing": result.routing})
    assert summarised(more, MINIMUM) == summarised(result, MINIMUM)
    assert summarised(more, MINIMUM).validation == ()


def test_two_tests_do_not_tell_of_the_case_by_which_they_differ(hub: PlayedHub, site: Site) -> None:
    """The attack: the sum over six cases less the sum over five of them is the sixth's score."""
    first, second = (sent_on(hub, site, evaluated(number)) for number in (5, 6))
    assert first.summary is not None
    assert first.summary.num_cases == 5
    assert second == NOTHING
    assert sent_on(hub, site, evaluated(5)) == first, "the same cases may be tested again"
    assert sent_on(hub, site, evaluated(10)) != NOTHING, "five more are as many as the policy asks for"
    site.policy_file.write_text("may_send_case_scores: true\n")
    assert sent_on(hub, site, evaluated(6)) == evaluated(6)


def test_a_case_with_a_new_id_or_mask_is_recognised(hub: PlayedHub, site: Site) -> None:
    """Ids are the hub's own: what a case is, its files say. Nor does a case count that is no case of the task."""
    first = sent_on(hub, site, evaluated(5))
    renamed = task_of(range(6))
    payload: Any = renamed.payload
    cases = tuple(
        case.model_copy(update={"case_id": f"{CANARY}-{i + 10}"}) for i, case in enumerate(payload.data[0].cases)
    )
    data = (payload.data[0].model_copy(update={"cases": cases}),)
    renamed = renamed.model_copy(update={"payload": payload.model_copy(update={"data": data})})
    give(hub, renamed)
    site.approve(renamed)
    site.claim()
    other = evaluated(6)
    scores = tuple(
        score.model_copy(update={"case_id": f"{CANARY}-{int(score.case_id.rpartition('-')[2]) + 10}"})
        for score in other.scores
    )
    assert first != NOTHING
    assert completed(hub, site, EvaluateSiteResult(scores=scores)) == NOTHING
    site.claim()
    assert completed(hub, site, evaluated(5)) == NOTHING, "the task has no cases of these ids"


def test_a_damaged_record_of_tests_lets_nothing_leave(hub: PlayedHub, site: Site) -> None:
    sent_on(hub, site, evaluated(5))
    site.home.stated.joinpath("sets.json").write_text("[[")
    task = task_of(range(5))
    give(hub, task)
    site.claim()
    before = len(hub.asked)
    body = CompleteRequest(attempt=1, result=evaluated(5)).model_dump_json().encode()
    answer = site.ask("POST", f"{TASK}/complete", body)
    assert (answer.status_code, len(hub.asked)) == (422, before)
    assert "sets.json is damaged" in answer.json()["detail"]


def of(*numbers: Iterable[int]) -> frozenset[str]:
    return frozenset(str(number) for some in numbers for number in some)


@pytest.mark.parametrize(
    ("known", "cases", "tells"),
    [
        ([], of(range(10)), False),
        ([], of(range(4)), True),
        ([of(range(10))], of(range(10)), False),
        ([of(range(10))], of(range(11)), True),
        ([of(range(10))], of(range(9)), True),
        ([of(range(10))], of(range(5)), False),
        ([of(range(10))], of(range(6)), True),
        ([of(range(10))], of(range(8), range(20, 22)), True),
        ([of(range(10))], of(range(8), range(20, 24)), False),
        ([of(range(10))], of(range(10, 20)), False),
        ([of(range(10)), of(range(10, 20))], of(range(20)), False),
        ([of(range(10)), of(range(10, 20))], of(range(19)), True),
        ([of(range(10)), of(range(10, 20)), of(range(20, 30))], of(range(1, 30)), True),
        ([of(range(10)), of(range(5, 15))], of(range(5), range(10, 15)), False),
        ([of(range(10)), of(range(9))], of(range(40, 50)), False),
    ],
)
def test_sums_over_sets_of_cases(known: list[frozenset[str]], cases: frozenset[str], tells: bool) -> None:
    """By hand. The last: what a lower minimum once let leave keeps nothing back later."""
    assert tells_of_fewer(known, cases, MINIMUM) is tells


def test_sets_that_fall_into_many_pieces_are_kept_back() -> None:
    rng = random.Random(0)
    known = [of(rng.sample(range(60), 20)) for _ in range(12)]
    assert tells_of_fewer(known, of(rng.sample(range(60), 20)), MINIMUM)


def validation(cases: list[Dice], chosen: list[str]) -> tuple[MetricPoint, ...]:
    """As FedSM's worker reports it."""
    of_models: dict[ModelKind, list[dict[str, float | None]]] = {
        "global": [case["global"] for case in cases],
        "personalized": [case["personalized/north"] for case in cases],
        "super": [case[model] for case, model in zip(cases, chosen, strict=True)],
    }
    probabilities = [{"north": 0.9, "south": 0.1}] * len(cases)
    metrics = [
        *(metric for model, dice in of_models.items() for metric in dice_metrics(1, model, STRUCTURES, dice)),
        *routing_metrics(1, "north", probabilities, chosen),
    ]
    return tuple(MetricPoint.model_validate(vars(metric)) for metric in metrics)


def told_by(points: Iterable[MetricPoint]) -> list[tuple[str, str | None]]:
    full = {"personalized": "personalized/north"}
    return [(full.get(point.model, point.model), point.structure) for point in points if point.name == "dice"]


def test_no_combination_of_a_rounds_validation_tells_of_a_few_cases() -> None:
    rng, minimum = random.Random(1), 3
    for _ in range(60):
        cases, chosen = random_cases(rng, 9)
        points = stated_points(validation(cases, chosen), minimum)
        assert revealed(told_by(points), cases, chosen, minimum) is None
        assert ("super", None) in told_by(points), "the best round is chosen by it"


def received(hub: PlayedHub) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(hub.asked[-1][2])
    return body


def test_validation_on_few_cases_stays_and_what_training_says_leaves(hub: PlayedHub, site: Site) -> None:
    few, enough = validation(even_cases(4), ["global"] * 4), validation(even_cases(5), ["global"] * 5)
    trained = MetricPoint(round=1, model="global", split="train", name="loss", value=0.5, num_cases=1)
    threshold = MetricPoint(round=1, model="selector", split="val", name="gamma", value=0.5, num_cases=4)
    body: dict[str, Any] = {"parts": {"global": SHA256}, "num_cases": 1, "num_steps": 1, "seconds": 1}
    hub.answers[f"POST {TASK}/complete"] = (204, b"")
    hub.answers[f"POST {TASK}/progress"] = (200, b'{"action": "continue", "lease_seconds": 30}')
    for points, left in (
        ((trained, threshold, *few), (trained, threshold)),
        ((trained, *enough), (trained, *enough)),
    ):
        train = TrainSiteResult(metrics=points, bytes_up=0, bytes_down=0, **body)
        for result in (train, ValidateSiteResult(metrics=points)):
            sent = '{"attempt": 1, "result": ' + result.model_dump_json() + "}"
            assert site.ask("POST", f"{TASK}/complete", sent.encode()).status_code == 204
            assert received(hub)["result"]["metrics"] == [point.model_dump(mode="json") for point in left]
        progress = {"attempt": 1, "fraction": 0.5, "metrics": [point.model_dump(mode="json") for point in points]}
        assert site.ask("POST", f"{TASK}/progress", json.dumps(progress).encode()).status_code == 200
        assert received(hub)["metrics"] == [point.model_dump(mode="json") for point in left]
    site.policy_file.write_text("may_send_case_scores: true\n")
    sent = '{"attempt": 1, "result": ' + ValidateSiteResult(metrics=few).model_dump_json() + "}"
    site.ask("POST", f"{TASK}/complete", sent.encode())
    assert len(received(hub)["result"]["metrics"]) == len(few)
