"""Cases as the engine sees them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from worker.engine.descriptors import describe_image, describe_volume


@dataclass(frozen=True, eq=False)
class Case:
    """One image with its reference. Space is (H, W) of a picture or (D, H, W) of a volume.

    image: [C, *space] float32, and reference: [S, *space] bool, as the network is fed from.
    reference_original: [S, *space0] bool at the image's own size, where scores are computed; spacing: its voxels', in
    mm and array order, None where unknown. unit_image: [C, *space] float32 in 0 to 1, whatever the intensity setting,
    and intensity_range: the stored values that became 0 and 1; what the descriptors are made of. patient: equal for all
    cases of one patient at a site, whom the super model gives one model; None: the case is its own patient.
    """

    case_id: str
    name: str
    image: torch.Tensor
    reference: torch.Tensor
    reference_original: NDArray[np.bool_]
    unit_image: torch.Tensor
    spacing: tuple[float, ...] | None
    intensity_range: tuple[float, float]
    patient: str | None = None

    @property
    def is_volume(self) -> bool:
        return self.image.ndim == 4

    @cached_property
    def descriptor(self) -> NDArray[np.float64]:
        """[D] float64, computed once: one vector of a picture or of a whole volume."""
        if self.is_volume:
            return describe_volume(self.unit_image.numpy(), self.spacing, self.intensity_range)
        return describe_image(self.unit_image.numpy())


@dataclass(frozen=True)
class SiteData:
    """A site's cases by split, each in name order."""

    site: str
    train: tuple[Case, ...]
    val: tuple[Case, ...]
    test: tuple[Case, ...]


#: One site's data, or every site's for the pooled participant.
ParticipantData = tuple[SiteData, ...]


def training_cases(data: ParticipantData) -> tuple[Case, ...]:
    """Raises ValueError when there is nothing to train on."""
    cases = tuple(case for site in data for case in site.train)
    if not cases:
        names = ", ".join(site.site for site in data)
        raise ValueError(f"site {names} has no training case: register a data set with more cases or another split")
    return cases
