"""A registered model that is fine-tuned at one site."""

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.registry import ModelName
from backend.contracts.values import ChosenDatasets


class FineTuneCreate(Contract):
    model_config = with_example(datasets=["3f0c5a9d2b7e4c61"], epochs=20, learning_rate=0.0001, pull_to_start=0.1)

    datasets: ChosenDatasets = Field(description="Ids of checked data sets, all of one site of the model's federation.")
    epochs: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="Passes over the site's training cases. Each is validated, and the best is taken.",
    )
    learning_rate: float = Field(
        default=1e-4, gt=0, le=1, description="Of the optimizer that the model was trained with, constant."
    )
    pull_to_start: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share by which the model is moved back, after each epoch, towards the one that fine-tuning began "
        "with; 0: not at all.",
    )
    name: ModelName | None = Field(
        default=None,
        description="Of the registered model that gets the result as its next version; left out: the version's own "
        "with the site's short name, as fundus-maple.",
    )
