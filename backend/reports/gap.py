"""The gap to centralized training, as a report says it."""

from collections.abc import Iterator
from typing import Literal

from sqlalchemy.orm import Session

from backend.contracts.report_document import ReportGap, ReportGapRow
from backend.evaluations.gap.schemas import Gap, GapTerm, GapValue
from backend.evaluations.gap.service import gap_methods, gap_of
from backend.evaluations.scored_cases import ExperimentCases, Query, experiment_cases


def report_gap(session: Session, cases: ExperimentCases) -> ReportGap | None:
    """Of FedSM, else of the first federated method; None where none has results or its gap has no term."""
    best, last = (experiment_cases(session, cases.experiment, checkpoint) for checkpoint in ("best", "last"))
    if not gap_methods(best):
        return None
    gap = gap_of(session, best, last, None, Query("dice", "best"))
    if not gap.terms:
        return None
    return ReportGap(
        label=gap.strategy_label,
        columns=tuple(column.site_slug for column in gap.columns),
        rows=tuple(_rows(gap)),
        missing=tuple(f"{term.key.capitalize()}: {term.reason}; {term.remedy}." for term in gap.missing),
        words_of_seeds=gap.words_of_seeds,
        confidence=gap.confidence,
    )


def _rows(gap: Gap) -> Iterator[ReportGapRow]:
    terms = {term.end: term for term in gap.terms}
    for place, level in enumerate(gap.levels):
        if level.key == "last":
            continue
        if level.key in terms:
            yield _of_term("term", terms[level.key])
        yield ReportGapRow(
            kind="level",
            label=level.words,
            short=level.short,
            words=level.strategy_label,
            values=tuple(column.means[place] for column in gap.columns),
            texts=tuple(column.texts[place] for column in gap.columns),
            intervals=("",) * len(gap.columns),
            lows=(None,) * len(gap.columns),
            highs=(None,) * len(gap.columns),
        )
    yield _row("total", "Gap", "the terms above, added up", [column.total for column in gap.columns])
    if gap.checkpoint is not None:
        yield _of_term("outside", gap.checkpoint)
    rooms = [column.room for column in gap.columns if column.room is not None]
    if len(rooms) == len(gap.columns):
        words = "what the best of all the method's models for each case would win"
        yield _row("outside", "Room below the bound", words, rooms)


def _of_term(kind: Literal["term", "outside"], term: GapTerm) -> ReportGapRow:
    return _row(kind, term.label, term.words, term.values)


def _row(kind: Literal["term", "total", "outside"], label: str, words: str, values: list[GapValue]) -> ReportGapRow:
    return ReportGapRow(
        kind=kind,
        label=label,
        short=label,
        words=words,
        values=tuple(value.loss for value in values),
        texts=tuple(value.text for value in values),
        intervals=tuple(value.interval_text for value in values),
        lows=tuple(value.low for value in values),
        highs=tuple(value.high for value in values),
    )
