"""From contract to engine: a plan and a method of settings. `results.py` is the way back."""

import math
from typing import Literal

import torch

from backend.contracts import network_configs as networks
from backend.contracts.aggregation_configs import (
    AggregationConfig,
    KrumAggregation,
    MeanAggregation,
    MedianAggregation,
    TrimmedMeanAggregation,
)
from backend.contracts.data_config import DataConfig
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
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.selector_configs import CnnSelector, LdaSelector, SelectorConfig, Vgg11Selector
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import RunSpec
from backend.contracts.thresholds import CHOICES, best_threshold
from backend.contracts.update_format import STEPS
from worker.engine.beyond_paper import Beyond
from worker.engine.compression import Compress, Decompress
from worker.engine.late_average import LateAverage
from worker.engine.losses import Dice, DiceBce, DiceFocal, LossSettings, Tversky
from worker.engine.networks import settings
from worker.engine.optimizers import OptimizerSettings
from worker.engine.plan import Plan
from worker.engine.robust_aggregation import AggregationRule, Krum, Mean, Median, TrimmedMean
from worker.engine.routed_weights import TestTimeRouting
from worker.engine.routing.base import ValidationRule
from worker.engine.routing.quality import ExpectedQuality
from worker.engine.routing.threshold import ThresholdFromValidation
from worker.engine.sampling import Sampling
from worker.engine.selectors import lda, softmax
from worker.engine.selectors.base import ClosedFormSelector, Selector
from worker.engine.strategies.apfl import APFL
from worker.engine.strategies.base import Strategy
from worker.engine.strategies.centralized import Centralized
from worker.engine.strategies.consensus import Consensus
from worker.engine.strategies.cyclic import CyclicWeightTransfer
from worker.engine.strategies.ditto import Ditto
from worker.engine.strategies.fedala import FedALA
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedawa import FedAWA
from worker.engine.strategies.fedbn import FedBN
from worker.engine.strategies.feddyn import FedDyn
from worker.engine.strategies.fedlws import FedLWS
from worker.engine.strategies.fednova import FedNova
from worker.engine.strategies.fedopt import FedOpt
from worker.engine.strategies.fedper import FedPer
from worker.engine.strategies.fedprox import FedProx
from worker.engine.strategies.fedrdn import FedRDN
from worker.engine.strategies.fedrep import FedRep
from worker.engine.strategies.fedrod import FedRoD
from worker.engine.strategies.fedsm import FedSM
from worker.engine.strategies.fine_tuning import FineTuning
from worker.engine.strategies.iopfl import IOPFL
from worker.engine.strategies.local_only import LocalOnly
from worker.engine.strategies.moon import Moon
from worker.engine.strategies.mr_mtl import MrMtl
from worker.engine.strategies.pfedme import PFedMe
from worker.engine.strategies.scaffold import Scaffold
from worker.engine.strategies.site_addition import SiteAddition
from worker.engine.strategies.student import Student
from worker.engine.transforms import Intensity


def build_plan(run: RunSpec, device: torch.device) -> Plan:
    """The engine's plan of a run on this device."""
    config, schedule = run.config, run.config.schedule
    coding = None if run.update_format == "float32" else run.update_format
    return Plan(
        sites=run.sites,
        seed=run.seed,
        structures=tuple(structure.name for structure in run.task.structures),
        num_channels=run.task.num_channels,
        spatial_dims=config.network.spatial_dims,
        network=build_network_settings(config.network),
        sampling=build_sampling(config.data),
        rounds=schedule.rounds,
        local_epochs=schedule.local_epochs,
        local_steps=_equal_steps(run) or schedule.local_steps,
        batch_size=schedule.batch_size,
        optimizer=_build_optimizer(schedule),
        loss=_build_loss(schedule),
        augmentation=config.data.augmentation,
        weighting=schedule.weighting,
        participation=schedule.participation,
        refuse_outliers=config.refuse_outliers,
        nsd_tolerance=config.evaluation.nsd_tolerance,
        update_transforms=() if coding is None else (Compress(coding, STEPS),),
        gather_transforms=() if coding is None else (Decompress(coding, STEPS),),
        late_average=_build_late_average(schedule) if run.added is None else None,
        device=device,
    )


def _equal_steps(run: RunSpec) -> int | None:
    """The steps of a round of local-only training at equal effort; centralized training counts them from its data.

    Raises ValueError where the run does not say them.
    """
    if not isinstance(run.strategy, LocalOnlyConfig) or run.strategy.steps == "full":
        return None
    if run.site_steps is None:
        raise ValueError("local-only with steps equal needs the run's site_steps: the sites' mean number of steps")
    return run.site_steps


