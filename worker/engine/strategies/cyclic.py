"""Cyclic weight transfer: Chang et al., "Distributed deep learning networks among institutions for medical imaging",
JAMIA 2018.

One model goes from site to site. Each trains it for its local work and passes it on, in site order, and after the last
site comes the first again. There is no average and no second model. Here one site trains in each round, so that K
rounds are one cycle; all sites validate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.plan import Plan
from worker.engine.state import GLOBAL, State
from worker.engine.strategies.base import GlobalModelStrategy, SiteUpdate


@final
@dataclass(frozen=True)
class CyclicWeightTransfer(GlobalModelStrategy):
    """The method of this file. It has no hyper-parameter: how long a site trains is the schedule's local work."""

    def round_participants(self, plan: Plan, round_: int) -> tuple[str, ...]:
        """The one site whose turn it is. The plan's participation does not count."""
        return (plan.sites[(round_ - 1) % len(plan.sites)],)

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        """The model as the round's site trained it."""
        (update,) = updates.values()
        return {GLOBAL: update.parts[GLOBAL]}
