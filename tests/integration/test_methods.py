"""Every method and option through real workers: the artifacts are those of the engine alone."""

from pathlib import Path
from typing import Any, get_args

import pytest

from backend.contracts.aggregation_configs import KrumAggregation, MedianAggregation, TrimmedMeanAggregation
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.one_global import (
    CyclicWeightTransferConfig,
    FedAdagradConfig,
    FedAdamConfig,
    FedAvgMConfig,
    FedAWAConfig,
    FedDynConfig,
    FedLWSConfig,
    FedNovaConfig,
    FedProxConfig,
    FedYogiConfig,
    MoonConfig,
    ScaffoldConfig,
)
from backend.contracts.methods.personalized import (
    APFLConfig,
    ConsensusConfig,
    DittoConfig,
    FedALAConfig,
    FedBNConfig,
    FedPerConfig,
    FedRDNConfig,
    FedRepConfig,
    FedRoDConfig,
    FineTuningConfig,
    IOPFLConfig,
    MrMtlConfig,
    PFedMeConfig,
    SiloBNConfig,
)
from backend.contracts.methods.references import CentralizedConfig, FedAvgConfig, LocalOnlyConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.status import RunStatus
from backend.contracts.strategy_configs import StrategyConfig, StrategyName
from backend.federations.schemas import FederationRecord
from tests.integration.in_process import run_in_process
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment, hashes_of
from tests.integration.tiny_data import SITES, TASK, tiny_config

LDA = LdaSelector(minimum_cases=2)
FEDSM = FedSMConfig(selector=LDA)
SGD = {"rounds": 2, "batch_size": 2, "optimizer": "sgd", "momentum": 0.0, "learning_rate": 0.1}
BATCH_NORM = {"channels": (4, 8), "num_residual_units": 1, "norm": "batch"}
TWO_OF_THREE = {"rounds": 3, "batch_size": 2, "participation": 0.67}
#: Settings, and the methods that run under them.
BLOCKS: dict[str, tuple[dict[str, Any], tuple[StrategyConfig, ...]]] = {
    "global": (
        {},
        (
            FedProxConfig(),
            FedAvgMConfig(),
            FedAdamConfig(),
            FedYogiConfig(),
            FedAdagradConfig(),
            FedDynConfig(),
            FedAvgConfig(aggregation=MedianAggregation()),
            FedAvgConfig(aggregation=TrimmedMeanAggregation()),
        ),
    ),
    "personalized": (
        {},
        (
            DittoConfig(),
            MrMtlConfig(),
            FedPerConfig(),
            FedRepConfig(),
            FineTuningConfig(fine_tuning_rounds=1),
            APFLConfig(),
            PFedMeConfig(),
            FedALAConfig(),
        ),
    ),
    "methods of the last years": (
        {},
        (
            MoonConfig(),
            FedAWAConfig(),
            FedLWSConfig(),
            CyclicWeightTransferConfig(),
            ConsensusConfig(fusion="staple"),
            FedRoDConfig(),
            FedRDNConfig(),
            IOPFLConfig(test_steps=2),
        ),
    ),
    "FedSM's options": (
        {},
        (
            FedSMConfig(selector=LDA, routing="soft"),
            FedSMConfig(selector=LDA, similarity=2.0),
            FedSMConfig(
                selector=LDA,
                lambda_start=0.5,
                rounds_without_pull=1,
                pull_by_depth=0.5,
                server_momentum=0.5,
                momentum_models="all",
                momentum_warmup=1,
                routing="soft",
                mixture="weights",
                global_share=0.5,
            ),
            FedSMConfig(selector=LDA, threshold="validation", threshold_minimum_cases=1),
            FedSMConfig(selector=LDA, routing="quality", quality_minimum_cases=1),
            FedSMConfig(selector=LdaSelector(minimum_cases=2, features="both", quadratic=0.5)),
        ),
    ),
    "plain SGD": ({"schedule": SGD}, (ScaffoldConfig(), FedNovaConfig())),
    "batch norm": ({"network": BATCH_NORM}, (FedBNConfig(), SiloBNConfig())),
    "averages of late rounds": (
        {"schedule": {"rounds": 3, "batch_size": 2, "averaging": "mean", "averaged_rounds": 2}},
        (FEDSM, CentralizedConfig()),
    ),
    "updates in 8 bits, two of three sites a round": (
        {"schedule": TWO_OF_THREE | {"update_format": "int8"}},
        (FEDSM, FedAvgConfig(), PFedMeConfig()),
    ),
    "equal effort": ({}, (CentralizedConfig(steps="equal"), LocalOnlyConfig(steps="equal"))),
    "two of three sites a round": ({"schedule": TWO_OF_THREE}, (FEDSM, FedAvgConfig(), DittoConfig())),
}


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, sites: dict[str, Path]) -> FederationRecord:
    return platform.add_federation("Methods", TASK, sites)


