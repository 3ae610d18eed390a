"""The threshold gamma of a run's super model: as it was set, or as validation cases chose it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.strategy_configs import StrategyConfig
from backend.db.models import Metric, Run


def used_gamma(session: Session, run: Run, round_number: int | None) -> float | None:
    """The threshold of a round's state. None for a method without one, and before validation has chosen it."""
    strategy = run.strategy
    if not isinstance(strategy, FedSMConfig) or strategy.routing != "hard":
        return None
    if strategy.threshold == "fixed":
        return strategy.gamma
    query = select(Metric.value).where(
        Metric.run_id == run.id, Metric.round == round_number, Metric.model == "selector", Metric.name == "gamma"
    )
    return session.scalars(query.order_by(Metric.site_slug).limit(1)).first()


def finished_strategy(session: Session, run: Run) -> StrategyConfig:
    """The method as its best round's model predicts: a threshold that validation chose is a setting from then on."""
    gamma = used_gamma(session, run, run.best_round)
    if isinstance(run.strategy, FedSMConfig) and run.strategy.threshold == "validation" and gamma is not None:
        return run.strategy.model_copy(update={"gamma": gamma, "threshold": "fixed"})
    return run.strategy