def build_sampling(data: DataConfig) -> Sampling:
    """The engine's sampling of these data settings."""
    return Sampling(
        mode=data.sampling,
        size=data.image_size,
        depth=data.depth,
        spacing=data.spacing,
        patches_per_case=data.patches_per_case,
        foreground_share=data.foreground_share,
        overlap=data.overlap,
        slices=data.slices,
    )


def build_intensity(data: DataConfig) -> Intensity:
    """The engine's intensity of these data settings. Without a window, its bounds are not used."""
    low, high = data.window or (0.0, 1.0)
    return Intensity(data.intensity, low, high)


def build_network_settings(config: networks.AnyNetworkConfig) -> settings.NetworkSettings:
    """The engine's settings of a network."""
    match config:
        case networks.NetworkConfig():
            return settings.UNetSettings(config.channels, config.num_residual_units, config.norm)
        case networks.BasicUNetConfig():
            return settings.BasicUNetSettings(config.features, config.norm)
        case networks.DynUNetConfig():
            return settings.DynUNetSettings(config.filters, config.deep_supervision, config.norm)
        case networks.SegResNetConfig():
            ups = (1,) * (len(config.blocks_down) - 1)
            return settings.SegResNetSettings(config.init_filters, config.blocks_down, ups, config.norm)
        case networks.AttentionUnetConfig():
            return settings.AttentionUnetSettings(config.channels)
        case networks.SwinUNETRConfig():
            return settings.SwinUNETRSettings(config.feature_size, config.depths, config.num_heads)


def _build_optimizer(schedule: ScheduleConfig) -> OptimizerSettings:
    return OptimizerSettings(
        name=schedule.optimizer,
        learning_rate=schedule.learning_rate,
        momentum=schedule.momentum if schedule.optimizer == "sgd" else 0.0,
        weight_decay=schedule.weight_decay,
        state=schedule.optimizer_state,
        schedule=schedule.learning_rate_schedule,
        warmup_rounds=schedule.warmup_rounds,
        step_rounds=schedule.step_rounds,
        step_factor=schedule.step_factor,
        power=schedule.power,
        gradient_clipping=schedule.gradient_clipping,
        mixed_precision=schedule.mixed_precision,
    )


def _build_late_average(schedule: ScheduleConfig) -> LateAverage | None:
    """None where no average is asked for."""
    if schedule.averaging == "none":
        return None
    return LateAverage(schedule.averaging, schedule.averaged_rounds, schedule.average_decay)


def _build_loss(schedule: ScheduleConfig) -> LossSettings:
    match schedule.loss:
        case "dice":
            return Dice()
        case "dice_bce":
            return DiceBce()
        case "dice_focal":
            return DiceFocal(schedule.focal_gamma)
        case "tversky":
            return Tversky(schedule.tversky_alpha, schedule.tversky_beta)


def strategy_of(run: RunSpec) -> Strategy:
    """The engine's strategy of a run: its method's, the addition of a site to a model of that method, or a student.

    Raises ValueError where the model's selector has no closed form.
    """
    if (taught := run.taught) is not None:
        return Student(build_strategy(taught.strategy), taught.temperature, taught.reference_weight)
    method = build_strategy(run.strategy)
    if run.added is None:
        return method
    if not isinstance(method, FedSM) or not isinstance(method.selector, ClosedFormSelector):
        raise ValueError("a site is added in closed form to the selector lda of FedSM alone: train with the site")
    return SiteAddition(method, method.selector, run.added.site)


def build_strategy(config: StrategyConfig) -> Strategy:
    """The engine's strategy of a method's settings."""
    match config:
        case FedSMConfig():
            return _build_fedsm(config)
        case LocalOnlyConfig():
            return LocalOnly(config.pull_to_start)
        case CentralizedConfig():
            return Centralized(config.steps)
        case FedAvgConfig() | FedProxConfig() | ScaffoldConfig() | FedNovaConfig() | FedDynConfig() | MoonConfig():
            return _build_global_method(config)
        case ConsensusConfig():
            return Consensus(config.fusion)
        case FedRoDConfig():
            return FedRoD()
        case FedRDNConfig():
            return FedRDN()
        case IOPFLConfig():
            return IOPFL(config.alpha, TestTimeRouting(config.test_steps, config.test_learning_rate))
        case FedAWAConfig():
            return FedAWA(config.server_learning_rate, config.server_steps)
        case FedLWSConfig():
            return FedLWS(config.beta, config.min_tau, config.max_tau)
        case CyclicWeightTransferConfig():
            return CyclicWeightTransfer()
        case FedAvgMConfig() | FedAdamConfig() | FedYogiConfig() | FedAdagradConfig():
            return _build_server_optimizer(config)
        case _:
            return _build_personalized_method(config)


