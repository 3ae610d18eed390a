"""Two to eight runs of one federation side by side: what was set otherwise, what it cost, what it scored."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.contracts.metrics import SCORES, DistanceUnit, ModelKind
from backend.contracts.score_text import printed, signed, signed_interval
from backend.contracts.status import TaskStatus
from backend.db.lookup import get_row
from backend.db.models import Experiment, Federation, Run, RunDataset, Task
from backend.errors import InvalidInput
from backend.evaluations.comparison import require_structure, words_of_test
from backend.evaluations.effort.remarks import unequal_steps
from backend.evaluations.effort.service import steps_of_runs
from backend.evaluations.run_comparison.parameters import parameters
from backend.evaluations.run_comparison.schemas import ComparedRun, ComparedScore, RunComparison, ScoreRow
from backend.evaluations.scored_cases import (
    Query,
    TestedCaseScores,
    case_value,
    evaluated_cases,
    model_name,
    places_of,
    stated_of_run,
)
from backend.evaluations.statistics import bootstrap_mean, holm, wilcoxon
from backend.evaluations.summaries import StatedSites
from backend.evaluations.table_rows import best_of
from backend.evaluations.tested_cases import TestCases, lacking, together
from backend.runs.run_data import expected_cases
from backend.runs.service import run_record
from backend.runs.words import describe_run
from backend.site_names import SiteNames, named, site_names

FEWEST, MOST = 2, 8


@dataclass(frozen=True, eq=False)
class _Entry:
    run: Run
    experiment: Experiment
    model: ModelKind
    rows: list[TestedCaseScores]
    stated: StatedSites
    fingerprints: dict[str, tuple[str, ...]]

    def values(self, slug: str | None, pooled: list[str], query: Query) -> dict[str, float]:
        """Case id to score."""
        wanted = pooled if slug is None else [slug]
        found = {}
        for row in self.rows:
            if row.site_slug in wanted:
                value = case_value(row, self.model, query)
                if value is not None and value.value is not None:
                    found[row.case_id] = value.value
        return found

    def num_misses(self, slug: str | None, pooled: list[str], query: Query) -> int:
        """Cases that have no value although a mask holds the structure."""
        wanted = pooled if slug is None else [slug]
        values = (case_value(row, self.model, query) for row in self.rows if row.site_slug in wanted)
        return sum(value is not None and value.missed for value in values)

    def tested(self) -> dict[str, frozenset[str]]:
        """Site to the cases on which its model was scored."""
        found: dict[str, set[str]] = {}
        for row in self.rows:
            if model_name(self.model, row.site_slug) in row.scores:
                found.setdefault(row.site_slug, set()).add(row.case_id)
        return {slug: frozenset(cases) for slug, cases in found.items()}


def compare_runs(session: Session, federation_id: str, run_ids: list[str], query: Query) -> RunComparison:
    """Raises InvalidInput for too few or many runs, a run of another federation, or an unknown structure."""
    federation = get_row(session, Federation, federation_id)
    ids = list(dict.fromkeys(run_ids))
    if not FEWEST <= len(ids) <= MOST:
        raise InvalidInput.of_field("run", len(ids), "is the number of different runs", f"give {FEWEST} to {MOST}")
    structures = [structure.name for structure in federation.task.structures]
    require_structure(structures, query.structure)
    entries = [_entry(session, federation, run_id, query) for run_id in ids]
    slugs = list(dict.fromkeys(slug for entry in entries for slug in places_of(entry.run).all))
    pooled = [slug for slug in slugs if all(slug in places_of(entry.run).training for entry in entries)]
    other_data = [slug for slug in slugs if len({entry.fingerprints.get(slug) for entry in entries}) > 1]
    names = site_names(session, federation.id)
    expected = expected_cases(session, [entry.run.id for entry in entries]).values()
    everything = together([*expected, *(entry.tested() for entry in entries)])
    return RunComparison(
        metric=query.metric,
        checkpoint=query.checkpoint,
        structure=query.structure,
        structures=structures,
        higher_is_better=not SCORES[query.metric].lower_is_better,
        unit=_unit(entries) if SCORES[query.metric].quantity == "distance" else None,
        runs=[_compared_run(session, entry) for entry in entries],
        parameters=parameters([(e.experiment.config, e.run.strategy, e.run.seed) for e in entries]),
        rows=[_row(entries, slug, pooled, query, everything, names) for slug in [*slugs, None]],
        other_data=other_data,
        cautions=[
            *_cautions(entries, slugs, pooled, other_data, everything, names),
            *_unequal_effort(session, entries),
        ],
        test=words_of_test("runs"),
    )


def _entry(session: Session, federation: Federation, run_id: str, query: Query) -> _Entry:
    run = get_row(session, Run, run_id)
    experiment = session.get_one(Experiment, run.experiment_id)
    if experiment.federation_id != federation.id:
        raise InvalidInput.of_field("run", run_id, f"is no run of {federation.name}", "choose runs of one federation")
    fingerprints: dict[str, tuple[str, ...]] = {}
    datasets = select(RunDataset).where(RunDataset.run_id == run.id).order_by(RunDataset.position)
    for dataset in session.scalars(datasets):
        fingerprints[dataset.site_slug] = (*fingerprints.get(dataset.site_slug, ()), dataset.fingerprint)
    rows, stated = evaluated_cases(session, [run.id], query.checkpoint), stated_of_run(session, run, query.checkpoint)
    return _Entry(run, experiment, run.strategy.card.models[-1], rows, stated, fingerprints)


def _compared_run(session: Session, entry: _Entry) -> ComparedRun:
    run = entry.run
    over = run.started_at is not None and run.finished_at is not None
    sums = select(func.coalesce(func.sum(Task.bytes_up), 0), func.coalesce(func.sum(Task.bytes_down), 0))
    up, down = session.execute(sums.where(Task.run_id == run.id, Task.status == TaskStatus.COMPLETED)).one()
    return ComparedRun(
        run=run_record(session, run),
        experiment_name=entry.experiment.name,
        model=entry.model,
        seconds=(run.finished_at - run.started_at).total_seconds() if over else None,  # type: ignore[operator]
        bytes_up=up,
        bytes_down=down,
    )


def _row(
    entries: list[_Entry],
    slug: str | None,
    pooled: list[str],
    query: Query,
    everything: TestCases,
    names: SiteNames,
) -> ScoreRow:
    """Every run on one site, with its differences from the first; the best as it is printed, of those over the same
    cases."""
    first, *others = [entry.values(slug, pooled, query) for entry in entries]
    scores = [_score(first, None, query)] + [_score(values, first, query) for values in others]
    wanted = {site: everything[site] for site in (pooled if slug is None else [slug]) if site in everything}
    lacks = [lacking(entry.tested(), wanted, names) if entry.rows else None for entry in entries]
    misses = [entry.num_misses(slug, pooled, query) for entry in entries]
    fewest = min((number for number, entry in zip(misses, entries, strict=True) if entry.rows), default=0)
    comparable = [short is None and number <= fewest for short, number in zip(lacks, misses, strict=True)]
    best = best_of([score.mean for score in scores], query.metric, comparable)
    adjusted = [None, *holm([score.p for score in scores[1:]])]
    return ScoreRow(
        site_slug=slug,
        scores=[
            score.model_copy(update={"p_holm": p, "best": is_best, "lacks": short.words if short else None})
            for score, p, is_best, short in zip(scores, adjusted, best, lacks, strict=True)
        ],
    )


def _score(values: dict[str, float], first: dict[str, float] | None, query: Query) -> ComparedScore:
    differences = [values[case] - first[case] for case in values if case in first] if first is not None else []
    test, interval = wilcoxon(differences), bootstrap_mean(differences)
    low, high = (interval.low, interval.high) if interval else (None, None)
    mean = fmean(values.values()) if values else None
    difference = fmean(differences) if differences else None
    return ComparedScore(
        mean=mean,
        text=printed(mean, query.metric),
        best=False,
        lacks=None,
        num_cases=len(values),
        num_pairs=len(differences),
        difference=difference,
        difference_text=signed(difference, query.metric),
        low=low,
        high=high,
        interval_text=signed_interval(low, high, query.metric),
        p=test.p if test else None,
        p_holm=None,
    )


def _unit(entries: list[_Entry]) -> DistanceUnit | None:
    """All sites of a federation are photographs or have a spacing: mixed units are the results table's affair."""
    units = {row.distance_unit for entry in entries for row in entry.rows}
    return "px" if units == {"px"} else "mm" if units == {"mm"} else None


