"""Scores of one case, and numbers of a round.

A structure in neither mask is missing: every score is None. Where it is in one mask only, Dice, IoU and NSD are 0; the
scores without a meaning there (distances, and shares or differences of nothing) are None, and the case counts as a
miss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worker.engine.pulse import pulse
from worker.engine.surface import Surface, surface_distances, surface_of

ModelKind = Literal["global", "personalized", "super", "selector"]
#: The scores that `mask_scores` gives.
SCORE_NAMES = ("dice", "iou", "hd95", "nsd", "assd", "volume_difference", "sensitivity", "precision")


@dataclass(frozen=True)
class Metric:
    """One measured number.

    round: the round whose resulting state was measured; 0 is the initial state.
    model: the model that was measured.
    split: of the cases.
    name: of the number; a loss has no unit, a Dice, an accuracy, a share or a threshold gamma is 0 to 1, and steps and
    images are counts.
    structure: None for the mean over structures.
    value: the mean over `num_cases` cases; of steps and images their number in the round.
    num_cases: cases that have a value, or that were trained on.
    """

    round: int
    model: ModelKind
    split: Literal["train", "val", "test"]
    name: Literal["loss", "dice", "accuracy", "share_global", "gamma", "steps", "images"]
    structure: str | None
    value: float
    num_cases: int


#: Structure to Dice of one case; None where the structure is in neither mask.
CaseDice = dict[str, float | None]
#: Structure to every score of one case.
CaseScores = dict[str, dict[str, float | None]]


def dice(prediction: NDArray[np.bool_], reference: NDArray[np.bool_]) -> float | None:
    """2 |A and B| / (|A| + |B|); None where both are empty (missing), 0 where only one is. a, b: bool, of one shape."""
    total = int(prediction.sum()) + int(reference.sum())
    if total == 0:
        return None
    return 2 * int((prediction & reference).sum()) / total


def case_dice(structures: tuple[str, ...], prediction: NDArray[np.bool_], reference: NDArray[np.bool_]) -> CaseDice:
    """Dice by structure. mask, reference: [S, *space0] bool at the image's own size."""
    return {name: dice(prediction[i], reference[i]) for i, name in enumerate(structures)}


@dataclass(frozen=True, eq=False)
class Reference:
    """One structure's reference, with what each prediction is compared with counted once.

    mask: [H, W] or [D, H, W] bool. spacing: of these axes in mm, or None. num_voxels: of the structure.
    """

    mask: NDArray[np.bool_]
    spacing: Sequence[float] | None

    @cached_property
    def num_voxels(self) -> int:
        """Voxels of the structure."""
        return int(np.count_nonzero(self.mask))

    @cached_property
    def surface(self) -> Surface:
        """With its search tree."""
        return surface_of(self.mask, self.spacing)

    def scores(self, prediction: NDArray[np.bool_], nsd_tolerance: float) -> dict[str, float | None]:
        """Every score of a prediction of the same shape.

        Distances and nsd_tolerance are in mm, or in pixels where spacing is None. volume_difference is the absolute
        difference relative to the reference's volume, | |P| - |R| | / |R|: it has no unit, 0 is best, and it has no
        upper bound. sensitivity = TP / |R|, precision = TP / |P|.
        """
        scores: dict[str, float | None] = dict.fromkeys(SCORE_NAMES)
        num_prediction, num_reference = int(np.count_nonzero(prediction)), self.num_voxels
        if num_prediction == 0 and num_reference == 0:
            return scores
        num_both = int(np.count_nonzero(prediction & self.mask))
        scores["dice"] = 2 * num_both / (num_prediction + num_reference)
        scores["iou"] = num_both / (num_prediction + num_reference - num_both)
        if num_reference:
            scores["volume_difference"] = abs(num_prediction - num_reference) / num_reference
            scores["sensitivity"] = num_both / num_reference
        if num_prediction:
            scores["precision"] = num_both / num_prediction
        if num_prediction and num_reference:
            distances = surface_distances(surface_of(prediction, self.spacing), self.surface)
            scores |= {"hd95": distances.hd95, "nsd": distances.nsd(nsd_tolerance), "assd": distances.assd}
        else:
            scores["nsd"] = 0.0
        return scores


def mask_scores(
    prediction: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    spacing: Sequence[float] | None,
    nsd_tolerance: float,
) -> dict[str, float | None]:
    """Every score of one structure of one case, as `Reference.scores` gives them."""
    return Reference(reference, spacing).scores(prediction, nsd_tolerance)


def references_of(
    structures: tuple[str, ...], reference: NDArray[np.bool_], spacing: Sequence[float] | None
) -> dict[str, Reference]:
    """Each structure's, to score several predictions of a case. reference: [S, *space0] bool at the image's own size;
    spacing: of space0."""
    return {name: Reference(reference[i], spacing) for i, name in enumerate(structures)}


def scores_against(
    references: Mapping[str, Reference], prediction: NDArray[np.bool_], nsd_tolerance: float
) -> CaseScores:
    """Every score by structure. prediction: [S, *space0] bool, in the order of the references."""
    pulse()
    return {name: own.scores(prediction[i], nsd_tolerance) for i, (name, own) in enumerate(references.items())}


def case_scores(
    structures: tuple[str, ...],
    prediction: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    spacing: Sequence[float] | None,
    nsd_tolerance: float,
) -> CaseScores:
    """Every score by structure. mask, reference: [S, *space0] bool at the image's own size; spacing: of space0."""
    return scores_against(references_of(structures, reference, spacing), prediction, nsd_tolerance)


def mean_over_structures(scores: CaseDice) -> float | None:
    """The mean over the structures that are present; None where all are missing."""
    present = [value for value in scores.values() if value is not None]
    return sum(present) / len(present) if present else None


def dice_metrics(
    round_: int, model: ModelKind, structures: tuple[str, ...], scores: list[CaseDice]
) -> tuple[Metric, ...]:
    """Means over validation cases of each structure, and of the mean over structures (None). Missing scores are left
    out."""
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
