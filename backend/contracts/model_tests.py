"""Testing a finished model on other data."""

from typing import Literal

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.thresholds import THRESHOLD_CHOICE, ThresholdChoice
from backend.contracts.values import ChosenDatasets, Name


class ModelTestCreate(Contract):
    model_config = with_example(datasets=["3f0c5a9d2b7e4c61"], cases="all")

    datasets: ChosenDatasets = Field(
        description="Ids of checked data sets, all of one federation with the model's task; it may be another one than "
        "the model's.",
    )
    cases: Literal["all", "test"] = Field(
        default="all",
        description="all: every used case, but for those that the model trained or validated on; test: of these only "
        "the cases that the data set's split tests.",
    )
    threshold: ThresholdChoice = Field(default="run", description=THRESHOLD_CHOICE)
    name: Name | None = Field(
        default=None, description="Of the test; left out: made from the model's and the data sets' names."
    )
