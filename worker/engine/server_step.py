"""The server's step of a round: what was gathered is transformed, checked and aggregated."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from worker.engine.exchange import apply_gather_transforms
from worker.engine.kept_state import is_finite
from worker.engine.late_average import averaged_state, with_accumulators, without_accumulators
from worker.engine.outliers import Outlier, find_outliers
from worker.engine.plan import Plan
from worker.engine.side_by_side import bytes_of, side_by_side
from worker.engine.state import State
from worker.engine.strategies.base import SiteUpdate, Strategy, returned_parts


@dataclass(frozen=True)
class CheckedUpdates:
    """What the server makes of a round's updates, each field by participant in site order.

    sound: the updates that can be aggregated.
    refused: the reasons why others cannot.
    outliers: the updates that differ much from the others'; where the plan refuses outliers they are refused too.
    """

    sound: dict[str, SiteUpdate]
    refused: dict[str, str]
    outliers: dict[str, Outlier]


def check_updates(
    strategy: Strategy, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int
) -> CheckedUpdates:
    """Runs the plan's transforms over what was gathered, and checks what they make of it.

    updates: in site order. An update that is an outlier is refused where the plan says so.
    """
    gathered, refused = apply_gather_transforms(
        plan.gather_transforms,
        {name: update.parts for name, update in updates.items()},
        state,
        plan.seed,
        round_,
        {name: returned_parts(strategy, state.keys(), name) for name in updates},
    )
    arrived = {name: replace(updates[name], parts=parts) for name, parts in gathered.items()}

    def problem(participant: str) -> str | None:
        try:
            strategy.check_update(state, participant, arrived[participant], plan)
        except ValueError as error:
            return str(error)
        return None

    num_bytes = bytes_of([part for parts in gathered.values() for part in parts.values()])
    problems = dict(zip(arrived, side_by_side(problem, arrived, num_bytes), strict=True))
    refused |= {name: text for name, text in problems.items() if text is not None}
    sound = {name: update for name, update in arrived.items() if problems[name] is None}
    weights = {name: {part: sound[name].parts[part] for part in strategy.uploads(name)} for name in sound}
    outliers = find_outliers(state, weights)
    if plan.refuse_outliers:
        for participant, outlier in outliers.items():
            refused[participant] = f"site {participant}: {outlier}"
            del sound[participant]
    return CheckedUpdates(sound, refused, outliers)


def aggregate_updates(
    strategy: Strategy, state: State, sound: Mapping[str, SiteUpdate], plan: Plan, round_: int
) -> State:
    """The next state, from checked updates in site order. Raises ValueError where the sum of finite updates is not
    finite."""
    following = strategy.aggregate(without_accumulators(state), sound, plan, round_)
    following = with_accumulators(plan.late_average, state, following, round_, plan.rounds)
    if broken := [name for name, tensors in following.items() if not is_finite(tensors)]:
        raise ValueError(
            f"the aggregation left NaN or infinite values in {', '.join(broken)} though every update was finite: lower "
            "the learning rates of sites and server"
        )
    return following


def aggregate_round(
    strategy: Strategy, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int
) -> tuple[State, dict[str, str]]:
    """The next state, and by participant why its update was refused.

    updates: in site order; none in the round that averages. Raises ValueError with all reasons where every update was
    refused, and where the sum of finite updates is not finite.
    """
    if plan.is_averaging(round_):
        return averaged_state(state), {}
    checked = check_updates(strategy, state, updates, plan, round_)
    if not checked.sound:
        raise ValueError("no update of this round can be aggregated: " + "; ".join(checked.refused.values()))
    return aggregate_updates(strategy, state, checked.sound, plan, round_), checked.refused
