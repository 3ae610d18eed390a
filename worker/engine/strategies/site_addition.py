"""A site is added to the selector of a finished FedSM model: no network is trained, and no other site does anything.

The new site sends, once, the sums that every site of the closed-form selector sent (selectors/lda.py). With the kept
sums of the others the server solves the selector again, so that it is the one of all sites' images in one place. The
state that the round begins with holds a `personalized/<site>` for the new site already: a copy of the global model, or
a model that was fine-tuned there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from worker.engine.data import Case, ParticipantData, training_cases
from worker.engine.metrics import Metric, ModelKind
from worker.engine.plan import Plan
from worker.engine.selectors.base import SELECTOR, ClosedFormSelector
from worker.engine.selectors.calibration import HELD_OUT, UNCALIBRATED
from worker.engine.state import State
from worker.engine.strategies.base import CaseRoute, LoadPart, SiteContext, SiteUpdate, Strategy


@final
@dataclass(frozen=True)
class SiteAddition(Strategy):
    """One round of one participant, after which the super model knows its site.

    method: FedSM, whose model it is. selector: the method's own. site: the last of the plan's.

    The temperature, the usual distance and the threshold stay those of the sites that chose them. What the selector
    knew of its own quality is dropped: nobody has tried the new one on held-out cases.
    """

    method: Strategy
    selector: ClosedFormSelector
    site: str

    @property
    def criterion(self) -> ModelKind:
        return self.method.criterion

    def participants(self, sites: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002 (the others do nothing)
        return (self.site,)

    def initial_state(self, plan: Plan) -> State:  # noqa: ARG002
        """Raises ValueError, because there is nothing to add a site to."""
        raise ValueError(f"{self.site} is added to a finished model: begin with the state of one, not with a new one")

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        """The encoder that the other sites described their images with; nothing where descriptors do."""
        return tuple(name for name in self.selector.encoder_parts if name in part_names)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        """The site's sums. No network moves: 0 steps. Raises ValueError for too few training cases."""
        update = self.selector.sums(parts, data, context.participant, context.plan)
        context.on_progress(1.0)
        return SiteUpdate(update, num_cases=len(training_cases(data)), num_steps=0, local_state={}, metrics=())

    def uploads(self, participant: str) -> tuple[str, ...]:  # noqa: ARG002 (no weights)
        return ()

    def check_update(self, state: State, participant: str, update: SiteUpdate, plan: Plan) -> None:  # noqa: ARG002
        self.selector.check_sums(participant, update.parts, plan)

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        solved = self.selector.with_sums(state, {name: update.parts for name, update in updates.items()}, plan)
        solved[SELECTOR] = solved[SELECTOR] | {HELD_OUT: UNCALIBRATED[HELD_OUT]}
        return state | solved

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:
        return self.method.reported_models(participant)

    def validated_parts(self, participant: str, plan: Plan) -> tuple[str, ...]:
        return self.method.validated_parts(participant, plan)

    def validate(self, load_part: LoadPart, data: ParticipantData, context: SiteContext) -> tuple[Metric, ...]:
        return self.method.validate(load_part, data, context)

    def validate_initial(
        self,
        part_names: Collection[str],  # noqa: ARG002
        load_part: LoadPart,  # noqa: ARG002
        data: ParticipantData,  # noqa: ARG002
        context: SiteContext,  # noqa: ARG002
    ) -> tuple[Metric, ...]:
        """None: the selector that the round begins with does not know the site."""
        return ()

    def routes(self, load_part: LoadPart, cases: Sequence[Case], plan: Plan) -> tuple[CaseRoute, ...]:
        return self.method.routes(load_part, cases, plan)
