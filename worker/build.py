"""Contract to engine and back: the only file that knows both."""

from collections.abc import Iterable

import torch

from backend.contracts.experiment_config import (
    CentralizedConfig,
    CnnSelector,
    DittoConfig,
    FedAdagradConfig,
    FedAdamConfig,
    FedAvgConfig,
    FedAvgMConfig,
    FedProxConfig,
    FedSMConfig,
    FedYogiConfig,
    LdaSelector,
    LocalOnlyConfig,
    MrMtlConfig,
    SelectorConfig,
    StrategyConfig,
    Vgg11Selector,
)
from backend.contracts.metrics import CaseRouting, CaseScore, MetricPoint
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import RunSpec
from worker.engine.evaluation import EvaluatedCase
from worker.engine.metrics import Metric
from worker.engine.plan import Plan
from worker.engine.selectors import lda, softmax
from worker.engine.selectors.base import Selector
from worker.engine.strategies.base import Strategy
from worker.engine.strategies.centralized import Centralized
from worker.engine.strategies.ditto import Ditto
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedopt import FedOpt
from worker.engine.strategies.fedprox import FedProx
from worker.engine.strategies.fedsm import FedSM
from worker.engine.strategies.local_only import LocalOnly
from worker.engine.strategies.mr_mtl import MrMtl


def build_plan(run: RunSpec, device: torch.device) -> Plan:
    network, schedule = run.config.network, run.config.schedule
    return Plan(
        sites=run.sites,
        seed=run.seed,
        structures=tuple(structure.name for structure in run.task.structures),
        num_channels=run.task.num_channels,
        network_channels=network.channels,
        num_residual_units=network.num_residual_units,
        rounds=schedule.rounds,
        local_epochs=schedule.local_epochs,
        batch_size=schedule.batch_size,
        learning_rate=schedule.learning_rate,
        optimizer_state=schedule.optimizer_state,
        loss=schedule.loss,
        augmentation=run.config.data.augmentation,
        weighting=schedule.weighting,
        device=device,
    )


def build_strategy(config: StrategyConfig) -> Strategy:
    match config:
        case FedSMConfig():
            return FedSM(lambda_=config.lambda_, gamma=config.gamma, selector=_build_selector(config.selector))
        case FedAvgConfig():
            return FedAvg()
        case LocalOnlyConfig():
            return LocalOnly()
        case CentralizedConfig():
            return Centralized()
        case FedProxConfig():
            return FedProx(mu=config.mu)
        case FedAvgMConfig() | FedAdamConfig() | FedYogiConfig() | FedAdagradConfig():
            return _build_server_optimizer(config)
        case DittoConfig():
            return Ditto(lambda_=config.lambda_)
        case MrMtlConfig():
            return MrMtl(lambda_=config.lambda_)


def _build_server_optimizer(config: FedAvgMConfig | FedAdamConfig | FedYogiConfig | FedAdagradConfig) -> FedOpt:
    """A rule's unused numbers are 0."""
    eta, beta_1 = config.server_learning_rate, config.beta_1
    match config:
        case FedAvgMConfig():
            return FedOpt("momentum", eta, beta_1, beta_2=0, tau=0)
        case FedAdamConfig():
            return FedOpt("adam", eta, beta_1, config.beta_2, config.tau)
        case FedYogiConfig():
            return FedOpt("yogi", eta, beta_1, config.beta_2, config.tau)
        case FedAdagradConfig():
            return FedOpt("adagrad", eta, beta_1, beta_2=0, tau=config.tau)


def _build_selector(config: SelectorConfig) -> Selector:
    match config:
        case LdaSelector():
            return lda.LdaSelector(shrinkage=config.shrinkage, minimum_cases=config.minimum_cases)
        case CnnSelector():
            return softmax.SoftmaxSelector(architecture="cnn", learning_rate=config.learning_rate)
        case Vgg11Selector():
            return softmax.SoftmaxSelector(architecture="vgg11", learning_rate=config.learning_rate)


def label_values(task: SegmentationTask) -> tuple[tuple[int, ...], ...]:
    """For each structure, in order, the mask integers that belong to it."""
    return tuple(structure.label_values for structure in task.structures)


def metric_points(metrics: Iterable[Metric]) -> tuple[MetricPoint, ...]:
    return tuple(
        MetricPoint(
            round=metric.round,
            model=metric.model,
            split=metric.split,
            name=metric.name,
            structure=metric.structure,
            value=metric.value,
            num_cases=metric.num_cases,
        )
        for metric in metrics
    )


def case_scores(case: EvaluatedCase) -> tuple[CaseScore, ...]:
    """One a model and structure."""
    return tuple(
        CaseScore(case_id=case.case_id, model=model, structure=structure, dice=dice)
        for model, by_structure in case.dice.items()
        for structure, dice in by_structure.items()
    )


def case_routing(case: EvaluatedCase) -> CaseRouting | None:
    if case.route is None:
        return None
    return CaseRouting(
        case_id=case.case_id, probabilities=case.route.probabilities, chosen_model=case.route.chosen_model
    )
