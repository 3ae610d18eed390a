"""What is frozen when a run's models are registered: the model set, its scores with intervals, its limits."""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy.orm import Session

from backend.contracts.case_values import present_values
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.site_addition import AddedSite
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.thresholds import ThresholdChoice
from backend.db.models import Run
from backend.evaluations.schemas import ThresholdOnValidation
from backend.evaluations.scored_cases import (
    GLOBAL,
    SUPER,
    Query,
    evaluated_cases,
    places_of,
    stated_of_run,
    summaries_of,
    valued_cases,
)
from backend.evaluations.statistics import bootstrap_mean
from backend.evaluations.summaries import column_value
from backend.evaluations.validated_threshold import at_threshold, require_threshold
from backend.registry.schemas import VersionFacts, VersionScore
from backend.runs.threshold import at_gamma
from backend.sites import service as sites
from backend.trained_models.schemas import ModelScore, ModelSet
from backend.trained_models.service import changed_settings, model_set


def facts_of(session: Session, run: Run, threshold: ThresholdChoice = "run") -> VersionFacts:
    """Raises Conflict for a run that is not completed, and where validation is to choose a threshold and cannot."""
    found = model_set(session, run.id)
    names = {site.slug: site.name for site in sites.list_sites(session, found.federation_id)}
    if threshold == "validation":
        best = require_threshold(session, run)
        scores = list(version_scores(session, run, best.gamma))
        found = found.model_copy(
            update={
                "strategy": (strategy := at_gamma(found.strategy, best.gamma)),
                "changed_settings": changed_settings(found.config, strategy),
                "scores": [_as_model_score(score) for score in scores if score.site_slug is None],
                "notes": [*found.notes, _of_threshold(found.strategy, best, names)],
            }
        )
    else:
        scores = list(version_scores(session, run))
    return VersionFacts(
        **{name: getattr(found, name) for name in ModelSet.model_fields},
        threshold=threshold,
        version_scores=scores,
        limits=list(_limits(found, scores, names)),
    )


def _as_model_score(score: VersionScore) -> ModelScore:
    return ModelScore(model=score.model, dice=score.dice, num_cases=score.num_cases)


def _of_threshold(as_run: StrategyConfig, best: ThresholdOnValidation, names: Mapping[str, str]) -> str:
    assert isinstance(as_run, FedSMConfig)
    without = f"; {_named(best.absent_sites, names)} sent none" if best.absent_sites else ""
    return (
        f"The threshold gamma = {best.gamma:g} was chosen after training, as the best on {best.num_cases} validation "
        f"cases of {_named(best.sites, names)}{without}. The run itself had gamma = {as_run.gamma:g}; the super "
        "model's scores here are at the chosen one."
    )


def version_scores(session: Session, run: Run, gamma: float | None = None) -> Iterator[VersionScore]:
    """All sites that trained together first, then each site; no interval where a site stated its mean alone. Of a model
    that a site was added to that site alone, where it was tested.

    gamma: another threshold of the super model than the run's. What a site stated of the super model is at the run's,
    so that it then says nothing.
    """
    rows, places = evaluated_cases(session, [run.id], "best"), places_of(run)
    if gamma is not None:
        rows = [at_threshold(row, gamma) for row in rows]
    stated, query = stated_of_run(session, run, "best"), Query("dice", "best")
    added = run.spec.added if run.spec is not None else None
    for slug in [None, *places.all] if added is None else [added.site]:
        for model in run.strategy.card.models:
            values = places.values(valued_cases(rows, model, query), slug)
            summaries = summaries_of(stated, places, model, query, slug)
            if gamma is not None and model == SUPER and summaries:
                continue
            found = column_value(values, summaries)
            if not found.num_cases:
                continue
            interval = None if summaries else bootstrap_mean(present_values(values))
            yield VersionScore(
                model=model,
                site_slug=slug,
                held_out=slug in places.unseen or (added is not None and not _saw(added, model)),
                dice=found.mean,
                low=interval.low if interval else None,
                high=interval.high if interval else None,
                num_cases=found.num_cases,
            )


def _saw(added: AddedSite, model: str) -> bool:
    """Whether a model was trained at the site that was added: its own, where a version was named that has one."""
    return added.model is not None and model != GLOBAL


def _named(slugs: Iterable[str], names: Mapping[str, str]) -> str:
    """A site that is gone goes by its slug."""
    return ", ".join(names.get(slug, slug) for slug in slugs)


def _limits(found: ModelSet, scores: list[VersionScore], names: Mapping[str, str]) -> Iterator[str]:
    yield "Research software, not a medical device: nobody may base a diagnosis or a treatment on it alone."
    task = found.task
    structures = ", ".join(structure.name for structure in task.structures)
    yield (
        f"It segments {structures} in {task.modality} with {task.num_channels} channel(s) in {task.dimensions} "
        "dimensions, and nothing else."
    )
    of_sites = [score for score in scores if score.site_slug is not None]
    trained = {score.site_slug for score in of_sites if not score.held_out}
    tested = sorted({score.site_slug for score in of_sites if score.site_slug is not None} - trained)
    if not scores:
        yield "It was not tested on this platform."
    elif tested:
        yield f"Of sites that did not train it was tested at {_named(tested, names)} only."
    else:
        yield "It was not tested at any site that did not train."
    strategy = found.strategy
    selector = strategy.selector if isinstance(strategy, FedSMConfig) else None
    if isinstance(selector, LdaSelector) and selector.farthest is not None:
        yield (
            f"An image whose squared distance to every site is more than {selector.farthest:g} times the usual one "
            "gets the global model, with a warning."
        )
    yield from found.notes
