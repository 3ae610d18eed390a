"""The sites' optimizers: each is made for a round, and its state outlives the round as named tensors."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from worker.engine.state import Tensors

NamedParameters = Sequence[tuple[str, nn.Parameter]]
#: What torch keeps for a parameter, in the order in which it is stored.
_ADAM_STATE = ("step", "exp_avg", "exp_avg_sq")
_SGD_STATE = ("momentum_buffer",)


@dataclass(frozen=True)
class OptimizerSettings:
    """How the segmentation models are optimized at the sites.

    name: of the optimizer.
    learning_rate: the full rate, before schedule and warm-up.
    momentum: of SGD, 0 to below 1; the others do not use it.
    weight_decay: factor of the weights that is added to gradients, or with adamw subtracted from the weights.
    state: whether a site keeps its moments for its next round or begins anew.
    schedule: how the rate falls over the rounds.
    warmup_rounds: rounds in which the rate rises to its full value.
    step_rounds, step_factor: the step schedule multiplies the rate by step_factor every step_rounds rounds.
    power: exponent of the polynomial schedule.
    gradient_clipping: maximum 2-norm of a step's gradient, or None.
    mixed_precision: whether forward passes run in bfloat16, which needs a GPU.
    """

    name: Literal["sgd", "adam", "adamw"]
    learning_rate: float
    momentum: float
    weight_decay: float
    state: Literal["keep", "reset"]
    schedule: Literal["constant", "cosine", "polynomial", "step"]
    warmup_rounds: int
    step_rounds: int
    step_factor: float
    power: float
    gradient_clipping: float | None
    mixed_precision: bool


def learning_rate_of(settings: OptimizerSettings, round_: int, rounds: int) -> float:
    """The rate of a round, the same in all of its local steps, because methods that correct gradients divide by it.

    round_: 1 for the first. Warm-up rises linearly to the full rate in round warmup_rounds + 1, and the schedule counts
    from there. cosine: half a period down to 0 after the last round (Loshchilov & Hutter 2017, without restarts);
    polynomial: (1 - t)^power.
    """
    if round_ <= settings.warmup_rounds:
        return settings.learning_rate * round_ / (settings.warmup_rounds + 1)
    done = round_ - 1 - settings.warmup_rounds
    share = done / max(rounds - settings.warmup_rounds, 1)
    match settings.schedule:
        case "constant":
            return settings.learning_rate
        case "cosine":
            return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        case "polynomial":
            return settings.learning_rate * math.pow(1 - share, settings.power)
        case "step":
            return settings.learning_rate * math.pow(settings.step_factor, done // settings.step_rounds)


def make_optimizer(
    settings: OptimizerSettings, learning_rate: float, parameters: NamedParameters, moments: Tensors | None
) -> torch.optim.Optimizer:
    """The optimizer with the state that `moments_of` returned, or a new one where `moments` is None.

    Raises ValueError naming a parameter whose state is lacking.
    """
    tensors = [parameter for _, parameter in parameters]
    decay = settings.weight_decay
    match settings.name:
        case "sgd":
            sgd = torch.optim.SGD(tensors, learning_rate, settings.momentum, weight_decay=decay, fused=True)
            return _restored(sgd, parameters, moments, _SGD_STATE if settings.momentum else ())
        case "adam":
            adam = torch.optim.Adam(tensors, learning_rate, weight_decay=decay, fused=True)
            return _restored(adam, parameters, moments, _ADAM_STATE)
        case "adamw":
            adamw = torch.optim.AdamW(tensors, learning_rate, weight_decay=decay, fused=True)
            return _restored(adamw, parameters, moments, _ADAM_STATE)


def make_adam(network: nn.Module, learning_rate: float, moments: Tensors | None) -> torch.optim.Optimizer:
    """Plain Adam, which the reference code uses for the model selector. Raises ValueError as `make_optimizer` does."""
    adam = torch.optim.Adam(network.parameters(), lr=learning_rate, fused=True)
    return _restored(adam, list(network.named_parameters()), moments, _ADAM_STATE)


def moments_of(parameters: Iterable[tuple[str, nn.Parameter]], optimizer: torch.optim.Optimizer) -> Tensors:
    """Step counts and moments by `<moment>.<parameter>`, on the CPU; a parameter that was never stepped has none.

    They are the optimizer's own tensors where it is on the CPU, so that it must not step any more.
    """
    return {
        f"{key}.{name}": value.detach().cpu()
        for name, parameter in parameters
        for key, value in optimizer.state.get(parameter, {}).items()
        if isinstance(value, torch.Tensor)
    }


def _restored(
    optimizer: torch.optim.Optimizer, parameters: NamedParameters, moments: Tensors | None, keys: tuple[str, ...]
) -> torch.optim.Optimizer:
    if not moments:
        return optimizer
    for name, parameter in parameters:
        try:
            optimizer.state[parameter] = {key: moments[f"{key}.{name}"].clone().to(parameter.device) for key in keys}
        except KeyError as error:
            raise ValueError(
                f"the kept optimizer state lacks {error}: set schedule.optimizer_state to reset"
            ) from error
    return optimizer
