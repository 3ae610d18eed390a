"""What a valid configuration still cannot do on a given federation: each problem with field, value and remedy."""

from collections.abc import Iterator, Sequence
from typing import Literal

from backend.contracts.aggregation_configs import AggregationConfig, KrumAggregation, TrimmedMeanAggregation
from backend.contracts.base import Contract
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig, soft_pull_contraction
from backend.contracts.methods.one_global import (
    FedAdagradConfig,
    FedAdamConfig,
    FedAvgMConfig,
    FedProxConfig,
    FedYogiConfig,
)
from backend.contracts.methods.references import CentralizedConfig, FedAvgConfig, LocalOnlyConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.strategy_configs import StrategyConfig, StrategyName
from backend.contracts.task_definition import SegmentationTask


class ConfigProblem(Contract):
    """Why a configuration cannot run: the field, its value, what is wrong and what to do."""

    field: str
    value: str
    message: str
    remedy: str


class SiteFacts(Contract):
    """What a configuration is checked against of a site that has data."""

    slug: str
    simulated: bool
    num_training_cases: int
    allowed_strategies: tuple[StrategyName, ...] | None = None
    gpus: Literal["all", "some", "none", "unknown"] = "unknown"


def problems_for_sites(
    config: ExperimentConfig, sites: Sequence[SiteFacts], task: SegmentationTask
) -> list[ConfigProblem]:
    """Every reason why the configuration cannot run on these sites and this task; sites held out do not train."""
    problems = [*_held_out_problems(config, sites), *_task_problems(config, task)]
    training = [site for site in sites if site.slug not in config.held_out_sites]
    if not training:
        return problems
    problems += _quorum_problems(config, len(training))
    for index, strategy in enumerate(config.strategies):
        problems += _strategy_problems(strategy, f"strategies.{index}", config, training)
    return problems


def _held_out_problems(config: ExperimentConfig, sites: Sequence[SiteFacts]) -> Iterator[ConfigProblem]:
    known = [site.slug for site in sites]
    if unknown := [slug for slug in config.held_out_sites if slug not in known]:
        yield ConfigProblem(
            field="held_out_sites",
            value=", ".join(unknown),
            message="are no sites of this federation with data",
            remedy=f"hold out sites among {', '.join(known)}, or register data there",
        )
    if sites and all(slug in config.held_out_sites for slug in known):
        yield ConfigProblem(
            field="held_out_sites",
            value=", ".join(config.held_out_sites),
            message="leave no site to train",
            remedy="let at least one site with data train",
        )


def _quorum_problems(config: ExperimentConfig, num_sites: int) -> Iterator[ConfigProblem]:
    if config.minimum_sites > num_sites:
        yield ConfigProblem(
            field="minimum_sites",
            value=str(config.minimum_sites),
            message=f"the federation has {num_sites} site(s) with data",
            remedy=f"set minimum_sites to at most {num_sites}, or register data at more sites",
        )
    elif config.minimum_sites > (present := num_present(config, num_sites)):
        yield ConfigProblem(
            field="minimum_sites",
            value=str(config.minimum_sites),
            message=f"schedule.participation {config.schedule.participation:g} lets {present} of {num_sites} sites "
            "train in a round",
            remedy=f"set minimum_sites to at most {present}, or raise schedule.participation",
        )


def _task_problems(config: ExperimentConfig, task: SegmentationTask) -> Iterator[ConfigProblem]:
    if config.network.spatial_dims == 3 and task.dimensions == 2:
        yield ConfigProblem(
            field="network.spatial_dims",
            value="3",
            message="the federation's images are pictures",
            remedy="set network.spatial_dims to 2",
        )
    if config.data.intensity == "unit" and task.dimensions == 3:
        yield ConfigProblem(
            field="data.intensity",
            value="unit",
            message="volumes have no pixel type whose range means anything",
            remedy="choose percentile or standardized, or window with the values that become 0 and 1",
        )
    if config.data.augmentation == "colour" and (task.num_channels == 1 or task.dimensions == 3):
        yield ConfigProblem(
            field="data.augmentation",
            value="colour",
            message="changes colours, and the federation's images have none",
            remedy="choose intensity, noise or strong",
        )
    if config.data.spacing is not None and len(config.data.spacing) != task.dimensions:
        yield ConfigProblem(
            field="data.spacing",
            value=", ".join(f"{value:g}" for value in config.data.spacing),
            message=f"has {len(config.data.spacing)} numbers, and the federation's images have {task.dimensions} "
            "dimensions",
            remedy="give height, width" if task.dimensions == 2 else "give depth, height, width",
        )


