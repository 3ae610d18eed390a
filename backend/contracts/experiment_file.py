"""An experiment as a file, which people write and templates are."""

from backend.contracts.base import Contract
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.values import Description, Label, Name


class ExperimentFile(Contract):
    """`federation` is a name or an id; it may come from the command line instead."""

    name: Name
    description: Description = ""
    federation: Label | None = None
    config: ExperimentConfig