def _unequal_effort(session: Session, entries: list[_Entry]) -> list[str]:
    """By run; runs of one name, of different experiments, by the experiments too."""
    runs = [entry.run for entry in entries]
    names = [describe_run(run) for run in runs]
    labels = {
        entry.run.id: name if names.count(name) == 1 else f"{name} ({entry.experiment.name})"
        for entry, name in zip(entries, names, strict=True)
    }
    steps = {labels[run_id]: number for run_id, number in steps_of_runs(session, runs).items()}
    return [remark.words for remark in unequal_steps(steps, "runs")]


def _cautions(
    entries: list[_Entry],
    slugs: list[str],
    pooled: list[str],
    other_data: list[str],
    everything: TestCases,
    names: SiteNames,
) -> Iterator[str]:
    for entry in entries:
        expected = {slug: everything.get(slug, frozenset()) for slug in places_of(entry.run).training}
        if entry.rows and (short := lacking(entry.tested(), expected, names)):
            yield (
                f"{describe_run(entry.run)} was tested on {short.words}: its means are over other cases than the "
                "others' and not compared with them; differences are over the cases that both have."
            )
    if stated := sorted({slug for entry in entries for slug in entry.stated}):
        yield f"{named(stated, names)}: the site's policy lets no score of a single case leave; it is left out here."
    if other_data:
        of_sites = named(other_data, names)
        yield f"The data of {of_sites} are not the same in every run: their scores are not of the same images."
    if untested := [describe_run(entry.run) for entry in entries if not (entry.rows or entry.stated)]:
        yield f"No test scores yet: {'; '.join(untested)}."
    if len(pooled) < len(slugs):
        rest = named((slug for slug in slugs if slug not in pooled), names)
        yield f"Pooled are the sites that train in every run; {rest} is left out of that row."
    if len({entry.run.seed for entry in entries}) > 1:
        yield "The seeds differ: part of a difference is what training varies from seed to seed."
