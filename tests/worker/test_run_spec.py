"""A run's strategy is said once: what its experiment lists for other runs makes no difference to it."""

from typing import get_args

import torch

from backend.contracts.methods.one_global import FedProxConfig
from backend.contracts.methods.references import CentralizedConfig, FedAvgConfig
from backend.contracts.model_parts import OWN_ALONE, SERVER_ALONE
from backend.contracts.strategy_configs import StrategyConfig
from tests.worker.payloads import run_spec
from worker.engine.late_average import AVERAGE
from worker.engine.routing.base import REPORT
from worker.engine.selectors.lda import CALIBRATION, CANDIDATE_MOMENTS, MOMENTS
from worker.engine.server_momentum import MOMENTUM, SHARED_MOMENTUM
from worker.engine.state import GLOBAL
from worker.engine.strategies import fedawa, fedopt
from worker.jobs.build import build_plan, build_strategy


def test_a_run_does_not_read_the_strategies_of_its_experiment() -> None:
    run = run_spec()
    others = run.config.model_copy(update={"strategies": (FedProxConfig(mu=1.0), FedAvgConfig())})
    cpu = torch.device("cpu")
    assert build_plan(run.model_copy(update={"config": others}), cpu) == build_plan(run, cpu)


def test_what_a_site_alone_gets_are_the_sums_of_selector_and_rule() -> None:
    """The engine knows no contract, so the names stand in both."""
    assert set(OWN_ALONE) == {MOMENTS, CANDIDATE_MOMENTS, CALIBRATION, REPORT}


def test_what_the_server_keeps_for_itself_are_parts_of_the_engine() -> None:
    assert set(SERVER_ALONE) == {AVERAGE, MOMENTUM, SHARED_MOMENTUM, fedopt.SERVER, fedawa.SERVER}
    for config in get_args(get_args(StrategyConfig)[0]):
        received = build_strategy(config()).downloads([GLOBAL, *SERVER_ALONE], "a")
        assert not set(received) & set(SERVER_ALONE), config.card.label


def test_a_methods_card_says_by_which_model_its_best_round_is_chosen() -> None:
    """The backend, which knows no engine, refuses an initialization with another criterion."""
    for config in get_args(get_args(StrategyConfig)[0]):
        strategy = build_strategy(config())
        assert strategy.criterion == config.card.criterion, config.card.label
        assert strategy.participants(("a", "b")) == (("pooled",) if config is CentralizedConfig else ("a", "b"))
