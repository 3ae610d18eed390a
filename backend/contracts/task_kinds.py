"""The kinds of tasks, and the words for each: the one table of backend, command line and browser."""

from dataclasses import dataclass
from typing import Literal

TaskKind = Literal[
    "describe_dataset",
    "dry_run_site",
    "initialize_run",
    "train_site",
    "aggregate_round",
    "validate_site",
    "evaluate_site",
    "predict_case",
    "export_model",
]


@dataclass(frozen=True)
class TaskCard:
    """doing: `Birch clinic is training`. could_not: `Birch clinic could not train`. of_round: whether a sentence names
    the task's round."""

    doing: str
    could_not: str
    of_round: bool = True


TASK_CARDS: dict[TaskKind, TaskCard] = {
    "describe_dataset": TaskCard("checking a data set", "check its data", of_round=False),
    "dry_run_site": TaskCard("trying a few steps", "try a few steps", of_round=False),
    "initialize_run": TaskCard("preparing the first round", "prepare the first round", of_round=False),
    "train_site": TaskCard("training", "train"),
    "aggregate_round": TaskCard("aggregating the updates", "aggregate the updates"),
    "validate_site": TaskCard("validating", "validate"),
    "evaluate_site": TaskCard("testing the models", "test the models"),
    "predict_case": TaskCard("predicting an image", "predict the image", of_round=False),
    "export_model": TaskCard("exporting models", "export the models", of_round=False),
}
