"""A run's strategy is said once: what its experiment lists for other runs makes no difference to it."""

import torch

from backend.contracts.methods.one_global import FedProxConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.model_parts import OWN_ALONE
from tests.worker.payloads import run_spec
from worker.engine.selectors.lda import CALIBRATION, CANDIDATE_MOMENTS, MOMENTS
from worker.jobs.build import build_plan


def test_a_run_does_not_read_the_strategies_of_its_experiment() -> None:
    run = run_spec()
    others = run.config.model_copy(update={"strategies": (FedProxConfig(mu=1.0), FedAvgConfig())})
    cpu = torch.device("cpu")
    assert build_plan(run.model_copy(update={"config": others}), cpu) == build_plan(run, cpu)


def test_what_a_site_alone_gets_are_the_selectors_parts() -> None:
    """The engine knows no contract, so the names stand in both."""
    assert set(OWN_ALONE) == {MOMENTS, CANDIDATE_MOMENTS, CALIBRATION}
