"""A model that training begins with, in place of random weights."""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract, choices
from backend.contracts.values import MAX_PARTS, AtMost, Id, PartName, RoundNumber, ShortSaid


class StartFrom(Contract):
    """What an experiment asks for."""

    run: Id = Field(
        description="Id of the completed run, or of the imported model, whose models training begins with.",
    )
    models: Literal["all", "global"] = Field(
        default="all",
        json_schema_extra=choices(
            {
                "all": "the global model, each site's personalized model and a trained selector, as far as both "
                "methods have them",
                "global": "every model begins as the global one",
            }
        ),
    )

    def __str__(self) -> str:
        return f"run {self.run}, {'all models' if self.models == 'all' else 'the global model'}"


class StartState(Contract):
    """What a run begins with, fixed at its start."""

    run_id: Id
    round: RoundNumber = Field(description="Of that run: its best.")
    title: ShortSaid = Field(description="The experiment, method and seed of that run.")
    parts: Annotated[dict[PartName, Sha256], AtMost(MAX_PARTS)] = Field(description="Part name to SHA-256.")

    def in_words(self) -> str:
        return f"{self.title}, round {self.round} (run {self.run_id})"
