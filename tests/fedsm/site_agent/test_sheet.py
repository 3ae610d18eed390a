"""The sheet that a hospital decides by: it names everything that leaves."""

import pytest

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.personalized import FedRDNConfig
from backend.contracts.methods.references import FedAvgConfig
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
    shown = sheet()
    shown = shown.model_copy(update={"run": shown.run.model_copy(update={"strategy": strategy})})
    said = {fact.what: fact.said for fact in facts(Asked(shown, TERMS), HospitalPolicy(), "a")}
    assert leaves in said["Leaves"]


def test_a_student_asks_for_its_teacher_too() -> None:
    """What answers the hospital's images is named, and neither the policy nor a standing approval lets it by."""
    taught = Taught(run_id="r1", round=3, title="Retina: FedSM, seed 0", strategy=FedSMConfig())
    shown = sheet()
    run = shown.run.model_copy(update={"strategy": FedAvgConfig(), "taught": taught})
    shown = shown.model_copy(update={"run": run})
    said = {fact.what: fact.said for fact in facts(Asked(shown, TERMS), HospitalPolicy(), "a")}
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
