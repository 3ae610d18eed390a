"""Updates that differ much from the others', judged by how far each moved the weights and never by the data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from worker.engine.side_by_side import bytes_of, side_by_side
from worker.engine.state import State
from worker.engine.sums import squared_distance

#: With fewer updates there is no usual norm to compare with.
MIN_UPDATES = 3
#: Updates of sites that differ in data and in steps seldom differ by this factor.
OUTLIER_FACTOR = 10.0


@dataclass(frozen=True)
class Outlier:
    """norm: 2-norm of the update over all floating-point tensors of its parts. usual: the median of the others'
    norms."""

    norm: float
    usual: float

    def __str__(self) -> str:
        return f"it changes the weights by {self.norm:.3g}, the others by {self.usual:.3g} (median)"


def find_outliers(state: State, updates: Mapping[str, State]) -> dict[str, Outlier]:
    """The participants whose update is more than OUTLIER_FACTOR times as long as the median of the others'.

    state: the one that the sites received. updates: checked parts by participant.
    """
    if len(updates) < MIN_UPDATES:
        return {}
    num_bytes = bytes_of([part for parts in updates.values() for part in parts.values()])
    norms = dict(zip(updates, side_by_side(lambda name: _norm(state, updates[name]), updates, num_bytes), strict=True))
    found = {}
    for participant, norm in norms.items():
        usual = median(other for name, other in norms.items() if name != participant)
        if norm > OUTLIER_FACTOR * usual > 0:
            found[participant] = Outlier(norm, usual)
    return found


def _norm(state: State, parts: State) -> float:
    total = 0.0
    for name, tensors in parts.items():
        before = state.get(name, {})
        for key, tensor in tensors.items():
            if key in before and tensor.is_floating_point():
                total += squared_distance(tensor, before[key])
    return math.sqrt(total)
