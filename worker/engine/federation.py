"""The whole loop in one process, for tests, benchmarks and notebooks.

The same strategies run on the platform, where a database takes the place of this loop; the parts that result have the
same bytes (checkpoint.py).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import torch

from worker.engine.data import ParticipantData, SiteData
from worker.engine.exchange import apply_update_transforms
from worker.engine.kept_state import state_to_keep
from worker.engine.metrics import Metric
from worker.engine.plan import Plan
from worker.engine.progress import no_progress
from worker.engine.server_step import aggregate_round
from worker.engine.start import started_state
from worker.engine.state import POOLED, State
from worker.engine.strategies.base import LoadPart, SiteContext, SiteUpdate, Strategy, returned_parts


@dataclass(frozen=True)
class RoundRecord:
    """What one round left behind.

    round: 0 is the initial state.
    state: after the round, all its parts.
    metrics: by participant, of its training in the round and of its validation of `state`.
    refused: participants whose update could not be aggregated, and why.
    """

    round: int
    state: State
    metrics: Mapping[str, tuple[Metric, ...]]
    refused: Mapping[str, str]


#: Takes the metrics of all rounds before the last one trained, by round and participant; returns whether training ends.
Ends = Callable[[Mapping[int, Mapping[str, tuple[Metric, ...]]]], bool]


def never(_: Mapping[int, Mapping[str, tuple[Metric, ...]]]) -> bool:
    """Lets training run through all rounds."""
    return False


def run_rounds(
    strategy: Strategy, sites: Mapping[str, SiteData], plan: Plan, ends: Ends = never, start: State | None = None
) -> Iterator[RoundRecord]:
    """Yields round 0 (the initial state and its scores), each round of the plan, and where late rounds are averaged the
    round that does so.

    sites: by slug, those of plan.sites. ends: says after each round whether training ends early. start: another run's
    models to begin with, or None. Raises ValueError at the call where torch computes with several threads, and later
    where no update of a round can be aggregated.
    """
    require_one_thread()
    return _rounds(strategy, sites, plan, ends, start)


def require_one_thread() -> None:
    """Raises ValueError where torch computes with several threads: some kernels then sum in another order."""
    if (num_threads := torch.get_num_threads()) != 1:
        raise ValueError(
            f"torch computes with {num_threads} threads, and the same seed would give other bits than on a worker: "
            "call torch.set_num_threads(1) first"
        )


def _rounds(
    strategy: Strategy, sites: Mapping[str, SiteData], plan: Plan, ends: Ends, start: State | None
) -> Iterator[RoundRecord]:
    """Runs the numbered steps, which no strategy overrides."""
    # 1. The server draws the initial state, or takes another run's models.
    state = strategy.initial_state(plan) if start is None else started_state(strategy, plan, start)
    everyone = strategy.participants(plan.sites)
    kept: dict[str, State] = {}
    reports: dict[str, State] = {}
    validated: dict[int, Mapping[str, tuple[Metric, ...]]] = {}
    metrics = {
        participant: validate_state(
            strategy, state.keys(), state.__getitem__, data_of(participant, sites, plan), context
        )[0]
        for participant in everyone
        for context in (SiteContext(plan, participant, 0, None, no_progress),)
    }
    yield RoundRecord(0, state, metrics, {})
    for round_ in range(1, plan.last_round + 1):
        # 2. The round's participants receive their parts, and train with what they kept from their previous round.
        updates: dict[str, SiteUpdate] = {}
        for participant in () if plan.is_averaging(round_) else strategy.round_participants(plan, round_):
            context = SiteContext(plan, participant, round_, kept.get(participant), no_progress, state.__getitem__)
            parts = {name: state[name] for name in strategy.downloads(state.keys(), participant)}
            report = reports.get(participant, {})
            updates[participant] = train_and_transform(
                strategy, parts, data_of(participant, sites, plan), context, report
            )
        # 3. The server checks the updates and aggregates those that are sound, in site order; after the last round it
        # averages late ones, where the plan says so.
        state, refused = aggregate_round(strategy, state, updates, plan, round_)
        # A refused update left nothing better at its site, so the site goes on from what it kept before.
        for participant in updates.keys() - refused.keys():
            kept[participant] = state_to_keep(kept.get(participant), updates[participant].local_state)
        # 4. Everyone validates the new state, whether it trained in this round or not.
        metrics, reports = {}, {}
        for participant in everyone:
            scores, reports[participant] = validate_state(
                strategy,
                state.keys(),
                state.__getitem__,
                data_of(participant, sites, plan),
                SiteContext(plan, participant, round_, None, no_progress),
            )
            metrics[participant] = (updates[participant].metrics if participant in updates else ()) + scores
        yield RoundRecord(round_, state, metrics, refused)
        # 5. Training may end early. The rounds before this one decide it, because on the platform a round is validated
        # at the start of the next one.
        if ends(validated):
            return
        validated[round_] = metrics


def validate_state(
    strategy: Strategy, part_names: Collection[str], load_part: LoadPart, data: ParticipantData, context: SiteContext
) -> tuple[tuple[Metric, ...], State]:
    """Scores of the state that context.round left behind, on the participant's validation cases; and the parts about it
    that the participant sends with its next update.

    Those of round 0, the initial state, show what training adds, and what a model that training begins with is worth.
    """
    if context.round == 0:
        return strategy.validate_initial(part_names, load_part, data, context), {}
    return strategy.validate_and_report(load_part, data, context)


def train_and_transform(
    strategy: Strategy, parts: State, data: ParticipantData, context: SiteContext, report: State | None = None
) -> SiteUpdate:
    """What a participant sends of its training on the received `parts`: the plan's transforms have run over it.

    report: the parts about the state it validated last, which it sends as well; None: there are none.

    What stays at the site (`local_state`) is what the method and the transforms leave there; the metrics are the
    method's. Raises ValueError where the data
    or the settings make training impossible, or where a transform lets nothing leave.
    """
    update, plan = strategy.train_site(parts, data, context), context.plan
    participant = context.participant
    sent, left = apply_update_transforms(
        plan.update_transforms,
        update.parts | (report or {}),
        parts,
        plan.seed,
        context.round,
        participant,
        returned_parts(strategy, parts, participant),
        context.local_state,
    )
    return replace(update, parts=sent, local_state=update.local_state | left)


def data_of(participant: str, sites: Mapping[str, SiteData], plan: Plan) -> ParticipantData:
    """The participant's own data, or for the pooled participant every site's, in site order."""
    return tuple(sites[site] for site in plan.sites) if participant == POOLED else (sites[participant],)
