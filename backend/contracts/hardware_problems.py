"""What a configuration asks of hardware that the sites' workers do not have."""

from collections.abc import Iterator, Sequence
from typing import Literal

from backend.contracts.config_problems import ConfigProblem, SiteFacts, in_short
from backend.contracts.experiment_config import ExperimentConfig

#: How many of the workers that serve a site have a GPU; unknown where none was ever heard of, or none has said.
Gpus = Literal["all", "some", "none", "unknown"]


def gpus_of(num_gpus: Sequence[int | None]) -> Gpus:
    """num_gpus: of each worker that serves a site; None of one that did not say."""
    if not num_gpus or None in num_gpus:
        return "unknown"
    if all(num_gpus):
        return "all"
    return "some" if any(num_gpus) else "none"


def gpu_problems(config: ExperimentConfig, training: Sequence[SiteFacts]) -> Iterator[ConfigProblem]:
    """Mixed precision where no site that trains has a GPU."""
    if config.schedule.mixed_precision and training and all(site.gpus == "none" for site in training):
        yield ConfigProblem(
            field="schedule.mixed_precision",
            value="true",
            message="needs GPUs, and no worker of a site that trains has one",
            remedy="set schedule.mixed_precision to false, or start the sites' workers on machines with a GPU",
        )


def gpu_warnings(config: ExperimentConfig, training: Sequence[tuple[str, Gpus]]) -> Iterator[ConfigProblem]:
    """Mixed precision where some of the sites may lack a GPU. training: names of sites, with their workers' GPUs."""
    if not config.schedule.mixed_precision or all(gpus == "none" for _, gpus in training):
        return
    for gpus, message in (
        ("none", "no GPU there, and mixed precision needs one: every training there fails"),
        ("some", "only some of the workers there have a GPU, and mixed precision needs one: trainings there may fail"),
        ("unknown", "no worker has said whether it has a GPU there, and mixed precision needs one"),
    ):
        if names := [name for name, found in training if found == gpus]:
            yield ConfigProblem(
                field="schedule.mixed_precision",
                value=in_short(names),
                message=message,
                remedy="set schedule.mixed_precision to false, hold the site out, or start its worker on a GPU",
            )