def test_no_method_is_forgotten() -> None:
    """Local-only and centralized are run by test_job.py."""
    tried = {strategy.name for _, strategies in BLOCKS.values() for strategy in strategies}
    assert tried | {LocalOnlyConfig().name, CentralizedConfig().name} == set(get_args(StrategyName))


@pytest.mark.parametrize("block", BLOCKS)
def test_the_artifacts_are_those_of_the_engine_alone(
    platform: LivePlatform, federation: FederationRecord, sites: dict[str, Path], block: str
) -> None:
    settings, strategies = BLOCKS[block]
    config = tiny_config(*strategies, **settings)
    done = await_experiment(platform, platform.start_experiment(federation, block, config))
    for run, strategy in zip(done.runs, strategies, strict=True):
        assert run.status == RunStatus.COMPLETED, run.failure
        expected = run_in_process(config, strategy, TASK, sites)
        assert hashes_of(platform, run) == expected.hashes, run.strategy_label
        assert run.best_round == expected.best_round
        if isinstance(strategy, FedSMConfig) and strategy.threshold == "validation":
            _shows_the_threshold_of_the_best_round(platform, run.id)
    cells = platform.client.results(done.id).cells
    assert all(cell.mean is not None for cell in cells if cell.site_slug is not None)


def _shows_the_threshold_of_the_best_round(platform: LivePlatform, run_id: str) -> None:
    """The run, the results and the model to be exported name one number: the one that its sites validated with."""
    run, model = platform.client.run(run_id), platform.client.model_set(run_id)
    (chosen,) = {
        metric.value
        for metric in platform.client.run_metrics(run_id)
        if metric.name == "gamma" and metric.round == run.best_round
    }
    assert isinstance(model.strategy, FedSMConfig)
    assert (model.strategy.gamma, model.strategy.threshold) == (chosen, "fixed")
    assert run.gamma == platform.client.run_selector(run_id).gamma == chosen


def test_krum_is_refused_for_three_sites_with_the_remedy(platform: LivePlatform, federation: FederationRecord) -> None:
    config = tiny_config(FedAvgConfig(aggregation=KrumAggregation(byzantine=1))).model_dump(mode="json")
    found = platform.client.post_json(f"/federations/{federation.id}/experiments/check", {"config": config})
    (problem,) = found["problems"]
    assert problem["field"] == "strategies.0.aggregation.name"
    assert "at least 5" in problem["message"]


def test_absent_sites_do_not_train_but_are_validated(platform: LivePlatform, federation: FederationRecord) -> None:
    done = await_experiment(
        platform, platform.start_experiment(federation, "Absent", tiny_config(FEDSM, schedule=TWO_OF_THREE))
    )
    run = done.runs[0]
    trained = [task for task in platform.client.run_tasks(run.id) if task.kind == "train_site"]
    assert [len([task for task in trained if task.round == number]) for number in (1, 2, 3)] == [2, 2, 2]
    validated = {
        (metric.round, metric.site_slug)
        for metric in platform.client.run_metrics(run.id)
        if (metric.model, metric.split, metric.name, metric.structure) == ("super", "val", "dice", None)
    }
    assert validated == {(number, site) for number in (0, 1, 2, 3) for site in SITES}


def test_a_held_out_site_is_tested_and_never_trained_on(
    platform: LivePlatform, federation: FederationRecord, sites: dict[str, Path]
) -> None:
    soft = FedSMConfig(selector=LDA, routing="soft")
    config = tiny_config(FEDSM, soft, FedAvgConfig(), held_out_sites=("site-c",))
    done = await_experiment(platform, platform.start_experiment(federation, "Held out", config))
    training = {site: sites[site] for site in ("site-a", "site-b")}
    for run, strategy in zip(done.runs, (FEDSM, soft, FedAvgConfig()), strict=True):
        assert run.status == RunStatus.COMPLETED, run.failure
        assert hashes_of(platform, run) == run_in_process(config, strategy, TASK, training).hashes
        tasks = platform.client.run_tasks(run.id)
        assert {task.kind for task in tasks if task.participant == "site-c"} == {"evaluate_site"}
        matrix = platform.client.run_matrix(run.id)
        assert matrix.unseen_sites == ["site-c"]
        for row in matrix.rows:
            unseen = next(cell for cell in row.cells if cell.site_slug == "site-c")
            assert (unseen.mean is None) == (row.model == "own")
    results = platform.client.results(done.id)
    assert all(cell.unseen == (cell.site_slug == "site-c") for cell in results.cells)
    selector = platform.client.run_selector(done.runs[0].id)
    assert selector.sites == ["site-a", "site-b"]
    (group,) = [group for group in selector.groups if group.unseen]
    assert (group.site_slug, group.calibration) == ("site-c", None)
    assert group.num_cases > 0
