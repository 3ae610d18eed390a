"""How many rounds a run has: ended early by its validation, or given more after its end."""

from datetime import datetime

from pydantic import Field

from backend.contracts.base import Contract


class EarlyStop(Contract):
    """Training ended before the planned number of rounds: the validation gained nothing more, or somebody ended it."""

    round: int = Field(ge=1, description="The last round that was trained.")
    gained_in: int | None = Field(
        default=None, ge=1, description="The last round whose validation gained enough; null where somebody ended it."
    )
    waited_rounds: int | None = Field(
        default=None, ge=1, description="Validated rounds after it without enough gain; null where somebody ended it."
    )
    planned_rounds: int = Field(ge=1)
    by: str | None = Field(default=None, description="Who ended it; null where the validation did.")

    def in_words(self) -> str:
        if self.waited_rounds is None:
            return f"was ended by {self.by} after round {self.round} of {self.planned_rounds}"
        rounds = "1 round" if self.waited_rounds == 1 else f"{self.waited_rounds} rounds"
        return f"stopped after round {self.round} of {self.planned_rounds}: no gain for {rounds}"


class Extension(Contract):
    """More rounds that a run was given after its end."""

    from_round: int = Field(ge=1, description="The run's last round until then.")
    to_round: int = Field(ge=2, le=1000)
    best_round: int | None = Field(description="Of the rounds until then.")
    at: datetime
    by: str
    exact: bool = Field(
        description="The settings give the result, to the bit, of a run that was started with all its rounds, where "
        "every site still keeps its optimizer's state."
    )
    early_stop: EarlyStop | None = Field(default=None, description="How training had ended before, if early.")
    evaluation_replaced: bool = Field(
        default=False, description="The scores of before have made way for those of the longer run."
    )
