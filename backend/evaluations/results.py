"""The results table of an experiment: methods x sites x structures, and what the selector did."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from statistics import fmean, stdev

from sqlalchemy.orm import Session

from backend.contracts.metrics import ModelKind
from backend.contracts.status import TERMINAL_RUN_STATUSES
from backend.contracts.strategy_configs import StrategyName
from backend.db.models import EvaluatedCase, Experiment, Federation, Run
from backend.evaluations import service
from backend.experiments.schemas import ConfusionRow, ExperimentResults, ResultCell, SelectorResult
from backend.runs.service import list_runs
from backend.sites import service as sites

REPORTED_MODELS: dict[StrategyName, tuple[ModelKind, ...]] = {
    "fedsm": ("global", "personalized", "super"),
    "fedavg": ("global",),
    "local-only": ("personalized",),
    "centralized": ("global",),
    "fedprox": ("global",),
    "fedavgm": ("global",),
    "fedadam": ("global",),
    "fedyogi": ("global",),
    "fedadagrad": ("global",),
    "scaffold": ("global",),
    "fednova": ("global",),
    "feddyn": ("global",),
    "ditto": ("global", "personalized"),
    "mr-mtl": ("global", "personalized"),
    "fedbn": ("global", "personalized"),
    "silobn": ("global", "personalized"),
    "fedper": ("global", "personalized"),
    "fedrep": ("global", "personalized"),
    "fine-tuning": ("global", "personalized"),
    "apfl": ("global", "personalized"),
    "pfedme": ("global", "personalized"),
    "fedala": ("global", "personalized"),
}

CSV_COLUMNS = tuple(ResultCell.model_fields)


def experiment_results(session: Session, experiment: Experiment) -> ExperimentResults:
    """Means over cases, then mean and standard deviation over seeds."""
    runs = list_runs(session, experiment.id)
    rows: dict[str, list[EvaluatedCase]] = defaultdict(list)
    for row in service.evaluated_cases(session, [run.id for run in runs]):
        rows[row.run_id].append(row)
    task = session.get_one(Federation, experiment.federation_id).task
    structures = [structure.name for structure in task.structures]
    slugs = _site_slugs(session, experiment, runs)
    return ExperimentResults(
        experiment_id=experiment.id,
        structures=structures,
        sites=slugs,
        cells=list(_cells(runs, rows, slugs, structures)),
        selectors=[
            _selector(run, slugs, routed)
            for run in runs
            if (routed := [row for row in rows[run.id] if row.probabilities])
        ],
        complete=all(run.status in TERMINAL_RUN_STATUSES for run in runs),
    )


def results_csv(results: ExperimentResults) -> str:
    """One line a cell; an empty field is an absent value, an empty site or structure the pooled or mean one."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS)
    writer.writeheader()
    writer.writerows(cell.model_dump() for cell in results.cells)
    return text.getvalue()


def _site_slugs(session: Session, experiment: Experiment, runs: list[Run]) -> list[str]:
    for run in runs:
        if run.spec is not None:
            return list(run.spec.sites)
    return [site.slug for site in sites.list_sites(session, experiment.federation_id)]


def _cells(
    runs: list[Run], rows: dict[str, list[EvaluatedCase]], slugs: list[str], structures: list[str]
) -> Iterator[ResultCell]:
    by_label: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_label[run.strategy_label].append(run)
    for label, seeds in by_label.items():
        for model in REPORTED_MODELS[seeds[0].strategy.name]:
            for slug in [*slugs, None]:
                for structure in [*structures, None]:
                    per_seed = [_select(rows[run.id], slug) for run in seeds]
                    yield _cell(label, model, slug, structure, [cases for cases in per_seed if cases])


def _select(rows: list[EvaluatedCase], slug: str | None) -> list[EvaluatedCase]:
    return [row for row in rows if slug in (None, row.site_slug)]


def _cell(
    label: str, model: ModelKind, slug: str | None, structure: str | None, seeds: list[list[EvaluatedCase]]
) -> ResultCell:
    scores = [[_case_dice(row, model, structure) for row in cases] for cases in seeds]
    present = [[score for score in values if score is not None] for values in scores]
    means = [fmean(values) for values in present if values]
    return ResultCell(
        strategy_label=label,
        model=model,
        site_slug=slug,
        structure=structure,
        mean=fmean(means) if means else None,
        std=stdev(means) if len(means) > 1 else None,
        num_cases=max((len(values) for values in scores), default=0),
        num_missing=max((values.count(None) for values in scores), default=0),
        num_seeds=len(means),
    )


def _case_dice(row: EvaluatedCase, model: ModelKind, structure: str | None) -> float | None:
    """None where the structure is in neither mask, or the model was not scored; the mean is over present structures."""
    name = f"personalized/{row.site_slug}" if model == "personalized" else model
    scores = service.scores_of(row).get(name, {})
    if structure is not None:
        return scores.get(structure)
    present = [score for score in scores.values() if score is not None]
    return fmean(present) if present else None


def _selector(run: Run, slugs: list[str], rows: list[EvaluatedCase]) -> SelectorResult:
    """Accuracy is of the most probable site, whether or not its model was then used."""
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        probabilities = row.probabilities or {}
        most_probable = max(probabilities, key=lambda slug: probabilities[slug])
        confusion[row.site_slug][most_probable] += 1
    num_right = sum(confusion[slug][slug] for slug in confusion)
    return SelectorResult(
        run_id=run.id,
        strategy_label=run.strategy_label,
        seed=run.seed,
        accuracy=num_right / len(rows),
        share_global=sum(row.chosen_model == "global" for row in rows) / len(rows),
        num_cases=len(rows),
        confusion=[
            ConfusionRow(site_slug=slug, chosen={chosen: confusion[slug][chosen] for chosen in slugs}) for slug in slugs
        ],
    )
