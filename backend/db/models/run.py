from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.best_round import BestRound
from backend.contracts.run_length import EarlyStop, Extension
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import RunSpec
from backend.db.base import Base, ContractJson, new_id


class Run(Base):
    """One strategy with one seed. `spec` is fixed at start; participants and criterion come from its initialization.

    `strategy` is the one that counts: the experiment's configuration lists those of all its runs, and `spec` holds a
    copy for the workers.
    """

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("experiment_id", "position"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    experiment_id: Mapped[str] = mapped_column(ForeignKey("experiment.id", ondelete="CASCADE"))
    position: Mapped[int]
    strategy: Mapped[StrategyConfig] = mapped_column(ContractJson(StrategyConfig))
    strategy_label: Mapped[str]
    seed: Mapped[int]
    status: Mapped[str] = mapped_column(index=True)
    round: Mapped[int]
    num_rounds: Mapped[int]
    minimum_sites: Mapped[int]
    spec: Mapped[RunSpec | None] = mapped_column(ContractJson(RunSpec))
    participants: Mapped[list[Any] | None]
    evaluators: Mapped[list[Any] | None]
    criterion: Mapped[str | None]
    best_round: Mapped[int | None]
    best_dice: Mapped[float | None]
    compared: Mapped[BestRound | None] = mapped_column(ContractJson(BestRound))
    failure: Mapped[str | None]
    code_version: Mapped[str | None]
    early_stop: Mapped[EarlyStop | None] = mapped_column(ContractJson(EarlyStop))
    extensions: Mapped[list[Extension] | None] = mapped_column(ContractJson(list[Extension]))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
