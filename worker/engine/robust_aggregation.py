"""How the server makes one model of the sites' models: the weighted mean, or a rule that few bad updates cannot move
far.

The robust rules count every site once, so a site that lies about its number of cases gains nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from worker.engine.aggregation import weighted_average
from worker.engine.state import Tensors


@dataclass(frozen=True)
class Mean:
    """The weighted mean of McMahan et al. 2017."""


@dataclass(frozen=True)
class Median:
    """Coordinate-wise median (Yin et al., ICML 2018, definition 1); the mean of the middle two of an even number."""


@dataclass(frozen=True)
class TrimmedMean:
    """Coordinate-wise mean without the largest and smallest values (Yin et al., ICML 2018, definition 2).

    trimmed: how many values are left out at each end, 0 or more.
    """

    trimmed: int


@dataclass(frozen=True)
class Krum:
    """The mean of the models with the least sum of squared distances to their K - byzantine - 2 nearest models
    (Blanchard et al., NeurIPS 2017, section 4). Counters, which are integers, do not count in a distance.

    byzantine: the number of bad sites that the rule withstands, 0 or more.
    selected: the number of models that are averaged; 1 is Krum and more is multi-Krum, which withstands `byzantine` bad
    sites where `selected` is at most K - byzantine - 2.
    """

    byzantine: int
    selected: int


AggregationRule = Mean | Median | TrimmedMean | Krum


def combine(rule: AggregationRule, models: Sequence[Tensors], weights: Sequence[float]) -> Tensors:
    """One model made of those given, which are in site order. weights: one for each model; only the mean uses them.

    Raises ValueError where there are too few models for the rule.
    """
    match rule:
        case Mean():
            return weighted_average(models, weights)
        case Median():
            return _by_coordinate(models, _middle)
        case TrimmedMean(trimmed):
            _require(len(models), 2 * trimmed + 1, f"a trimmed mean without {trimmed} values at each end")
            return _by_coordinate(models, lambda ordered: ordered[trimmed : len(ordered) - trimmed].mean(dim=0))
        case Krum(byzantine, selected):
            _require(len(models), 2 * byzantine + 3, f"Krum against {byzantine} bad sites")
            _require(len(models), selected, f"the mean of Krum's best {selected}")
            chosen = _krum_order(models, byzantine)[:selected]
            return weighted_average([models[k] for k in sorted(chosen)], [1.0] * len(chosen))


def _require(num_models: int, needed: int, what: str) -> None:
    if num_models < needed:
        raise ValueError(
            f"{what} needs the updates of at least {needed} sites, this round has {num_models}: "
            "raise minimum_sites so that a round waits for them, or choose another aggregation"
        )


def _middle(ordered: torch.Tensor) -> torch.Tensor:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _by_coordinate(models: Sequence[Tensors], summary: Callable[[torch.Tensor], torch.Tensor]) -> Tensors:
    """The summary of each coordinate's sorted values, in float64, integers rounded, in the first model's types."""
    combined: Tensors = {}
    for key, first in models[0].items():
        ordered = torch.stack([model[key].double() for model in models]).sort(dim=0).values
        value = summary(ordered)
        combined[key] = (value if first.is_floating_point() else value.round()).to(first.dtype)
    return combined


def _krum_order(models: Sequence[Tensors], byzantine: int) -> list[int]:
    """Indices of the models, the best first; ties are in site order."""
    keys = [key for key, tensor in models[0].items() if tensor.is_floating_point()]
    flat = torch.stack([torch.cat([model[key].double().flatten() for key in keys]) for model in models])
    distances = torch.stack([((flat - row) ** 2).sum(dim=1) for row in flat])
    distances.fill_diagonal_(torch.inf)
    num_neighbours = len(models) - byzantine - 2
    scores = distances.sort(dim=1).values[:, :num_neighbours].sum(dim=1).tolist()
    return sorted(range(len(models)), key=lambda k: (scores[k], k))
