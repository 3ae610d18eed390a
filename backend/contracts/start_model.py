"""A model that training begins with, in place of random weights."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract, choices
from backend.contracts.refusals import refused
from backend.contracts.registry import ModelReference
from backend.contracts.values import MAX_PARTS, AtMost, Id, PartName, RoundNumber, ShortSaid


class StartFrom(Contract):
    """What an experiment asks for."""

    run: Id | None = Field(
        default=None,
        description="Id of the completed run, or of the imported model, whose models training begins with.",
    )
    version: ModelReference | None = Field(
        default=None,
        description="In place of a run: a registered model of the federation, `name:number` or `name@alias`. An "
        "experiment is created with the run of the version, and the number to which an alias points then.",
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

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.run is None and self.version is None:
            raise refused("neither run nor version is given", "give one of them", field="run")
        return self

    def __str__(self) -> str:
        source = f"run {self.run}" if self.version is None else self.version
        return f"{source}, {'all models' if self.models == 'all' else 'the global model'}"


class StartState(Contract):
    """What a run begins with, fixed at its start."""

    run_id: Id
    round: RoundNumber = Field(description="Of that run: its best.")
    title: ShortSaid = Field(description="The experiment, method and seed of that run.")
    parts: Annotated[dict[PartName, Sha256], AtMost(MAX_PARTS)] = Field(description="Part name to SHA-256.")

    def in_words(self) -> str:
        return f"{self.title}, round {self.round} (run {self.run_id})"
