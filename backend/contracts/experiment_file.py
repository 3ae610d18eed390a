"""An experiment as a file, which people write and templates are."""

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.experiment_config import ExperimentConfig


class ExperimentFile(Contract):
    """`federation` is a name or an id; it may come from the command line instead."""

    name: str = Field(min_length=1, max_length=80)
    description: str = ""
    federation: str | None = None
    config: ExperimentConfig
