"""The sheet that a hospital decides by: it names everything that leaves."""

from typing import Any

import pytest

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.personalized import FedRDNConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.site_addition import AddedSite
from backend.contracts.start_model import StartFrom
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.student import Taught
from fedsm.site_agent.approvals import Asked
from fedsm.site_agent.policy import HospitalPolicy, StandingApproval, problem_of_run
from fedsm.site_agent.sheet import facts
from fedsm.site_agent.standing import rule_for
from tests.fedsm.site_agent.test_consents import TERMS, sheet


@pytest.mark.parametrize(
    ("strategy", "leaves"),
    [
        (FedAvgConfig(), "weights each round (global), metrics"),
        (FedSMConfig(), "(global, personalized, super), what its model selector learns from: sums of features of the"),
        (FedRDNConfig(), "(global, personalized), once the mean and the deviation of each image channel over the"),
    ],
)
def test_what_a_method_sends_beyond_models_is_named(strategy: StrategyConfig, leaves: str) -> None:
    assert leaves in said_of(strategy=strategy)["Leaves"]


def said_of(**changes: Any) -> dict[str, str]:
    """The sheet of a run with these changes, by what is said of."""
    shown = sheet()
    shown = shown.model_copy(update={"run": shown.run.model_copy(update=changes)})
    return {fact.what: fact.said for fact in facts(Asked(shown, TERMS), HospitalPolicy(), "a")}


def test_a_site_that_is_added_to_a_selector_trains_nothing() -> None:
    """FedSM's own sheet would say that weights leave each round."""
    added = AddedSite(site="c", version="fundus:3", run_id="r1", round=3, model="fundus-c:1")
    said = said_of(strategy=FedSMConfig(), added=added, sites=("a", "b", "c"))
    assert said["Method"] == "FedSM, without training: fundus:3, with the site c added to its model selector"
    assert said["Begins with"] == "fundus:3. Images that the selector takes for c's get the model of fundus-c:1."
    assert said["Length"].startswith("once, and no network is trained")
    assert said["Sites"] == "this site alone; the model knows a, b"
    assert said["Leaves"].startswith("once the sums of features of this site's training images")
    assert "weights" not in said["Leaves"]


def test_what_training_begins_with_is_named() -> None:
    assert "Begins with" not in said_of()
    config = sheet().run.config.model_copy(update={"start_from": StartFrom(version="fundus:3")})
    assert said_of(config=config)["Begins with"] == "fundus:3, all models"


def test_a_student_asks_for_its_teacher_too() -> None:
    """What answers the hospital's images is named, and neither the policy nor a standing approval lets it by."""
    taught = Taught(run_id="r1", round=3, title="Retina: FedSM, seed 0", strategy=FedSMConfig())
    shown = sheet()
    said = said_of(strategy=FedAvgConfig(), taught=taught)
    run = shown.run.model_copy(update={"strategy": FedAvgConfig(), "taught": taught})
    assert "the soft answers of Retina: FedSM, seed 0, round 3 (FedSM)" in said["Learns from"]
    assert "no answer leaves" in said["Learns from"]
    one, both = ["fedavg"], ["fedavg", "fedsm"]
    problem = problem_of_run(HospitalPolicy(allowed_strategies=tuple(one)), "F", run, shown.data)
    assert problem is not None
    assert "fedsm may not run here" in problem
    assert problem_of_run(HospitalPolicy(allowed_strategies=tuple(both)), "F", run, shown.data) is None
    for names, number in ((one, None), (both, 1)):
        rule = StandingApproval.model_validate({"strategies": names})
        assert rule_for(HospitalPolicy(standing_approvals=(rule,)), "F", run) == number
