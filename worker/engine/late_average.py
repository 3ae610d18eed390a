"""Averages of late rounds: after its last round a run has one more, in which nobody trains and whose state holds the
mean of the models over the last rounds, or their exponential moving average (Polyak averaging; Izmailov et al.,
"Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018, average along one trajectory).

The server keeps one accumulator for each segmentation model while rounds go on, and sites train from the models
themselves, so that every round that trains has the bits of a run without averages, and sites send nothing more. The
averages are one more candidate for the best round: they are kept only where validation finds them better than every
round that was trained, the last one among them.
"""

from dataclasses import dataclass
from typing import Literal

import torch

from worker.engine.pulse import pulse
from worker.engine.room import empty_model
from worker.engine.state import GLOBAL, State, Tensors

#: Part name of the global model's accumulator, and prefix of the personalized models'.
AVERAGE = "average"
_PERSONALIZED = "personalized/"
#: An accumulator's tensor [1]: how many states it holds.
_COUNT = "average_of_rounds"


@dataclass(frozen=True)
class LateAverage:
    """What is averaged.

    kind: the mean of the last `rounds` states, or the exponential moving average of all.
    rounds: of the mean, 1 or more; the moving average does not use it.
    decay: what the moving average keeps of itself in a round, 0 to below 1; the mean does not use it.
    """

    kind: Literal["mean", "ema"]
    rounds: int
    decay: float

    def begins(self, num_rounds: int) -> int:
        """The first round whose state is averaged."""
        return max(1, num_rounds - self.rounds + 1) if self.kind == "mean" else 1


def with_accumulators(
    average: LateAverage | None, before: State, following: State, round_: int, num_rounds: int
) -> State:
    """The state to keep of a round that was trained.

    before: the state that the sites received, with its accumulators. following: what the method made of the round.
    num_rounds: that are trained in all.
    """
    if average is None or round_ < average.begins(num_rounds):
        return following
    accumulators = {
        name: _accumulated(average, before.get(_accumulator(name)), part)
        for name, part in following.items()
        if _is_model(name)
    }
    return following | {_accumulator(name): part for name, part in accumulators.items()}


def averaged_state(last: State) -> State:
    """The state of the round that averages: the last trained one with its averages in the models' place, and no
    accumulator. Raises ValueError where it has none."""
    models = without_accumulators(last)
    averages = {name: last[_accumulator(name)] for name in models if _is_model(name) and _accumulator(name) in last}
    if not averages:
        raise ValueError(f"the last trained state has no averages, only {', '.join(sorted(last))}")
    return models | {name: _as_model(part, models[name]) for name, part in averages.items()}


def without_accumulators(state: State) -> State:
    """What a method knows of a state."""
    return {name: part for name, part in state.items() if name != AVERAGE and not name.startswith(f"{AVERAGE}/")}


def _is_model(part: str) -> bool:
    return part == GLOBAL or part.startswith(_PERSONALIZED)


def _accumulator(part: str) -> str:
    """`average` of the global model, `average/<site>` of a personalized one."""
    return AVERAGE if part == GLOBAL else f"{AVERAGE}/{part.removeprefix(_PERSONALIZED)}"


def _accumulated(average: LateAverage, before: Tensors | None, model: Tensors) -> Tensors:
    """The accumulator with one more state, in float64."""
    if before is None:
        first = empty_model({key: torch.empty(t.shape, dtype=torch.float64, device="meta") for key, t in model.items()})
        for key, out in first.items():
            out.copy_(model[key])
        return first | {_COUNT: torch.ones(1, dtype=torch.float64)}
    count = before[_COUNT] + 1
    kept = float(1 - 1 / count) if average.kind == "mean" else average.decay
    mixed = empty_model({key: before[key] for key in model})
    for key, out in mixed.items():
        pulse()
        out.copy_(kept * before[key] + (1 - kept) * model[key].double())
    return {_COUNT: count, **mixed}


def _as_model(accumulator: Tensors, model: Tensors) -> Tensors:
    """The average in the model's types; whole numbers are rounded, ties to even."""
    return {
        key: (accumulator[key] if tensor.is_floating_point() else accumulator[key].round()).to(tensor.dtype)
        for key, tensor in model.items()
    }
