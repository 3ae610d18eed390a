"""What a valid configuration still cannot do on a given federation: each problem with field, value and remedy."""

from backend.contracts.aggregation_configs import AggregationConfig, KrumAggregation, TrimmedMeanAggregation
from backend.contracts.base import Contract
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.strategy_configs import (
    CentralizedConfig,
    FedAdagradConfig,
    FedAdamConfig,
    FedAvgConfig,
    FedAvgMConfig,
    FedProxConfig,
    FedSMConfig,
    FedYogiConfig,
    soft_pull_contraction,
)


class ConfigProblem(Contract):
    """Why a configuration cannot run: the field, its value, what is wrong and what to do."""

    field: str
    value: str
    message: str
    remedy: str


def problems_for_sites(config: ExperimentConfig, num_sites: int, all_simulated: bool) -> list[ConfigProblem]:
    """What a valid configuration still cannot do on a federation of `num_sites` sites that have data."""
    problems = []
    if config.minimum_sites > num_sites:
        problems.append(
            ConfigProblem(
                field="minimum_sites",
                value=str(config.minimum_sites),
                message=f"the federation has {num_sites} site(s) with data",
                remedy=f"set minimum_sites to at most {num_sites}, or register data at more sites",
            )
        )
    for index, strategy in enumerate(config.strategies):
        match strategy:
            case FedSMConfig() if num_sites < 2:
                problems.append(
                    ConfigProblem(
                        field=f"strategies.{index}.name",
                        value="fedsm",
                        message=f"FedSM needs at least 2 sites with data, the federation has {num_sites}",
                        remedy="register data at another site, or choose local-only",
                    )
                )
            case FedSMConfig(lambda_=lambda_) if lambda_ <= 1 / num_sites:
                problems.append(
                    ConfigProblem(
                        field=f"strategies.{index}.lambda",
                        value=str(lambda_),
                        message=f"at most 1/K = {1 / num_sites:.3g} for {num_sites} sites: every site would keep no "
                        "more of its own model than of each other's "
                        f"(rho = {soft_pull_contraction(lambda_, num_sites):.2f})",
                        remedy=f"set lambda above {1 / num_sites:.3g} and at most 1; the reference code uses 0.7",
                    )
                )
            case CentralizedConfig() if not all_simulated:
                problems.append(
                    ConfigProblem(
                        field=f"strategies.{index}.name",
                        value="centralized",
                        message="pooling needs all data in one place, but a site of this federation is a real one",
                        remedy="remove centralized, or use simulated sites only",
                    )
                )
            case (
                FedAvgConfig(aggregation=rule)
                | FedProxConfig(aggregation=rule)
                | FedAvgMConfig(aggregation=rule)
                | FedAdamConfig(aggregation=rule)
                | FedYogiConfig(aggregation=rule)
                | FedAdagradConfig(aggregation=rule)
            ) if (needed := sites_needed(rule)) > num_sites:
                problems.append(
                    ConfigProblem(
                        field=f"strategies.{index}.aggregation.name",
                        value=rule.name,
                        message=f"needs the updates of at least {needed} sites, the federation has {num_sites} with "
                        "data",
                        remedy=f"tolerate fewer bad sites, choose the median or the mean, or register data at {needed} "
                        "sites",
                    )
                )
    return problems


def sites_needed(rule: AggregationConfig) -> int:
    """The fewest sites that an aggregation is defined for."""
    match rule:
        case KrumAggregation():
            return max(2 * rule.byzantine + 3, rule.selected)
        case TrimmedMeanAggregation():
            return 2 * rule.trimmed + 1
        case _:
            return 1
