"""What a strategy is. Its methods are functions of their arguments; state lives with the caller that runs the
rounds."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

import torch

from worker.engine.checkpoint import cpu_state
from worker.engine.data import Case, ParticipantData, training_cases
from worker.engine.fusion import Fusion
from worker.engine.inference import predict_masks
from worker.engine.local_training import BatchTerm, LossOfBatch, Proximal, train_locally
from worker.engine.metrics import CaseDice, Metric, ModelKind, case_dice, dice_metrics
from worker.engine.plan import Plan
from worker.engine.plan_network import blank_network, initial_network, lent_network, load_weights
from worker.engine.progress import OnProgress, counted, part_of
from worker.engine.robust_aggregation import AggregationRule, Mean, combine
from worker.engine.seeding import generator
from worker.engine.soundness import check_update
from worker.engine.state import GLOBAL, State, Tensors, personalized
from worker.engine.super_model import MIXTURE

#: Fetches a part by name. Over a network, a part is downloaded when it is first asked for.
LoadPart = Callable[[str], Tensors]


@dataclass(frozen=True)
class SiteContext:
    """Who trains, in which round, and with what.

    plan: the run's settings.
    participant: slug of a site, or POOLED.
    round: 1 for the first; in validation the round that left the state, 0 for the initial one.
    local_state: what the participant kept from its previous round, or None.
    on_progress: called with the share done, 0 to 1; raises to stop the work.
    load_part: fetches a part of the state by name, for a training that finds out only at the site which it needs; None:
    there are the received parts alone.
    """

    plan: Plan
    participant: str
    round: int
    local_state: State | None
    on_progress: OnProgress
    load_part: LoadPart | None = None


@dataclass(frozen=True)
class SiteUpdate:
    """What a participant returns from one round.

    parts: the parts for the server, by name, on the CPU.
    num_cases: training cases.
    num_steps: optimizer steps of the model that averages are weighted for.
    local_state: what stays at the participant and comes back in its next round.
    metrics: of the training.
    """

    parts: State
    num_cases: int
    num_steps: int
    local_state: State
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class CaseRoute:
    """What the super model uses for one case, and why.

    case_id: of the case.
    probabilities: the model selector's, by site, in site order; they sum to 1. Empty without a selector.
    chosen_model: the name of a part, or MIXTURE, which is the sites' models together, weighted by the probabilities.
    unlikeness: how far the image is from the nearest site's, in times of what is usual of validation images; None where
    the selector knows no distances.
    of_no_site: whether that is farther than the selector takes for any site's.
    ensemble: the part names of the mixture where no selector weighs them: all have one share.
    fusion: how the mixture becomes one mask.
    global_share: of the global model in a mixture that the selector weighs, 0 to 1; the sites' models share the rest.
    """

    case_id: str
    probabilities: dict[str, float]
    chosen_model: str
    unlikeness: float | None = None
    of_no_site: bool = False
    ensemble: tuple[str, ...] = ()
    fusion: Fusion = "mean"
    global_share: float = 0.0

    @property
    def shares(self) -> dict[str, float]:
        """The part names of the models in the mixture and their shares, which sum to 1; empty without a mixture."""
        if self.chosen_model != MIXTURE:
            return {}
        if self.ensemble:
            return dict.fromkeys(self.ensemble, 1 / len(self.ensemble))
        if self.global_share == 0:
            return {personalized(site): probability for site, probability in self.probabilities.items()}
        of_sites = {personalized(site): (1 - self.global_share) * p for site, p in self.probabilities.items()}
        return {GLOBAL: self.global_share, **of_sites}


def fusion_of(routes: Sequence[CaseRoute | None]) -> Fusion:
    """How the mixtures of these routes are fused; it is the same for all cases of a method."""
    return next((route.fusion for route in routes if route is not None), "mean")


class Strategy(ABC):
    """Abstract: what a site and the server do in a round.

    Subclasses are final, frozen dataclasses of their hyper-parameters, without defaults.
    """

    @property
    @abstractmethod
    def criterion(self) -> ModelKind:
        """The model whose validation Dice decides which round is best."""

    def participants(self, sites: Sequence[str]) -> tuple[str, ...]:
        """The participants that may train, in site order."""
        return tuple(sites)

    def round_participants(self, plan: Plan, round_: int) -> tuple[str, ...]:
        """The participants that train in a round, in site order: the plan's share of all, drawn for each round."""
        everyone = self.participants(plan.sites)
        num_chosen = max(1, round(plan.participation * len(everyone)))
        order = torch.randperm(len(everyone), generator=generator(plan.seed, round_, "", "participation")).tolist()
        return tuple(everyone[i] for i in sorted(order[:num_chosen]))

    @abstractmethod
    def initial_state(self, plan: Plan) -> State:
        """The parts of round 0. Raises ValueError where the method cannot run with the plan's network."""

    @abstractmethod
    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:
        """The names of the parts that a participant receives, of those that exist. Nothing else is sent to it for
        training."""

    @abstractmethod
    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        """A participant's work of one round.

        parts: those that `downloads` names. Raises ValueError where its data or settings make training impossible.
        """

    def is_frozen(self, part_name: str) -> bool:  # noqa: ARG002
        """Whether no round changes the part. An aggregation then neither reads nor returns it: the next state has it as
        it is, and a machine that has fetched it needs it no more."""
        return False

    @abstractmethod
    def uploads(self, participant: str) -> tuple[str, ...]:
        """The names of the parts that a participant returns, each with the keys and shapes of the state's part of that
        name."""

    def check_update(self, state: State, participant: str, update: SiteUpdate, plan: Plan) -> None:  # noqa: ARG002
        """Raises ValueError naming site and tensor where an update cannot be aggregated."""
        for part in self.uploads(participant):
            check_update(participant, part, update.parts.get(part, {}), state[part])

    @abstractmethod
    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:
        """The next state.

        updates: checked, by participant in site order, without the sites that are missing this round. Raises ValueError
        where there are too few of them for the aggregation rule.
        """

    @abstractmethod
    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:
        """The parts that are validated at a participant in each round, by the name that their scores get."""

    def validated_parts(self, participant: str, plan: Plan) -> tuple[str, ...]:  # noqa: ARG002
        """The names of the models that a participant loads to validate a state, whatever its cases are."""
        return tuple(self.reported_models(participant).values())

    def validate(
        self,
        load_part: LoadPart,
        data: ParticipantData,
        context: SiteContext,
    ) -> tuple[Metric, ...]:
        """Scores of the state that context.round left behind, on the participant's validation cases."""
        cases = [case for site in data for case in site.val]
        metrics: list[Metric] = []
        models = self.reported_models(context.participant)
        for done, (kind, part) in enumerate(models.items()):
            on_case = part_of(context.on_progress, done / len(models), (done + 1) / len(models))
            scores = dice_of_model(load_part(part), cases, context.plan, on_case)
            metrics += dice_metrics(context.round, kind, context.plan.structures, scores)
        return tuple(metrics)

    def validate_and_report(
        self, load_part: LoadPart, data: ParticipantData, context: SiteContext
    ) -> tuple[tuple[Metric, ...], State]:
        """The scores, and the parts about the validated state that the participant sends with its next update; by
        default it sends none."""
        return self.validate(load_part, data, context), {}

    def validate_initial(
        self,
        part_names: Collection[str],  # noqa: ARG002
        load_part: LoadPart,
        data: ParticipantData,
        context: SiteContext,
    ) -> tuple[Metric, ...]:
        """The scores of round 0, whose state may lack parts that the first updates make."""
        return self.validate(load_part, data, context)

    def routes(self, load_part: LoadPart, cases: Sequence[Case], plan: Plan) -> tuple[CaseRoute, ...]:  # noqa: ARG002
        """What the super model would use for each case, in order; empty for strategies without a model selector."""
        return ()