def _strategy_problems(
    strategy: StrategyConfig, field: str, config: ExperimentConfig, sites: Sequence[SiteFacts]
) -> Iterator[ConfigProblem]:
    num_sites = len(sites)
    yield from _policy_problems(strategy, field, sites)
    match strategy:
        case FedSMConfig() if num_sites < 2:
            yield ConfigProblem(
                field=f"{field}.name",
                value="fedsm",
                message=f"FedSM needs at least 2 sites with data, the federation has {num_sites}",
                remedy="register data at another site, or choose local-only",
            )
        case FedSMConfig():
            yield from _fedsm_problems(strategy, field, num_present(config, num_sites), sites)
        case CentralizedConfig() if not all(site.simulated for site in sites):
            yield ConfigProblem(
                field=f"{field}.name",
                value="centralized",
                message="pooling needs all data in one place, but a site of this federation is a real one",
                remedy="remove centralized, or use simulated sites only",
            )
        case LocalOnlyConfig(steps="equal") if config.data.slices == "foreground" and config.network.spatial_dims == 2:
            yield ConfigProblem(
                field=f"{field}.steps",
                value="equal",
                message="how many slices show a structure is known at each site alone, so the sites' mean number of "
                "steps is not known to all",
                remedy="set data.slices to all, give every model schedule.local_steps, or leave steps at full",
            )
        case (
            FedAvgConfig(aggregation=rule)
            | FedProxConfig(aggregation=rule)
            | FedAvgMConfig(aggregation=rule)
            | FedAdamConfig(aggregation=rule)
            | FedYogiConfig(aggregation=rule)
            | FedAdagradConfig(aggregation=rule)
        ) if (needed := sites_needed(rule)) > (present := num_present(config, num_sites)):
            yield ConfigProblem(
                field=f"{field}.aggregation.name",
                value=rule.name,
                message=f"needs the updates of at least {needed} sites, and {present} train in a round",
                remedy=f"tolerate fewer bad sites, choose the median or the mean, or let {needed} sites train",
            )


def _policy_problems(strategy: StrategyConfig, field: str, sites: Sequence[SiteFacts]) -> Iterator[ConfigProblem]:
    refusing = [s for s in sites if s.allowed_strategies is not None and strategy.name not in s.allowed_strategies]
    if refusing:
        names = in_short([site.slug for site in refusing])
        yield ConfigProblem(
            field=f"{field}.name",
            value=strategy.name,
            message=f"may not run at {names}: the policy there does not allow it",
            remedy=f"remove the method, hold {names} out, or ask there to allow it",
        )


def _fedsm_problems(
    strategy: FedSMConfig, field: str, present: int, sites: Sequence[SiteFacts]
) -> Iterator[ConfigProblem]:
    if present > 1 and strategy.lambda_ <= 1 / present:
        yield ConfigProblem(
            field=f"{field}.lambda",
            value=str(strategy.lambda_),
            message=f"at most 1/K = {1 / present:.3g} for {present} sites in a round: every site would keep no more of "
            f"its own model than of each other's (rho = {soft_pull_contraction(strategy.lambda_, present):.2f})",
            remedy=f"set lambda above {1 / present:.3g} and at most 1; the reference code uses 0.7",
        )
    if present > 1 and strategy.lambda_start is not None and strategy.lambda_start <= 1 / present:
        yield ConfigProblem(
            field=f"{field}.lambda_start",
            value=str(strategy.lambda_start),
            message=f"at most 1/K = {1 / present:.3g} for {present} sites in a round: every site would keep no more of "
            "its own model than of each other's",
            remedy=f"set it above {1 / present:.3g} and at most 1, or leave it empty",
        )
    if isinstance(strategy.selector, LdaSelector):
        minimum = strategy.selector.minimum_cases
        if small := [site for site in sites if site.num_training_cases < minimum]:
            lowest = max(min(site.num_training_cases for site in small), 2)
            yield ConfigProblem(
                field=f"{field}.selector.minimum_cases",
                value=str(minimum),
                message="feature moments of so few training cases could reveal one: "
                + in_short([f"{site.slug} has {site.num_training_cases}" for site in small]),
                remedy=f"register more cases there, lower it to {lowest}, or choose the cnn selector",
            )


def in_short(names: Sequence[str], most: int = 4) -> str:
    """`a, b, c, d and 12 more`."""
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def num_present(config: ExperimentConfig, num_sites: int) -> int:
    """Sites that train in a round."""
    return max(1, round(config.schedule.participation * num_sites))


def sites_needed(rule: AggregationConfig) -> int:
    """The fewest sites that an aggregation is defined for."""
    match rule:
        case KrumAggregation():
            return max(2 * rule.byzantine + 3, rule.selected)
        case TrimmedMeanAggregation():
            return 2 * rule.trimmed + 1
        case _:
            return 1
