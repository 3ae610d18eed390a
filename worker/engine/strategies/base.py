"""What a strategy is. Its methods are functions of their arguments: state lives with whoever runs the rounds."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from worker.engine.aggregation import check_update, weighted_average
from worker.engine.checkpoint import cpu_state
from worker.engine.data import Case, ParticipantData, training_cases
from worker.engine.inference import predict_masks
from worker.engine.local_training import OnProgress, Proximal, train_locally
from worker.engine.metrics import CaseDice, Metric, ModelKind, case_dice, dice_metrics
from worker.engine.networks import initial_network, load_network
from worker.engine.plan import GLOBAL, Plan, State, Tensors, personalized
from worker.engine.seeding import generator

#: Fetches a part by name. Lazy: over a network, a part is downloaded when it is first asked for.
LoadPart = Callable[[str], Tensors]


@dataclass(frozen=True)
class SiteContext:
    """Who trains, in which round, with what it kept from its previous round (None: nothing)."""

    plan: Plan
    participant: str
    round: int
    local_state: State | None
    on_progress: OnProgress


@dataclass(frozen=True)
class SiteUpdate:
    """What a participant returns; `local_state` stays with it and comes back in its next round."""

    parts: State
    num_cases: int
    num_steps: int
    local_state: State
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class CaseRoute:
    """The model selector's probabilities of one case, in site order, and the part that the super model uses."""

    case_id: str
    probabilities: dict[str, float]
    chosen_model: str


class Strategy(ABC):
    """Abstract: subclasses are final, frozen dataclasses of their hyper-parameters, without defaults."""

    @property
    @abstractmethod
    def criterion(self) -> ModelKind:
        """The model whose validation Dice picks the best round."""

    def participants(self, sites: Sequence[str]) -> tuple[str, ...]:
        """Who trains in a round, in site order."""
        return tuple(sites)

    @abstractmethod
    def initial_state(self, plan: Plan) -> State:
        """The parts of round 0."""

    @abstractmethod
    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:
        """The parts that a participant receives, of those that exist. Nothing else is sent to it for training."""

    @abstractmethod
    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        """A participant's work of one round. Raises ValueError where its data or settings make that impossible."""

    @abstractmethod
    def check_update(self, state: State, participant: str, update: SiteUpdate, plan: Plan) -> None:
        """Raises ValueError naming site and tensor when an update cannot be aggregated."""

    @abstractmethod
    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan) -> State:
        """The next state, from checked updates in site order; sites that are missing this round are not in it."""

    @abstractmethod
    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:
        """The parts that are validated at a participant in each round, by the name their scores get."""

    def validate(
        self,
        load_part: LoadPart,
        data: ParticipantData,
        context: SiteContext,
    ) -> tuple[Metric, ...]:
        """Scores on the participant's validation cases of the state that context.round left behind."""
        cases = [case for site in data for case in site.val]
        metrics: list[Metric] = []
        for kind, part in self.reported_models(context.participant).items():
            scores = dice_of_model(load_part(part), cases, context.plan)
            metrics += dice_metrics(context.round, kind, context.plan.structures, scores)
        return tuple(metrics)

    def routes(self, load_part: LoadPart, cases: Sequence[Case], plan: Plan) -> tuple[CaseRoute, ...]:  # noqa: ARG002
        """What the super model would use for each case; empty for strategies without a model selector."""
        return ()


class GlobalModelStrategy(Strategy):
    """Abstract: methods whose participants train a copy of one global model and receive nothing else."""

    @property
    def criterion(self) -> ModelKind:
        return "global"

    def initial_state(self, plan: Plan) -> State:
        return {GLOBAL: initial_weights(plan)}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (GLOBAL,)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        return train_model(parts[GLOBAL], data, context, "global", context.on_progress)

    def check_update(self, state: State, participant: str, update: SiteUpdate, plan: Plan) -> None:  # noqa: ARG002
        check_update(participant, GLOBAL, update.parts.get(GLOBAL, {}), state[GLOBAL])

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:  # noqa: ARG002
        return {"global": GLOBAL}


def initial_weights(plan: Plan) -> Tensors:
    return cpu_state(initial_network(plan))


def dice_of_model(weights: Tensors, cases: Sequence[Case], plan: Plan) -> list[CaseDice]:
    """Dice of each case at its original size."""
    network = load_network(plan, weights)
    masks = predict_masks(network, cases, plan.device)
    return [case_dice(plan.structures, mask, case.reference_original) for case, mask in zip(cases, masks, strict=True)]


def train_model(
    weights: Tensors,
    data: ParticipantData,
    context: SiteContext,
    kind: ModelKind,
    on_progress: OnProgress,
    proximal: Proximal | None = None,
) -> SiteUpdate:
    """Local training of one segmentation model. The returned update's only part is named `kind`."""
    plan = context.plan
    cases = training_cases(data)
    network = load_network(plan, weights)
    kept = (context.local_state or {}).get(kind) if plan.optimizer_state == "keep" else None
    draws = generator(plan.seed, context.round, context.participant, kind)
    result = train_locally(network, cases, plan, kept, draws, on_progress, proximal)
    loss = Metric(context.round, kind, "train", "loss", None, result.mean_loss, len(cases))
    return SiteUpdate(
        parts={kind: cpu_state(network)},
        num_cases=len(cases),
        num_steps=result.num_steps,
        local_state={kind: result.moments} if plan.optimizer_state == "keep" else {},
        metrics=(loss,),
    )


def train_personalized(
    parts: State,
    data: ParticipantData,
    context: SiteContext,
    on_progress: OnProgress,
    proximal: Proximal | None = None,
) -> SiteUpdate:
    """Local training of the participant's own personalized model, the returned update's only part."""
    own = personalized(context.participant)
    update = train_model(parts[own], data, context, "personalized", on_progress, proximal)
    return replace(update, parts={own: update.parts["personalized"]})


def update_weights(updates: Mapping[str, SiteUpdate], plan: Plan) -> dict[str, float]:
    """Each site's weight in averages, in the order of `updates`."""
    match plan.weighting:
        case "cases":
            return {site: float(update.num_cases) for site, update in updates.items()}
        case "steps":
            return {site: float(update.num_steps) for site, update in updates.items()}
        case "uniform":
            return dict.fromkeys(updates, 1.0)


def average_part(part: str, updates: Mapping[str, SiteUpdate], plan: Plan) -> Tensors:
    weights = update_weights(updates, plan)
    return weighted_average([update.parts[part] for update in updates.values()], list(weights.values()))
