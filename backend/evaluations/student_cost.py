"""What one student in place of a super model costs: the Dice of both on the same test cases."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import fmean

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.score_text import signed, signed_interval
from backend.contracts.status import RunStatus
from backend.db.models import Experiment, Run
from backend.evaluations.scored_cases import (
    GLOBAL,
    SUPER,
    ExperimentCases,
    Query,
    TestedCaseScores,
    Valued,
    evaluated_cases,
    places_of,
    stated_of_run,
    summaries_of,
    valued_cases,
)
from backend.evaluations.statistics import bootstrap_mean
from backend.evaluations.student_schemas import StudentCost, StudentScore
from backend.evaluations.summaries import column_value
from backend.evaluations.validated_threshold import at_threshold

_DICE = Query("dice", "best")


def costs_of(cases: ExperimentCases) -> dict[str, StudentCost]:
    """By the label of a method, what the newest finished student of each of its runs costs; without those that have
    none."""
    teachers = {run.id: run for run in cases.runs if isinstance(run.strategy, FedSMConfig)}
    if not teachers:
        return {}
    query = select(Experiment.teacher_run_id, Run).join(Run, Run.experiment_id == Experiment.id)
    query = query.where(Experiment.teacher_run_id.in_(teachers), Run.status == RunStatus.COMPLETED)
    oldest_first = cases.session.execute(query.order_by(Run.created_at, Run.id))
    newest = {teacher: student for teacher, student in oldest_first if teacher is not None}
    found: dict[str, list[StudentScore]] = defaultdict(list)
    for run_id, run in teachers.items():
        if run_id in newest:
            scores = student_scores(cases.session, run, newest[run_id])
            found[run.strategy_label] += [score for score in scores if score.site_slug is None]
    return {label: cost for label, scores in found.items() if (cost := _cost(scores)) is not None}


def _cost(scores: list[StudentScore]) -> StudentCost | None:
    known = [score.difference for score in scores if score.difference is not None]
    if not known:
        return None
    alone = scores[0] if len(scores) == 1 else None
    return StudentCost(
        difference=fmean(known),
        difference_text=signed(fmean(known), "dice"),
        low=alone.low if alone else None,
        high=alone.high if alone else None,
        interval_text=alone.interval_text if alone else None,
        num_students=len(known),
    )


def student_scores(session: Session, source: Run, student: Run) -> Iterator[StudentScore]:
    """All sites that trained together first, then each site. Where the scores of single cases are there, both means are
    of the cases that both were tested on, and the difference has an interval; else they are what the sites stated."""
    assert student.spec is not None
    assert student.spec.taught is not None
    places, strategy = places_of(source), student.spec.taught.strategy
    rows = evaluated_cases(session, [source.id], "best")
    if isinstance(strategy, FedSMConfig) and strategy.routing == "hard" and strategy.threshold == "fixed":
        rows = [_as_taught(row, strategy.gamma) for row in rows]
    teacher = valued_cases(rows, SUPER, _DICE)
    taught = valued_cases(evaluated_cases(session, [student.id], "best"), GLOBAL, _DICE)
    stated = stated_of_run(session, source, "best"), stated_of_run(session, student, "best")
    for slug in [None, *places.all]:
        summaries = [
            summaries_of(of_run, places, model, _DICE, slug)
            for of_run, model in zip(stated, (SUPER, GLOBAL), strict=True)
        ]
        if any(summaries):
            means = [
                column_value(places.values(valued, slug), found)
                for valued, found in zip((teacher, taught), summaries, strict=True)
            ]
            yield _score(slug, means[0].mean, means[1].mean, None, means[1].num_cases)
            continue
        pairs = _pairs(teacher, taught, places.sites(slug))
        if pairs:
            differences = [after - before for before, after in pairs]
            yield _score(slug, fmean(a for a, _ in pairs), fmean(b for _, b in pairs), differences, len(pairs))


def _as_taught(row: TestedCaseScores, gamma: float) -> TestedCaseScores:
    """A row of a model that was scored with this threshold is as it was."""
    moved = at_threshold(row, gamma)
    return row if moved.chosen_model == row.chosen_model else moved


def _pairs(teacher: list[Valued], taught: list[Valued], sites: frozenset[str]) -> list[tuple[float, float]]:
    """Dice of the super model and of the student, of each case that has both."""
    before = {(row.site_slug, row.case_id): value.value for row, value in teacher if row.site_slug in sites}
    pairs = [(before.get((row.site_slug, row.case_id)), value.value) for row, value in taught]
    return [(one, other) for one, other in pairs if one is not None and other is not None]


def _score(
    slug: str | None, teacher: float | None, student: float | None, differences: list[float] | None, num_cases: int
) -> StudentScore:
    interval = bootstrap_mean(differences) if differences else None
    low, high = (interval.low, interval.high) if interval else (None, None)
    difference = None if teacher is None or student is None else student - teacher
    return StudentScore(
        site_slug=slug,
        super=teacher,
        student=student,
        difference=difference,
        difference_text=signed(difference, "dice"),
        low=low,
        high=high,
        interval_text=signed_interval(low, high, "dice"),
        num_cases=num_cases,
    )
