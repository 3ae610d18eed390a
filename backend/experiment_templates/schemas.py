"""Response body of the templates."""

from typing import Literal

from pydantic import Field

from backend.contracts.experiment_config import ExperimentConfig
from backend.record import Record


class ExperimentTemplate(Record):
    name: str = Field(description="As `fedsm experiment templates NAME` takes it.")
    title: str
    description: str
    notes: str = Field(description="For which data it is, where its settings come from, and what differs from there.")
    dimensions: Literal[2, 3] = Field(description="Of the images that it is for: pictures or volumes.")
    config: ExperimentConfig
