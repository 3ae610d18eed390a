"""What is frozen when a run's models are registered: the model set, its scores with intervals, its limits."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.thresholds import ThresholdChoice
from backend.db.models import Run
from backend.registry.schemas import VersionFacts, VersionScore
from backend.site_names import SiteNames, named, site_names
from backend.trained_models.chosen_threshold import model_set_with
from backend.trained_models.schemas import ModelSet


def facts_of(session: Session, run: Run, threshold: ThresholdChoice = "run") -> VersionFacts:
    """Raises Conflict for a run that is not completed, and where validation is to choose a threshold and cannot."""
    found, scores = model_set_with(session, run.id, threshold)
    names = site_names(session, found.federation_id)
    return VersionFacts(
        **{name: getattr(found, name) for name in ModelSet.model_fields},
        threshold=threshold,
        version_scores=scores,
        limits=list(_limits(found, scores, names)),
    )


def _limits(found: ModelSet, scores: list[VersionScore], names: SiteNames) -> Iterator[str]:
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
        yield f"Of sites that did not train it was tested at {named(tested, names)} only."
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
