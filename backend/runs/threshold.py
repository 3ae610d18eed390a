"""The threshold gamma of a run's super model: as it was set, or as validation cases chose it."""

from collections.abc import Iterable

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.strategy_configs import StrategyConfig
from backend.db.models import Metric, Run


def used_gamma(session: Session, run: Run, round_number: int | None) -> float | None:
    """The threshold of a round's state. None for a method without one, and before validation has chosen it."""
    strategy = _hard(run)
    if strategy is None or strategy.threshold == "fixed":
        return strategy.gamma if strategy else None
    query = _chosen().where(Metric.run_id == run.id, Metric.round == round_number)
    return session.scalars(query.with_only_columns(Metric.value).limit(1)).first()


def best_gammas(session: Session, runs: Iterable[Run]) -> dict[str, float | None]:
    """Run id to the threshold of its best round's state, with one query for all."""
    hard = {run.id: strategy for run in runs if (strategy := _hard(run))}
    chosen = [run_id for run_id, strategy in hard.items() if strategy.threshold != "fixed"]
    query = (
        _chosen().join(Run, Run.id == Metric.run_id).where(Metric.run_id.in_(chosen), Metric.round == Run.best_round)
    )
    found: dict[str, float | None] = {
        run_id: strategy.gamma for run_id, strategy in hard.items() if strategy.threshold == "fixed"
    }
    for row in session.execute(query) if chosen else ():
        found.setdefault(row.run_id, row.value)
    return found


def _hard(run: Run) -> FedSMConfig | None:
    """The method, where it has a threshold."""
    return run.strategy if isinstance(run.strategy, FedSMConfig) and run.strategy.routing == "hard" else None


def _chosen() -> Select[str, float]:
    """Thresholds that validation chose, the first site's first."""
    columns = select(Metric.run_id, Metric.value).where(Metric.model == "selector", Metric.name == "gamma")
    return columns.order_by(Metric.site_slug)


def finished_strategy(session: Session, run: Run) -> StrategyConfig:
    """The method as its best round's model predicts: a threshold that validation chose is a setting from then on."""
    return strategy_with(run, used_gamma(session, run, run.best_round))


def at_gamma(strategy: StrategyConfig, gamma: float | None) -> StrategyConfig:
    """The method with another threshold; the same where gamma is None, or the method has no threshold."""
    if gamma is None or not isinstance(strategy, FedSMConfig):
        return strategy
    return strategy.model_copy(update={"gamma": gamma, "threshold": "fixed"})


def strategy_with(run: Run, gamma: float | None) -> StrategyConfig:
    """The same, where the threshold of the best round is known."""
    if isinstance(run.strategy, FedSMConfig) and run.strategy.threshold == "validation" and gamma is not None:
        return at_gamma(run.strategy, gamma)
    return run.strategy
