"""Makes a report's document of what is stored now."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import VERSION
from backend.clock import now
from backend.contracts.changed_settings import experiment_settings, strategy_settings
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.metrics import SCORES, ModelKind, ScoreName
from backend.contracts.report_document import (
    Report,
    ReportBaseline,
    ReportCell,
    ReportEffort,
    ReportMatrix,
    ReportMethod,
    ReportPictures,
    ReportRow,
    ReportRun,
    ReportSelector,
    ReportSite,
    ReportTable,
    SiteRole,
)
from backend.contracts.status import RunStatus
from backend.db.models import Experiment, Federation, Run, RunDataset
from backend.errors import Conflict
from backend.evaluations.comparison import comparison_of
from backend.evaluations.matrix import run_matrix
from backend.evaluations.results import seeds_of_table
from backend.evaluations.schemas import Checkpoint, ShownCell, ShownTable
from backend.evaluations.scored_cases import ExperimentCases, Query, experiment_cases
from backend.evaluations.selector import run_selector
from backend.evaluations.shown_table import shown_table
from backend.evaluations.table_notes import notes_of
from backend.evaluations.table_rows import ALL, WORST
from backend.evaluations.verdict.schemas import Verdict
from backend.evaluations.verdict.service import verdict_of
from backend.experiments.service import write_experiment_file
from backend.reports.curves import validation_curves
from backend.reports.gap import report_gap
from backend.runs.words import describe_run
from backend.site_names import SiteNames, named
from backend.sites import service as sites

#: What papers report; the other metrics stay in the exports.
METRICS: tuple[ScoreName, ...] = ("dice", "hd95", "nsd")
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Wish:
    """What the author of a report chose. baseline None: the verdict's. baseline_model None: the model that the
    baseline's method is for. pictures: stored already."""

    title: str
    note: str
    checkpoint: Checkpoint = "best"
    baseline: str | None = None
    baseline_model: ModelKind | None = None
    pictures: ReportPictures | None = None


def freeze(session: Session, experiment: Experiment, wish: Wish, author: str) -> Report:
    """Raises Conflict where nothing was evaluated yet, InvalidInput for a baseline that is not the experiment's."""
    cases = experiment_cases(session, experiment, wish.checkpoint)
    if not any(map(cases.is_tested, cases.runs)):
        raise Conflict(
            f"the experiment {experiment.name!r} has no results yet: a report can be made once its first run has "
            "tested its models"
        )
    federation = session.get_one(Federation, experiment.federation_id)
    report_sites = _sites(session, cases)
    withheld = {site.slug: site.minimum_count for site in report_sites if None in site.num_cases.values()}
    verdict = verdict_of(cases, Query("dice", wish.checkpoint))
    wish = _with_baseline(wish, verdict)
    tables = list(_tables(cases, wish, withheld))
    shown = _shown_run(cases)
    return Report(
        title=wish.title or experiment.name,
        note=wish.note,
        experiment_id=experiment.id,
        experiment_name=experiment.name,
        description=experiment.description,
        federation_name=federation.name,
        frozen_at=now(),
        frozen_by=author,
        version=VERSION,
        checkpoint=wish.checkpoint,
        task=federation.task,
        sites=report_sites,
        methods=tuple(_methods(cases)),
        settings=experiment_settings(_with_names(experiment.config, cases.names)),
        config=experiment.config.model_dump(mode="json", by_alias=True),
        experiment_file=write_experiment_file(session, experiment),
        fingerprints=_fingerprints(session, cases),
        baseline=_baseline(cases, wish),
        verdict=(verdict.headline, *verdict.details),
        tables=tuple(tables),
        matrix=_matrix(session, shown, wish.checkpoint) if shown else None,
        selector=_selector(session, shown, wish.checkpoint) if shown else None,
        efforts=tuple(_efforts(cases)),
        gap=report_gap(session, cases),
        pictures=wish.pictures,
        curves=tuple(validation_curves(session, cases.runs)),
        remarks=tuple(_remarks(cases, tables, with_counts=not withheld)),
    )


def _with_names(config: ExperimentConfig, names: SiteNames) -> ExperimentConfig:
    """For people: `held_out_sites` in names."""
    return config.model_copy(update={"held_out_sites": tuple(names.get(slug, slug) for slug in config.held_out_sites)})


def _with_baseline(wish: Wish, verdict: Verdict) -> Wish:
    """Without a wish, what the verdict begins with: a table without tests says little."""
    first = next((entry.method for entry in verdict.against if entry.role == "baseline"), None)
    if wish.baseline is not None or first is None:
        return wish
    return replace(wish, baseline=first.strategy_label, baseline_model=first.model)


