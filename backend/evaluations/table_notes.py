"""What a reader of a table must know before comparing its numbers, in sentences."""

from collections.abc import Iterator

from backend.db.models import Run
from backend.evaluations.scored_cases import ExperimentCases, places_of
from backend.evaluations.tested_cases import lacking
from backend.runs.words import describe_run
from backend.site_names import named


def notes_of(cases: ExperimentCases, with_counts: bool = True) -> list[str]:
    """Runs that were trained at other sites or ended by somebody, whose test lacks cases that others have, or whose
    training was longer or ended too early.

    with_counts False: for readers to whom a site's policy states no small numbers.
    """
    remarks = [remark.words for remark in cases.training.remarks]
    return [*_other_sites(cases), *_ended(cases), *_lacking(cases, with_counts), *_stated(cases), *remarks]


def _other_sites(cases: ExperimentCases) -> Iterator[str]:
    by_sites: dict[tuple[str, ...], list[Run]] = {}
    for run in cases.runs:
        if run.spec is not None:
            by_sites.setdefault(tuple(places_of(run).training), []).append(run)
    if len(by_sites) < 2:
        return
    parts = [f"{_named(runs)} at {named(slugs, cases.names)}" for slugs, runs in by_sites.items()]
    yield f"Not every run was trained at the same sites: {'; '.join(parts)}."


def _ended(cases: ExperimentCases) -> Iterator[str]:
    """Runs that somebody ended before their planned rounds; what validation ends is the method's own schedule."""
    for run in cases.runs:
        if run.early_stop is not None and run.early_stop.by is not None:
            yield f"{describe_run(run)} {run.early_stop.in_words()}, so its best round is of fewer rounds than planned."


def _lacking(cases: ExperimentCases, with_counts: bool) -> Iterator[str]:
    by_words: dict[str, list[Run]] = {}
    for run in cases.runs:
        if cases.is_tested(run) and (found := lacking(cases.tested(run), cases.everything, cases.names)):
            words = f"tested on {found.words}" if with_counts else f"tested {found.stated_words}"
            by_words.setdefault(words, []).append(run)
    for words, runs in by_words.items():
        yield (
            f"{_named(runs)}: {words}. A mean over other cases is not compared with the others: it is neither the best "
            "of its column nor a worst site; paired differences are over the cases that both have."
        )


def _stated(cases: ExperimentCases) -> Iterator[str]:
    """Sites whose policy keeps the scores of single cases."""
    stated = [(slug, site) for run in cases.runs for slug, site in cases.stated_of(run).items()]
    if means := sorted({slug for slug, site in stated if site.summary.scores}):
        yield (
            f"{named(means, cases.names)}: the site's policy lets means leave and no score of a single case. They "
            "count in all means; paired tests, intervals, the selector's thresholds and the list of cases are of the "
            "other sites. A mean or a count that would tell of a few cases is left out, or stated as none or all."
        )
    if none := sorted({slug for slug, site in stated if not site.summary.scores}):
        yield (
            f"{named(none, cases.names)}: tested, but on fewer cases than the site's policy asks for, or on nearly the "
            "same as before, so that subtraction would tell of a few: no mean leaves."
        )


def _named(runs: list[Run]) -> str:
    return ", ".join(describe_run(run) for run in runs)
