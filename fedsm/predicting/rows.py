"""One row of the table for each image: what was chosen and why, how large the structures are, or why there is no
mask."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.routing_words import why_chosen
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import RunSpec
from backend.contracts.unlikeness import unlike_in_words
from worker.predicting.measures import cup_to_disc
from worker.predicting.own_image import OwnImage
from worker.predicting.predict import PredictedImage, sizes_of


@dataclass(frozen=True)
class Row:
    """problem: why there is no mask, else None. sizes: by structure, in `unit`. probabilities: by site. warnings: what
    a person should look at."""

    file: str
    problem: str | None = None
    chosen: str | None = None
    why: str | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    unlikeness: float | None = None
    unit: str | None = None
    sizes: dict[str, float] = field(default_factory=dict)
    cup_to_disc: float | None = None
    warnings: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    seconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        return self.__dict__


def row_of(
    file: str, run: RunSpec, image: OwnImage, done: PredictedImage, saved: Sequence[str], seconds: float, asked: bool
) -> Row:
    """asked: whether a person named the model, so that nothing was chosen."""
    names = [structure.name for structure in run.task.structures]
    route, mask = done.route, done.masks[done.chosen]
    unlike = None if route is None else unlike_in_words(route.unlikeness, route.of_no_site)
    probabilities = {} if route is None else route.probabilities
    return Row(
        file=file,
        chosen=done.chosen,
        why="as it was asked for" if asked else why_chosen(done.chosen, probabilities, gamma_of(run.strategy)),
        probabilities=probabilities,
        unlikeness=None if route is None else route.unlikeness,
        unit=image.unit,
        sizes={size.structure: size.size for size in sizes_of(run, image, mask)},
        cup_to_disc=cup_to_disc(names, mask),
        warnings=(*([unlike] if unlike else []), *(warning.message for warning in image.warnings)),
        saved=tuple(saved),
        seconds=round(seconds, 3),
    )


def gamma_of(strategy: StrategyConfig) -> float | None:
    """The threshold that routes; None for a method without one."""
    return strategy.gamma if isinstance(strategy, FedSMConfig) and strategy.routing == "hard" else None


def table_columns(run: RunSpec) -> list[str]:
    sizes = [f"size of {structure.name}" for structure in run.task.structures]
    probabilities = [f"probability of {site}" for site in run.sites]
    return [
        "file", "masks", "problem", "model", "why", *probabilities, "times usual distance", *sizes, "unit",
        "vertical cup-to-disc ratio", "warnings", "seconds",
    ]  # fmt: skip


def table_row(row: Row) -> dict[str, Any]:
    """As `table_columns`; what a row does not have is an empty field."""
    return {
        "file": row.file,
        "masks": "; ".join(row.saved),
        "problem": row.problem,
        "model": row.chosen,
        "why": row.why,
        **{f"probability of {site}": value for site, value in row.probabilities.items()},
        "times usual distance": row.unlikeness,
        **{f"size of {structure}": value for structure, value in row.sizes.items()},
        "unit": row.unit,
        "vertical cup-to-disc ratio": row.cup_to_disc,
        "warnings": " ".join(row.warnings),
        "seconds": row.seconds,
    }
