"""What DICOM-SEG and RTSTRUCT share: structures by name, on the voxels of an image.

Arrays here are seen as [X, Y, Z], so that axis numbers are those of the affine's voxel index.
"""

import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.errors import WrongGeometry
from worker.datasets.readers.model import Affine, Frame, Plane
from worker.datasets.readers.orientation import view


class Planes:
    """Collects the voxels of each structure; several of one name are united."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._volumes: dict[str, Plane] = {}

    def volume(self, name: str) -> Plane:
        """[X, Y, Z], a view to write to; empty at first."""
        if name not in self._volumes:
            self._volumes[name] = np.zeros(self._frame.shape, dtype=np.bool_)
        return self._volumes[name].transpose(2, 1, 0)

    def on_pixels(self) -> dict[str, Plane]:
        """[D, H, W], or [H, W] of a picture."""
        return {name: np.ascontiguousarray(view(volume, self._frame)) for name, volume in sorted(self._volumes.items())}


def placed_frame(frame: Frame | None, frames_of_reference: set[str]) -> Frame:
    """The image's frame, where a mask with these coordinate systems may be laid on it. Raises WrongGeometry."""
    if frame is None:
        raise WrongGeometry(
            "is laid on its image by position, but the image says nothing of position: use the DICOM or NIfTI image"
        )
    if frame.frame_of_reference and frames_of_reference and frame.frame_of_reference not in frames_of_reference:
        raise WrongGeometry(
            f"was drawn in the coordinates {', '.join(sorted(frames_of_reference))}, its image has "
            f"{frame.frame_of_reference} (FrameOfReferenceUID): pair it with the image that it was drawn on"
        )
    return frame


def voxel_of_lps(affine: Affine) -> NDArray[np.float64]:
    """[4, 4], from mm in LPS to the voxel index (x, y, z)."""
    return np.asarray(np.linalg.inv(affine) @ np.diag([-1.0, -1.0, 1.0, 1.0]), dtype=np.float64)
