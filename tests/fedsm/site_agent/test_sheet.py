"""The sheet that a hospital decides by: it names everything that leaves."""

import pytest

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.personalized import FedRDNConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.strategy_configs import StrategyConfig
from fedsm.site_agent.approvals import Asked
from fedsm.site_agent.policy import HospitalPolicy
from fedsm.site_agent.sheet import facts
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