def _build_fedsm(config: FedSMConfig) -> FedSM:
    selector = _build_selector(config.selector)
    routing: Literal["hard", "soft"] = "soft" if config.routing == "soft" else "hard"
    beyond = Beyond(
        config.lambda_start,
        config.rounds_without_pull,
        config.pull_by_depth,
        config.server_momentum,
        config.momentum_models,
        config.momentum_warmup,
        config.mixture,
        config.global_share,
    )
    return FedSM(config.lambda_, config.gamma, selector, config.similarity, routing, _build_rule(config), beyond)


def _build_rule(config: FedSMConfig) -> ValidationRule | None:
    """What chooses a case's model in place of gamma, or None."""
    if config.routing == "quality":
        return ExpectedQuality(config.quality_from, config.quality_ridge, config.quality_minimum_cases, config.gamma)
    if config.routing == "hard" and config.threshold == "validation":
        return ThresholdFromValidation(config.gamma, CHOICES, best_threshold, config.threshold_minimum_cases)
    return None


def _build_global_method(
    config: FedAvgConfig | FedProxConfig | ScaffoldConfig | FedNovaConfig | FedDynConfig | MoonConfig,
) -> Strategy:
    match config:
        case FedAvgConfig():
            return FedAvg(_build_aggregation(config.aggregation))
        case FedProxConfig():
            return FedProx(config.mu, _build_aggregation(config.aggregation))
        case ScaffoldConfig():
            return Scaffold(config.server_learning_rate)
        case FedNovaConfig():
            return FedNova()
        case FedDynConfig():
            return FedDyn(config.alpha)
        case MoonConfig():
            return Moon(config.mu, config.temperature)


def _build_personalized_method(
    config: DittoConfig
    | MrMtlConfig
    | FedBNConfig
    | SiloBNConfig
    | FedPerConfig
    | FedRepConfig
    | FineTuningConfig
    | APFLConfig
    | PFedMeConfig
    | FedALAConfig,
) -> Strategy:
    match config:
        case DittoConfig():
            return Ditto(config.lambda_)
        case MrMtlConfig():
            return MrMtl(config.lambda_)
        case FedBNConfig():
            return FedBN("batch-norm")
        case SiloBNConfig():
            return FedBN("statistics")
        case FedPerConfig():
            return FedPer()
        case FedRepConfig():
            return FedRep(config.head_epochs)
        case FineTuningConfig():
            return FineTuning(config.fine_tuning_rounds)
        case APFLConfig():
            return APFL(config.alpha, config.alpha_learning_rate)
        case PFedMeConfig():
            return PFedMe(config.lambda_, config.inner_steps, config.local_learning_rate, config.beta)
        case FedALAConfig():
            return FedALA(config.eta, config.share, config.first_epochs)


def _build_aggregation(config: AggregationConfig) -> AggregationRule:
    match config:
        case MeanAggregation():
            return Mean()
        case MedianAggregation():
            return Median()
        case TrimmedMeanAggregation():
            return TrimmedMean(config.trimmed)
        case KrumAggregation():
            return Krum(config.byzantine, config.selected)


def _build_server_optimizer(config: FedAvgMConfig | FedAdamConfig | FedYogiConfig | FedAdagradConfig) -> FedOpt:
    """The server optimizer; the numbers that its rule does not use are 0."""
    eta, beta_1, rule = config.server_learning_rate, config.beta_1, _build_aggregation(config.aggregation)
    match config:
        case FedAvgMConfig():
            return FedOpt("momentum", eta, beta_1, 0, 0, rule)
        case FedAdamConfig():
            return FedOpt("adam", eta, beta_1, config.beta_2, config.tau, rule)
        case FedYogiConfig():
            return FedOpt("yogi", eta, beta_1, config.beta_2, config.tau, rule)
        case FedAdagradConfig():
            return FedOpt("adagrad", eta, beta_1, 0, config.tau, rule)


def _build_selector(config: SelectorConfig) -> Selector:
    match config:
        case LdaSelector():
            farthest = math.inf if config.farthest is None else config.farthest
            return lda.LdaSelector(config.shrinkage, config.minimum_cases, config.features, farthest, config.quadratic)
        case CnnSelector():
            return softmax.SoftmaxSelector("cnn", config.learning_rate, config.training)
        case Vgg11Selector():
            return softmax.SoftmaxSelector("vgg11", config.learning_rate, config.training)


def label_values(task: SegmentationTask) -> tuple[tuple[int, ...], ...]:
    """For each structure, in order, the integers of the mask that belong to it."""
    return tuple(structure.label_values for structure in task.structures)
