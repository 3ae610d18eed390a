"""What FedBN, SiloBN, FedPer and FedRep share: some tensors of a network stay each site's own, the others are
averaged."""

from abc import abstractmethod
from collections.abc import Collection, Mapping

from worker.engine.data import ParticipantData
from worker.engine.plan import Plan
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.base import (
    PersonalizedStrategy,
    SiteContext,
    SiteUpdate,
    also_moves,
    average_part,
    own_models,
    train_personalized,
)


class PartlyShared(PersonalizedStrategy):
    """Abstract. A site's personalized model is the shared average with the site's own private tensors.

    The part `global` averages the private tensors too, for images of sites that are not in the federation.
    """

    @abstractmethod
    def private_keys(self, plan: Plan) -> frozenset[str]:
        """The state-dict keys that are never mixed. Raises ValueError where the network has none."""

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (personalized(participant),)

    def uploads(self, participant: str) -> tuple[str, ...]:
        return (personalized(participant),)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        self.private_keys(context.plan)  # refuses a network that has none before an hour of training
        return also_moves(train_personalized(parts, data, context, context.on_progress), "global")

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        """The next state, in which absent sites receive the new shared tensors as well."""
        private = self.private_keys(plan)
        as_global = {site: _named(update, site) for site, update in updates.items()}
        average = average_part(GLOBAL, as_global, plan)
        mixed = {
            name: {key: tensor if key in private else average[key] for key, tensor in model.items()}
            for name, model in own_models(state, updates, plan).items()
        }
        return {GLOBAL: average, **mixed}


def _named(update: SiteUpdate, site: str) -> SiteUpdate:
    """The update as `average_part` takes it."""
    return SiteUpdate(
        {GLOBAL: update.parts[personalized(site)]}, update.num_cases, update.num_steps, update.local_state, ()
    )
