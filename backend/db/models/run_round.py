from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class RunRound(Base):
    """A round of the ledger. `parts` is the state after it; `downloads` is who receives what in the next one.

    removed_at: when its files were let go. The hashes stay, as a record of what the state was.
    """

    __tablename__ = "run_round"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    parts: Mapped[dict[str, Any] | None]
    downloads: Mapped[dict[str, Any] | None]
