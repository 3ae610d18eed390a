"""Response body of the templates."""

from pydantic import Field

from backend.contracts.experiment_config import ExperimentConfig
from backend.federations.schemas import Record


class ExperimentTemplate(Record):
    name: str = Field(description="As `fedsm experiment templates NAME` takes it.")
    title: str
    description: str
    notes: str = Field(description="For which data it is, where its settings come from, and what differs from there.")
    config: ExperimentConfig
