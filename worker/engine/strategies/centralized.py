"""All sites' data in one place, which a federation tries to come near. It is possible in simulation only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from worker.engine.plan import Plan
from worker.engine.state import GLOBAL, POOLED, State
from worker.engine.strategies.base import GlobalModelStrategy, SiteUpdate


@final
@dataclass(frozen=True)
class Centralized(GlobalModelStrategy):
    """One participant trains on every site's cases; a round is the plan's local work on all of them."""

    def participants(self, sites: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002
        return (POOLED,)

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        return {GLOBAL: updates[POOLED].parts[GLOBAL]}
