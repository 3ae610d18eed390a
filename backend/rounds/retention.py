"""Which rounds' states are kept, and when the others' files are let go.

What a run is resumed from, what may still be chosen, and what is looked at afterwards stay; results do not depend on
what goes. The rows of the rounds stay with their hashes, as a record; a sweep removes the files.
"""

from collections.abc import Mapping
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.status import TaskStatus
from backend.db.models import Metric, Run, RunRound, Task
from backend.rounds.history_rounds import even_rounds, history_rounds

#: The last finished round, and the one before it: from there a run goes on if the last one's files are damaged.
LATEST = 2
#: Up to so many participants, every set of those that may leave is thought of; beyond, sets of at most two that leave.
MOST_FOR_ALL_SETS = 8

#: Participant to (validation Dice, number of cases).
Validation = Mapping[str, tuple[float, int]]


def release_states(session: Session, run: Run) -> None:
    """Lets go of what is not needed any more. The caller holds the run's lock; a round was just finished, or a test."""
    if run.spec is None or run.spec.config.retention == "all":
        return
    session.flush()
    finished = select(RunRound).where(
        RunRound.run_id == run.id, RunRound.finished_at.is_not(None), RunRound.removed_at.is_(None)
    )
    rows = list(session.scalars(finished.order_by(RunRound.round)))
    if len(rows) <= LATEST:
        return
    kept = _kept_rounds(session, run, [row.round for row in rows])
    for row in rows:
        if row.round not in kept:
            row.removed_at = now()


def _kept_rounds(session: Session, run: Run, finished: list[int]) -> set[int]:
    assert run.spec is not None
    most = run.spec.config.evaluation.history_rounds
    if run.best_round is not None:
        return {run.best_round, run.num_rounds, finished[-1], *history_rounds(run.num_rounds, run.best_round, most)}
    may_win = rounds_that_may_win(_validations(session, run))
    return {
        *finished[-LATEST:],
        *even_rounds(run.num_rounds, most),
        *may_win,
        *_rounds_being_validated(session, run),
    }


def rounds_that_may_win(validations: Mapping[int, Validation]) -> set[int]:
    """Rounds that are the best by the validation of some set of participants: whoever leaves later, the best round is
    among them, or is yet to come. Each set compares the rounds that all of it validated; ties: earlier."""
    everyone = sorted({participant for validation in validations.values() for participant in validation})
    fewest = 1 if len(everyone) <= MOST_FOR_ALL_SETS else len(everyone) - 2
    winners = set()
    for size in range(fewest, len(everyone) + 1):
        for chosen in combinations(everyone, size):
            means = {
                number: _mean(validation, chosen)
                for number, validation in validations.items()
                if validation.keys() >= set(chosen)
            }
            if means:
                winners.add(min(means, key=lambda number: (-means[number], number)))
    return winners


def _mean(validation: Validation, participants: tuple[str, ...]) -> float:
    """Weighted by cases, summed in the order of participants."""
    entries = [validation[participant] for participant in participants]
    return sum(dice * cases for dice, cases in entries) / sum(cases for _, cases in entries)


def _validations(session: Session, run: Run) -> dict[int, dict[str, tuple[float, int]]]:
    query = select(Metric.round, Metric.site_slug, Metric.value, Metric.num_cases).where(
        Metric.run_id == run.id,
        Metric.round >= 1,
        Metric.model == run.criterion,
        Metric.split == "val",
        Metric.name == "dice",
        Metric.structure.is_(None),
        Metric.num_cases > 0,
    )
    found: dict[int, dict[str, tuple[float, int]]] = {}
    for number, participant, value, num_cases in session.execute(query):
        found.setdefault(number, {})[participant] = value, num_cases
    return found


def _rounds_being_validated(session: Session, run: Run) -> set[int]:
    """A participant that does not train in the next round validates a state on its own, and may be slower; one that
    was cancelled is asked again when the run is resumed."""
    waiting = (TaskStatus.QUEUED, TaskStatus.RUNNING, TaskStatus.CANCELLED)
    query = select(Task.round).where(Task.run_id == run.id, Task.kind == "validate_site", Task.status.in_(waiting))
    return set(session.scalars(query.distinct()))