def _sites(session: Session, cases: ExperimentCases) -> tuple[ReportSite, ...]:
    counts = _counts(_datasets(session, cases))
    found = []
    for site in sites.list_sites(session, cases.experiment.federation_id):
        least = sites.policy_of(site).minimum_count
        own = counts.get(site.slug, Counter())
        found.append(
            ReportSite(
                slug=site.slug,
                name=site.name,
                position=site.position,
                role=_role(site.slug, cases, counts),
                num_cases={split: _stated(own[split], least) for split in SPLITS},
                minimum_count=least,
            )
        )
    return tuple(found)


def _role(slug: str, cases: ExperimentCases, counts: dict[str, Counter[str]]) -> SiteRole:
    if slug in cases.places.unseen:
        return "held out"
    return "trains" if slug in cases.places.training and slug in counts else "no data"


def _datasets(session: Session, cases: ExperimentCases) -> list[RunDataset]:
    """Of all runs together, each once: a run that was fixed later than the others may have had other data."""
    found: dict[tuple[str, str], RunDataset] = {}
    for run in cases.runs:
        query = select(RunDataset).where(RunDataset.run_id == run.id).order_by(RunDataset.position)
        for row in session.scalars(query):
            found.setdefault((row.dataset_id, row.fingerprint), row)
    return list(found.values())


def _counts(datasets: list[RunDataset]) -> dict[str, Counter[str]]:
    """Site and split to the number of different cases."""
    found: dict[str, dict[str, str]] = {}
    for dataset in datasets:
        found.setdefault(dataset.site_slug, {}).update({case.case_id: case.split for case in dataset.manifest.cases})
    return {slug: Counter(splits.values()) for slug, splits in found.items()}


def _stated(count: int, least: int) -> int | None:
    return None if 0 < count < least else count


def _fingerprints(session: Session, cases: ExperimentCases) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for dataset in _datasets(session, cases):
        found[dataset.site_slug] = (*found.get(dataset.site_slug, ()), dataset.fingerprint)
    return found


def _methods(cases: ExperimentCases) -> Iterator[ReportMethod]:
    by_label: dict[str, list[Run]] = {}
    for run in cases.runs:
        by_label.setdefault(run.strategy_label, []).append(run)
    for label, runs in by_label.items():
        yield ReportMethod(
            label=label,
            settings=strategy_settings(runs[0].strategy),
            runs=tuple(_report_run(run) for run in runs),
        )


def _report_run(run: Run) -> ReportRun:
    ended = run.finished_at is not None and run.started_at is not None
    return ReportRun(
        seed=run.seed,
        status=RunStatus(run.status),
        best_round=run.best_round,
        num_rounds=run.num_rounds,
        seconds=(run.finished_at - run.started_at).total_seconds() if ended else None,  # type: ignore[operator]
        failure=run.failure,
        code_version=run.code_version,
    )


def _baseline(cases: ExperimentCases, wish: Wish) -> ReportBaseline | None:
    if wish.baseline is None:
        return None
    found = comparison_of(cases, wish.baseline, wish.baseline_model, Query("dice", wish.checkpoint))
    return ReportBaseline(
        label=found.baseline_label, model=found.baseline_model, test=found.test, confidence=found.confidence
    )


def _tables(cases: ExperimentCases, wish: Wish, withheld: dict[str, int]) -> Iterator[ReportTable]:
    """A task of one structure has no mean over structures of its own."""
    structures: list[str | None] = [None, *cases.structures] if len(cases.structures) > 1 else [None]
    for metric in METRICS:
        for structure in structures:
            query = Query(metric, wish.checkpoint, structure)
            yield _table(shown_table(cases, query, wish.baseline, wish.baseline_model), withheld)


def _table(shown: ShownTable, withheld: dict[str, int]) -> ReportTable:
    """The sites' columns, then the pooled one, as every table draws them."""
    keys = [column.key for column in shown.columns]
    order = [index for index, key in enumerate(keys) if key not in (ALL, WORST)] + [keys.index(ALL)]
    return ReportTable(
        metric=shown.metric,
        title=SCORES[shown.metric].label,
        unit=shown.unit if SCORES[shown.metric].quantity == "distance" else None,
        higher_is_better=shown.higher_is_better,
        structure=shown.structure,
        columns=tuple(shown.columns[index].site_slug for index in order),
        rows=tuple(
            ReportRow(
                label=row.strategy_label,
                model=row.model,
                cells=tuple(_cell(row.cells[index], withheld) for index in order),
            )
            for row in shown.rows
        ),
    )


def _cell(shown: ShownCell, withheld: dict[str, int]) -> ReportCell:
    score, against = shown.score, shown.difference
    if score is None:
        return ReportCell(mean=None)
    lacks = (score.lacks.stated_words if withheld else score.lacks.words) if score.lacks else None
    return ReportCell(
        mean=score.mean,
        std=score.std,
        text=shown.text,
        deviation=shown.deviation,
        lacks=lacks,
        best=shown.best,
        num_cases=_stated(score.num_cases, withheld.get(score.site_slug or "", 1)),
        num_misses=score.num_misses,
        num_missing=_stated(score.num_missing, withheld.get(score.site_slug or "", 1)),
        difference=against.difference if against else None,
        low=against.low if against else None,
        high=against.high if against else None,
        p=against.p_holm if against else None,
        difference_text=against.difference_text if against and against.difference is not None else None,
        interval_text=against.interval_text if against else None,
    )


