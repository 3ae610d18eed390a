"""Which methods cannot work with which schedule or network."""

from collections.abc import Iterator

from backend.contracts.data_config import DataConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.one_global import CyclicWeightTransferConfig, FedNovaConfig, ScaffoldConfig
from backend.contracts.methods.personalized import FedBNConfig, FedRDNConfig, FineTuningConfig, SiloBNConfig
from backend.contracts.methods.references import CentralizedConfig, LocalOnlyConfig
from backend.contracts.network_configs import AnyNetworkConfig, AttentionUnetConfig, SwinUNETRConfig
from backend.contracts.refusals import Refusal, refusal
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.strategy_configs import StrategyConfig


def setting_problems(
    strategy: StrategyConfig, schedule: ScheduleConfig, network: AnyNetworkConfig, data: DataConfig
) -> Iterator[Refusal]:
    """Fields are paths from the configuration; `strategies` stands for the method itself."""
    yield from _optimizer_problems(strategy, schedule)
    yield from _round_problems(strategy, schedule)
    yield from _network_and_data_problems(strategy, network, data)
    if isinstance(strategy, FedSMConfig):
        yield from _similarity_problems(strategy)


def _optimizer_problems(strategy: StrategyConfig, schedule: ScheduleConfig) -> Iterator[Refusal]:
    """Methods that are defined for one optimizer."""
    match strategy:
        case ScaffoldConfig() if schedule.optimizer != "sgd" or schedule.momentum != 0:
            yield refusal(
                "SCAFFOLD's control variates are defined for plain SGD, not for schedule.optimizer "
                f"{schedule.optimizer} with schedule.momentum {schedule.momentum:g}",
                "set optimizer to sgd and momentum to 0, or remove SCAFFOLD",
                *_sgd_field(schedule),
            )
        case FedNovaConfig() if schedule.optimizer != "sgd":
            yield refusal(
                f"FedNova counts the gradients in a site's change, which schedule.optimizer {schedule.optimizer} "
                "rescales",
                "set it to sgd, or remove FedNova",
                "schedule.optimizer",
                schedule.optimizer,
            )
        case FedNovaConfig() if schedule.momentum != 0 and schedule.optimizer_state == "keep":
            yield refusal(
                "FedNova's count takes momentum to begin anew in each round, but schedule.optimizer_state is keep",
                "set it to reset, or schedule.momentum to 0",
                "schedule.optimizer_state",
                "keep",
            )


def _round_problems(strategy: StrategyConfig, schedule: ScheduleConfig) -> Iterator[Refusal]:
    """Methods that ask something of rounds and steps."""
    match strategy:
        case CentralizedConfig(steps="equal") | LocalOnlyConfig(steps="equal") if schedule.local_steps is not None:
            yield refusal(
                f"schedule.local_steps {schedule.local_steps} gives every model the same steps a round already, so "
                f"{strategy.name} with steps equal would be {strategy.name} with steps full",
                "set steps to full, or leave local_steps empty",
                "strategies.steps",
                "equal",
            )
        case CyclicWeightTransferConfig() if schedule.participation != 1:
            yield refusal(
                f"one site trains in each round of cyclic weight transfer, whatever schedule.participation "
                f"{schedule.participation:g} says",
                "set it to 1, or remove the method",
                "schedule.participation",
                f"{schedule.participation:g}",
            )
        case FedSMConfig(rounds_without_pull=last) if last >= schedule.rounds:
            yield refusal(
                f"rounds_without_pull {last} leaves no round of schedule.rounds {schedule.rounds} for SoftPull",
                f"choose at most {schedule.rounds - 1}",
                "strategies.rounds_without_pull",
                last,
            )
        case FedSMConfig(momentum_models="all", server_momentum=0):
            yield refusal(
                "momentum_models all does nothing at server_momentum 0",
                "set server_momentum above 0, or momentum_models to global",
                "strategies.momentum_models",
                "all",
            )
        case FedSMConfig(momentum_warmup=warmup, server_momentum=0) if warmup:
            yield refusal(
                f"momentum_warmup {warmup:g} does nothing at server_momentum 0",
                "set server_momentum above 0, or momentum_warmup to 0",
                "strategies.momentum_warmup",
                warmup,
            )
        case FineTuningConfig(fine_tuning_rounds=last) if last >= schedule.rounds:
            yield refusal(
                f"fine_tuning_rounds {last} leaves no round of schedule.rounds {schedule.rounds} for FedAvg",
                f"choose at most {schedule.rounds - 1}",
                "strategies.fine_tuning_rounds",
                last,
            )


def _network_and_data_problems(
    strategy: StrategyConfig, network: AnyNetworkConfig, data: DataConfig
) -> Iterator[Refusal]:
    """Methods that would be another one with this network or these data."""
    match strategy:
        case FedBNConfig() | SiloBNConfig() if not _has_batch_norm(network):
            yield refusal(
                f"{strategy.name} keeps batch normalization at the sites, and the network {network.name} has none, so "
                "it would be FedAvg",
                "set network.norm to batch, choose basic-unet or attention-unet, or remove it",
                "network",
                network.name,
            )
        case FedRDNConfig() if data.intensity == "standardized":
            yield refusal(
                "FedRDN normalizes images by the mean and deviation of sites, and data.intensity standardized gives "
                "every image the mean 0 and the deviation 1 already, so it would be FedAvg",
                "set intensity to unit, percentile or window, or remove FedRDN",
                "data.intensity",
                "standardized",
            )


def _similarity_problems(method: FedSMConfig) -> Iterator[Refusal]:
    similarity, selector = method.similarity, method.selector
    if similarity > 0 and selector.name != "lda":
        yield refusal(
            f"similarity {similarity:g} needs the moments that the lda selector's sites send, and selector is "
            f"{selector.name}",
            "choose the lda selector, or set similarity to 0",
            "strategies.similarity",
            f"{similarity:g}",
        )


def _sgd_field(schedule: ScheduleConfig) -> tuple[str, str]:
    """The first of the two that are wrong."""
    if schedule.optimizer != "sgd":
        return "schedule.optimizer", schedule.optimizer
    return "schedule.momentum", f"{schedule.momentum:g}"


def _has_batch_norm(network: AnyNetworkConfig) -> bool:
    match network:
        case AttentionUnetConfig():
            return True
        case SwinUNETRConfig():
            return False
        case _:
            return network.norm == "batch"
