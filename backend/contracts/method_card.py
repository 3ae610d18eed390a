"""What every place that lists methods says of one: its name on screens and in tables, its group and its models."""

from dataclasses import dataclass

from backend.contracts.metrics import ModelKind

#: The groups in which methods are offered. References come first, because every comparison needs them.
REFERENCES = "FedSM and its references"
ONE_GLOBAL = "One global model"
PERSONALIZED = "Personalized models"

GLOBAL_ONLY: tuple[ModelKind, ...] = ("global",)
BOTH: tuple[ModelKind, ...] = ("global", "personalized")


@dataclass(frozen=True)
class MethodCard:
    """What every place that lists methods says of one.

    label: the name on screens and in tables.
    group: one of the groups above.
    models: the kinds of models that a run of the method is scored with; the last is what the method is for.
    paper: with its equation or algorithm; empty for a reference that has none.
    summary: one sentence, which is the docstring of the method's settings.
    also_sends: what leaves a site beyond updates of the models, metrics and scores, as part of a list.
    validated: the model whose validation Dice picks the best round, where it is not what the method is for.
    """

    label: str
    group: str
    models: tuple[ModelKind, ...]
    paper: str = ""
    summary: str = ""
    also_sends: str = ""
    validated: ModelKind | None = None

    @property
    def criterion(self) -> ModelKind:
        """The model whose validation Dice picks the best round."""
        return self.validated or self.models[-1]
