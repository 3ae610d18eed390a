"""The best round: one for the whole super model, by validation Dice."""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import Metric, Run
from backend.events import service as events
from backend.runs.service import describe_run


def choose_best_round(session: Session, run: Run) -> None:
    """Sets `best_round` and `best_dice`: the case-weighted mean of validation Dice over participants; ties: earlier.

    Only rounds that as many participants as possible have validated are compared, for a round is not better because
    a hard site was absent. Without any validation case the last round is taken, and a warning says so.
    """
    rounds = _dice_by_round(session, run)
    if not rounds:
        run.best_round, run.best_dice = run.num_rounds, None
        message = (
            f"{describe_run(run)}: no participant has validation cases, so the last round is taken as the best. "
            "Register more cases, or a larger share for validation."
        )
        events.record_of_run(session, run, "status", message, events.BACKEND, level="warning", round=run.num_rounds)
        return
    most = max(len(values) for values in rounds.values())
    means = {
        number: sum(dice * cases for dice, cases in values) / sum(cases for _, cases in values)
        for number, values in rounds.items()
        if len(values) == most
    }
    run.best_round = min(means, key=lambda number: (-means[number], number))
    run.best_dice = means[run.best_round]


def _dice_by_round(session: Session, run: Run) -> dict[int, list[tuple[float, int]]]:
    """Round to (Dice, number of cases) of each participant, in participant order."""
    query = select(Metric).where(
        Metric.run_id == run.id,
        Metric.round.between(1, run.num_rounds),
        Metric.model == run.criterion,
        Metric.split == "val",
        Metric.name == "dice",
        Metric.structure.is_(None),
        Metric.num_cases > 0,
    )
    rounds: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for metric in session.scalars(query.order_by(Metric.round, Metric.site_slug)):
        rounds[metric.round].append((metric.value, metric.num_cases))
    return rounds
