"""All sites' data in one place, which a federation tries to come near. It is possible in simulation only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, final

from worker.engine.data import ParticipantData
from worker.engine.local_training import mean_local_steps
from worker.engine.plan import Plan
from worker.engine.state import GLOBAL, POOLED, State
from worker.engine.strategies.base import GlobalModelStrategy, SiteContext, SiteUpdate


@final
@dataclass(frozen=True)
class Centralized(GlobalModelStrategy):
    """One participant trains on every site's cases.

    steps: full for a round of the plan's local work on all of them; equal for as many optimizer steps as a site takes
    on average, so that the model moves as often as a federation's.
    """

    steps: Literal["full", "equal"]

    def participants(self, sites: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002
        return (POOLED,)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        if self.steps == "equal":
            steps = mean_local_steps([site.train for site in data], context.plan)
            context = replace(context, plan=replace(context.plan, local_steps=steps))
        return super().train_site(parts, data, context)

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        return {GLOBAL: updates[POOLED].parts[GLOBAL]}