def returned_parts(strategy: Strategy, part_names: Collection[str], participant: str) -> tuple[str, ...]:
    """The names of the parts that the participant receives and whose next value it returns.

    part_names: of the state, or of what the participant receives.
    """
    received = strategy.downloads(part_names, participant)
    return tuple(name for name in strategy.uploads(participant) if name in received and name in part_names)


class GlobalModelStrategy(Strategy):
    """Abstract: methods whose participants train a copy of one global model and receive nothing else."""

    @property
    def criterion(self) -> ModelKind:
        return "global"

    def initial_state(self, plan: Plan) -> State:
        return {GLOBAL: initial_weights(plan)}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (GLOBAL,)

    def uploads(self, participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (GLOBAL,)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        return train_model(parts[GLOBAL], data, context, "global", context.on_progress)

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:  # noqa: ARG002
        return {"global": GLOBAL}


class PersonalizedStrategy(Strategy):
    """Abstract: methods with a global model and a personalized one for each site.

    The server keeps a personalized model for its site, so that it can be evaluated and a run resumed on another
    machine.
    """

    @property
    def criterion(self) -> ModelKind:
        return "personalized"

    def initial_state(self, plan: Plan) -> State:
        """The global and all personalized models, which begin as one."""
        weights = initial_weights(plan)
        return {GLOBAL: weights} | {personalized(site): weights for site in plan.sites}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return GLOBAL, personalized(participant)

    def uploads(self, participant: str) -> tuple[str, ...]:
        return GLOBAL, personalized(participant)

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:
        return {"personalized": personalized(participant), "global": GLOBAL}


def initial_weights(plan: Plan) -> Tensors:
    """The weights of round 0, on the CPU: the same for every strategy with the same seed."""
    return cpu_state(initial_network(plan))


def dice_of_model(weights: Tensors, cases: Sequence[Case], plan: Plan, on_progress: OnProgress) -> list[CaseDice]:
    """Dice of each case, in order, at its original size."""
    with lent_network(plan) as network:
        masks = counted(predict_masks(load_weights(network, weights), cases, plan), len(cases), on_progress)
        return [
            case_dice(plan.structures, mask, case.reference_original) for case, mask in zip(cases, masks, strict=True)
        ]


def train_model(
    weights: Tensors,
    data: ParticipantData,
    context: SiteContext,
    kind: ModelKind,
    on_progress: OnProgress,
    proximal: Proximal | None = None,
    drift: Tensors | None = None,
    term: BatchTerm | None = None,
    loss_of_batch: LossOfBatch | None = None,
) -> SiteUpdate:
    """Local training of one segmentation model. The returned update's only part is named `kind`.

    weights: to begin with.
    kind: what the metrics, the draws and the kept moments are called.
    proximal, drift, term, loss_of_batch: as in `train_locally`.

    Raises ValueError without training cases, and as `train_locally` does.
    """
    plan = context.plan
    cases = training_cases(data)
    draws = generator(plan.seed, context.round, context.participant, kind)
    kept = kept_moments(context, kind)
    # A term leaves hooks in the network that it is attached to.
    with lent_network(plan) if term is None else nullcontext(blank_network(plan)) as network:
        result = train_locally(
            load_weights(network, weights),
            cases,
            plan,
            context.round,
            kept,
            draws,
            on_progress,
            proximal,
            drift,
            term=term,
            loss_of_batch=loss_of_batch,
        )
        trained = cpu_state(network)
    return SiteUpdate(
        parts={kind: trained},
        num_cases=len(cases),
        num_steps=result.num_steps,
        local_state=moments_to_keep(plan, {kind: result.moments}),
        metrics=(
            loss_metric(context, kind, result.mean_loss, len(cases)),
            *effort_metrics(context, kind, result.num_steps, result.num_images, len(cases)),
        ),
    )


def kept_moments(context: SiteContext, kind: str) -> Tensors | None:
    """The optimizer's state that the participant kept of a model; None where it has none or the plan keeps none."""
    return (context.local_state or {}).get(kind) if context.plan.optimizer.state == "keep" else None


def moments_to_keep(plan: Plan, moments: State) -> State:
    """The state that stays at the site; empty where every round begins anew, or the optimizer has no state."""
    return {kind: part for kind, part in moments.items() if part} if plan.optimizer.state == "keep" else {}


def loss_metric(context: SiteContext, kind: ModelKind, mean_loss: float, num_cases: int) -> Metric:
    """The mean loss of a round's training as a metric."""
    return Metric(context.round, kind, "train", "loss", None, mean_loss, num_cases)


def effort_metrics(
    context: SiteContext, kind: ModelKind, num_steps: int, num_images: int, num_cases: int
) -> tuple[Metric, Metric]:
    """What a round's training moved a model by: optimizer steps, and the images in their batches."""
    return (
        Metric(context.round, kind, "train", "steps", None, float(num_steps), num_cases),
        Metric(context.round, kind, "train", "images", None, float(num_images), num_cases),
    )


def also_moves(update: SiteUpdate, kind: ModelKind) -> SiteUpdate:
    """The update of a training that moved the model `kind` too: it is a mean of the models trained, or the same."""
    moved = tuple(replace(metric, model=kind) for metric in update.metrics if metric.name in ("steps", "images"))
    return replace(update, metrics=(*update.metrics, *moved))


def train_personalized(
    parts: State,
    data: ParticipantData,
    context: SiteContext,
    on_progress: OnProgress,
    proximal: Proximal | None = None,
) -> SiteUpdate:
    """Local training of the participant's own personalized model, which is the returned update's only part."""
    own = personalized(context.participant)
    update = train_model(parts[own], data, context, "personalized", on_progress, proximal)
    return replace(update, parts={own: update.parts["personalized"]})


def update_weights(updates: Mapping[str, SiteUpdate], plan: Plan) -> dict[str, float]:
    """Each site's weight in averages, above 0, in the order of `updates`."""
    match plan.weighting:
        case "cases":
            return {site: float(update.num_cases) for site, update in updates.items()}
        case "steps":
            return {site: float(update.num_steps) for site, update in updates.items()}
        case "uniform":
            return dict.fromkeys(updates, 1.0)


def average_part(part: str, updates: Mapping[str, SiteUpdate], plan: Plan) -> Tensors:
    """The weighted mean of one part of all updates."""
    return combine_part(part, updates, plan, Mean())


def combine_part(part: str, updates: Mapping[str, SiteUpdate], plan: Plan, rule: AggregationRule) -> Tensors:
    """One part of all updates, combined by the rule. Raises ValueError where there are too few updates for it."""
    weights = update_weights(updates, plan)
    return combine(rule, [update.parts[part] for update in updates.values()], list(weights.values()))


def own_models(state: State, updates: Mapping[str, SiteUpdate], plan: Plan) -> State:
    """Each site's personalized model as it returned it; an absent site's model stays as it was."""
    return {personalized(site): state[personalized(site)] for site in plan.sites} | {
        personalized(site): update.parts[personalized(site)] for site, update in updates.items()
    }
