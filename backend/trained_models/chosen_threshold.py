"""A finished run's models as they predict with the threshold that somebody chose: for the page, the download and the
registered version."""

from sqlalchemy.orm import Session

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.thresholds import ThresholdChoice
from backend.contracts.version_scores import VersionScore
from backend.db.models import Run
from backend.evaluations.selector_schemas import ThresholdOnValidation
from backend.evaluations.validated_threshold import require_threshold
from backend.runs.threshold import at_gamma
from backend.site_names import SiteNames, named, site_names
from backend.trained_models.schemas import CurrentModelSet, ModelScore
from backend.trained_models.service import changed_settings, model_set
from backend.trained_models.version_scores import version_scores


def model_set_with(
    session: Session, run_id: str, threshold: ThresholdChoice
) -> tuple[CurrentModelSet, list[VersionScore]]:
    """The set, and its scores at each site.

    Raises Conflict for a run that is not completed, and where validation is to choose a threshold and cannot.
    """
    found = model_set(session, run_id)
    run = session.get_one(Run, run_id)
    if threshold == "run":
        return found, list(version_scores(session, run))
    best = require_threshold(session, run)
    scores = list(version_scores(session, run, best.gamma))
    names = site_names(session, found.federation_id)
    strategy = at_gamma(found.strategy, best.gamma)
    changed = found.model_copy(
        update={
            "strategy": strategy,
            "changed_settings": changed_settings(found.config, strategy),
            "scores": [_as_model_score(score) for score in scores if score.site_slug is None],
            "notes": [*found.notes, _of_threshold(found.strategy, best, names)],
            "download_url": f"{found.download_url}?threshold={threshold}",
        }
    )
    return changed, scores


def _as_model_score(score: VersionScore) -> ModelScore:
    return ModelScore(model=score.model, dice=score.dice, num_cases=score.num_cases)


def _of_threshold(as_run: StrategyConfig, best: ThresholdOnValidation, names: SiteNames) -> str:
    assert isinstance(as_run, FedSMConfig)
    without = f"; {named(best.absent_sites, names)} sent none" if best.absent_sites else ""
    return (
        f"The threshold gamma = {best.gamma:g} was chosen after training, as the best on {best.num_cases} validation "
        f"cases of {named(best.sites, names)}{without}. The run itself had gamma = {as_run.gamma:g}; the super "
        "model's scores here are at the chosen one."
    )