def _shown_run(cases: ExperimentCases) -> Run | None:
    """Whose matrix is shown: FedSM's first run with results, else the first with a personalized model."""
    scored = [run for run in cases.runs if cases.is_tested(run)]
    personalized = [run for run in scored if "personalized" in run.strategy.card.models]
    of_fedsm = [run for run in personalized if isinstance(run.strategy, FedSMConfig)]
    return next(iter(of_fedsm or personalized), None)


def _matrix(session: Session, run: Run, checkpoint: Checkpoint) -> ReportMatrix:
    found = run_matrix(session, run, Query("dice", checkpoint))
    return ReportMatrix(
        run_label=run.strategy_label,
        seed=run.seed,
        round=found.round,
        columns=(*found.sites, None),
        models=tuple(row.model for row in found.rows),
        means=tuple(tuple(cell.mean for cell in row.cells) for row in found.rows),
    )


def _selector(session: Session, run: Run, checkpoint: Checkpoint) -> ReportSelector | None:
    """None for a method without a selector."""
    if not isinstance(run.strategy, FedSMConfig):
        return None
    found = run_selector(session, run, Query("dice", checkpoint))
    pooled = next((group for group in found.groups if group.site_slug is None), None)
    if pooled is None:
        return None
    of_sites = {group.site_slug: group for group in found.groups if group.site_slug is not None}
    return ReportSelector(
        run_label=run.strategy_label,
        seed=run.seed,
        round=found.round,
        gamma=found.gamma,
        accuracy=pooled.calibration.accuracy if pooled.calibration else None,
        share_global=pooled.share_global,
        sites=tuple(found.sites),
        rows=tuple(of_sites),
        chosen=tuple(
            tuple(group.chosen.get(slug, 0) / group.num_cases for slug in found.sites) for group in of_sites.values()
        ),
        sweep=tuple((point.gamma, point.mean) for point in pooled.sweep if point.mean is not None)
        if found.routing == "hard"
        else (),
    )


def _efforts(cases: ExperimentCases) -> Iterator[ReportEffort]:
    for effort in cases.training.efforts:
        yield ReportEffort(
            label=effort.strategy_label,
            model=effort.model,
            num_rounds=effort.num_rounds,
            steps=effort.steps,
            steps_fewest=effort.steps_fewest,
            steps_most=effort.steps_most,
            images=effort.images,
            seconds=effort.seconds,
            bytes=effort.bytes,
        )


def _missing(tables: list[ReportTable]) -> Iterator[str]:
    """Of the sites' columns: the pooled one repeats them."""
    columns = [
        [row.cells[index].num_missing or 0 for row in table.rows if row.cells[index].mean is not None]
        for table in tables
        for index in range(len(table.columns) - 1)
    ]
    if missing := sum(map(sum, columns)):
        differ = any(len(set(column)) > 1 for column in columns)
        yield (
            f"{missing} scores are missing, for neither mask holds the structure; they are in no mean."
            + differ * " Methods differ in them at one site, so their means there are not of the same cases."
        )


def _remarks(cases: ExperimentCases, tables: list[ReportTable], with_counts: bool) -> Iterator[str]:
    yield "Research software, not a medical device."
    open_runs = [run for run in cases.runs if run.status != RunStatus.COMPLETED]
    if open_runs:
        unfinished = ", ".join(f"{run.strategy_label} seed {run.seed} ({run.status})" for run in open_runs)
        yield f"Not completed when this report was made, and absent or partly absent from the tables: {unfinished}."
    yield from notes_of(cases, with_counts)
    for run in cases.runs:
        if run.compared is not None and (note := run.compared.note(cases.names)) is not None:
            yield f"{describe_run(run)}: {note}"
    yield seeds_of_table(cases)
    if cases.places.unseen:
        unseen = named(cases.places.unseen, cases.names)
        yield f"Held out of training and left out of the pooled column: {unseen}."
    if misses := sum(cell.num_misses for table in tables for row in table.rows for cell in row.cells[:-1]):
        yield (
            f"{misses} scores have no value, for one of the two masks was empty; they are in no mean. Read HD95 with "
            "Dice, which counts them as 0."
        )
    yield from _missing(tables)
    if cases.experiment.config.evaluation.nsd_tolerance:
        tolerance = cases.experiment.config.evaluation.nsd_tolerance
        yield f"NSD at a tolerance of {tolerance:g} mm, or px for images without spacing."
