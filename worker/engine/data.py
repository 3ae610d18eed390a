"""Cases as the engine sees them: images with their references, by site and split."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from worker.engine.descriptors import describe_image, describe_volume


@dataclass(frozen=True, eq=False)
class Case:
    """One image with its reference. Space is (H, W) of a picture or (D, H, W) of a volume.

    case_id: unique in the run.
    name: of the image's file, which is the order of cases.
    image: [C, *space] float32; what the network is fed from.
    reference: [S, *space] bool at the size of `image`.
    reference_original: [S, *space0] bool at the image's own size, where scores are computed.
    unit_image: [C, *space] float32 in 0 to 1, whatever the intensity setting; what the descriptors are made of.
    spacing: distance of the voxels of space0 in mm, in array order; None where it is unknown.
    intensity_range: the stored values that became 0 and 1 in `unit_image`.
    patient: the same for all cases of one patient at a site, to whom the super model gives one model; None where the
    case is the patient's only one.
    affine: [4, 4], from voxel index (x, y, z) of space0, the array's last axis first, to mm in RAS, for files of masks;
    None for pictures.
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
    affine: NDArray[np.float64] | None = None

    @property
    def is_volume(self) -> bool:
        """Whether space is (D, H, W)."""
        return self.image.ndim == 4

    @cached_property
    def descriptor(self) -> NDArray[np.float64]:
        """[D] float64, computed once: one vector for a picture or for a whole volume."""
        if self.is_volume:
            return describe_volume(self.unit_image.numpy(), self.spacing, self.intensity_range)
        return describe_image(self.unit_image.numpy())


@dataclass(frozen=True)
class SiteData:
    """A site's cases by split.

    site: slug of the site. train, val, test: its cases, each in name order.
    """

    site: str
    train: tuple[Case, ...]
    val: tuple[Case, ...]
    test: tuple[Case, ...]


#: One site's data, or every site's where the participant is the pooled one.
ParticipantData = tuple[SiteData, ...]


def training_cases(data: ParticipantData) -> tuple[Case, ...]:
    """The training cases of all sites in `data`, in site order. Raises ValueError where there is none."""
    cases = tuple(case for site in data for case in site.train)
    if not cases:
        names = ", ".join(site.site for site in data)
        raise ValueError(f"site {names} has no training case: register a data set with more cases or another split")
    return cases
