"""What DICOM-SEG and RTSTRUCT share: structures by name, on the voxels of an image.

Arrays here are seen as [X, Y, Z], so that axis numbers are those of the affine's voxel index.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.errors import Undecodable, WrongGeometry
from worker.datasets.readers.model import Affine, Frame, Note, Plane
from worker.datasets.readers.orientation import size_in_words, view
from worker.datasets.readers.values import MAX_DECODED_BYTES

#: Says whether the structure with this name is needed.
Wanted = Callable[[str], bool]


class Planes:
    """Collects the voxels of each wanted structure; several with one name are united.

    Raises Undecodable where they would take more memory than a reader may.
    """

    def __init__(self, frame: Frame, names: Iterable[str], wanted: Wanted) -> None:
        self.names = tuple(dict.fromkeys(names))
        chosen = [name for name in self.names if wanted(name)]
        if len(chosen) * math.prod(frame.shape) > MAX_DECODED_BYTES:
            raise Undecodable(
                f"holds {len(chosen)} structures of {size_in_words(frame.shape)}, more than fit in "
                f"{MAX_DECODED_BYTES / 2**30:.0f} GiB: export only those of the task"
            )
        self.notes: tuple[Note, ...] = ()
        self._frame = frame
        self._volumes = {name: np.zeros(frame.shape, dtype=np.bool_) for name in chosen}

    def volume(self, name: str) -> Plane | None:
        """[X, Y, Z], a view to write to, empty at first. None where the structure is not wanted."""
        found = self._volumes.get(name)
        return None if found is None else found.transpose(2, 1, 0)

    def on_pixels(self) -> dict[str, Plane]:
        """[D, H, W], or [H, W] for a picture."""
        return {
            name: np.ascontiguousarray(view(volume, self._frame.flat_axis, has_position=True))
            for name, volume in self._volumes.items()
        }


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
