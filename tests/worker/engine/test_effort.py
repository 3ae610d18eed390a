"""What a training reports of a model's effort, and training at equal effort."""

import pytest

from tests.worker.engine.all_methods import ALL
from tests.worker.engine.method_runs import DATA, SITES, adam_plan, train
from worker.engine.federation import run_rounds
from worker.engine.local_training import mean_local_steps
from worker.engine.metrics import Metric
from worker.engine.state import POOLED
from worker.engine.strategies.centralized import Centralized
from worker.engine.strategies.fine_tuning import FineTuning
from worker.engine.strategies.pfedme import PFedMe


def effort(metrics: tuple[Metric, ...]) -> dict[tuple[str, str], float]:
    """By model and name."""
    return {(m.model, m.name): m.value for m in metrics if m.name in ("steps", "images")}


@pytest.mark.parametrize("name", ALL)
def test_every_method_says_what_moved_each_of_its_models(name: str) -> None:
    """Over a run, of each model whose scores it reports."""
    strategy, plan = ALL[name]
    participant = strategy.participants(plan.sites)[0]
    records = list(run_rounds(strategy, {site: DATA[site] for site in plan.sites}, plan))[1:]
    said = {key for record in records for key in effort(record.metrics[participant])}
    wanted = {(model, of) for model in strategy.reported_models(participant) for of in ("steps", "images")}
    assert said == wanted


def test_steps_and_images_are_those_of_the_round() -> None:
    """Site c has 4 training cases: with batches of 2 that is 2 steps an epoch, and 4 images."""
    strategy, plan = ALL["fedsm"]
    update = train(strategy, strategy.initial_state(plan), "c", plan)
    assert effort(update.metrics) == {
        ("global", "steps"): 2,
        ("global", "images"): 4,
        ("personalized", "steps"): 2,
        ("personalized", "images"): 4,
    }
    five = adam_plan(local_steps=5)
    update = train(strategy, strategy.initial_state(five), "b", five)
    assert effort(update.metrics)["global", "steps"] == 5
    assert effort(update.metrics)["global", "images"] == 2 + 1 + 2 + 1 + 2, "of 3 cases, in batches of at most 2"


def test_inner_steps_and_phases_count() -> None:
    """pFedMe takes 2 steps for each of c's 2 batches; fine-tuning moves one model in a round, which both names mean."""
    plan = adam_plan()
    inner = PFedMe(15.0, 2, 0.01, 1.0)
    assert effort(train(inner, inner.initial_state(plan), "c", plan).metrics)["global", "steps"] == 4
    tuned = FineTuning(1)
    first = effort(train(tuned, tuned.initial_state(plan), "c", plan, round_=1).metrics)
    assert first["global", "steps"] == first["personalized", "steps"] == 2
    last = effort(train(tuned, tuned.initial_state(plan), "c", plan, round_=2).metrics)
    assert last == {("personalized", "steps"): 2, ("personalized", "images"): 4}


def test_centralized_with_equal_steps_moves_as_often_as_a_site_does() -> None:
    """2, 3 and 4 cases: 1, 2 and 2 steps, whose mean 1.67 is rounded to 2. All 9 cases would be 5 steps."""
    plan = adam_plan()
    assert mean_local_steps([DATA[site].train for site in SITES], plan) == 2
    assert mean_local_steps([DATA["a"].train, (), DATA["c"].train], plan) == 2, (
        "1.5 is rounded up, nobody's is left out"
    )
    for steps, expected in (("full", 5), ("equal", 2)):
        strategy = Centralized(steps)  # type: ignore[arg-type]
        (_, first, _) = run_rounds(strategy, DATA, plan)
        assert effort(first.metrics[POOLED])["global", "steps"] == expected
