"""Scores of one case, and numbers of a round."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ModelKind = Literal["global", "personalized", "super", "selector"]


@dataclass(frozen=True)
class Metric:
    """One measured number; `round` is the round whose resulting state was measured. structure None: their mean."""

    round: int
    model: ModelKind
    split: Literal["train", "val", "test"]
    name: Literal["loss", "dice", "accuracy", "share_global"]
    structure: str | None
    value: float
    num_cases: int


#: Structure to Dice of one case; None where the structure is in neither mask.
CaseDice = dict[str, float | None]


def dice(prediction: NDArray[np.bool_], reference: NDArray[np.bool_]) -> float | None:
    """2 |A and B| / (|A| + |B|); None when both are empty (missing), 0 when only one is."""
    total = int(prediction.sum()) + int(reference.sum())
    if total == 0:
        return None
    return 2 * int((prediction & reference).sum()) / total


def case_dice(structures: tuple[str, ...], prediction: NDArray[np.bool_], reference: NDArray[np.bool_]) -> CaseDice:
    """Both masks are [S, H0, W0] at the image's own size."""
    return {name: dice(prediction[i], reference[i]) for i, name in enumerate(structures)}


def mean_over_structures(scores: CaseDice) -> float | None:
    """The mean of the structures that are present; None when all are missing."""
    present = [value for value in scores.values() if value is not None]
    return sum(present) / len(present) if present else None


def dice_metrics(
    round_: int, model: ModelKind, structures: tuple[str, ...], scores: list[CaseDice]
) -> tuple[Metric, ...]:
    """Means over validation cases: each structure, and their mean (structure None). Missing scores are left out."""
    columns: dict[str | None, list[float | None]] = {None: [mean_over_structures(case) for case in scores]}
    for name in structures:
        columns[name] = [case[name] for case in scores]
    metrics = []
    for structure, column in columns.items():
        present = [value for value in column if value is not None]
        if present:
            mean = sum(present) / len(present)
            metrics.append(Metric(round_, model, "val", "dice", structure, mean, len(present)))
    return tuple(metrics)
