"""A played worker whose files of test cases are images and masks that can be drawn."""

from typing import Any

import numpy as np

from backend.contracts.artifacts import NIFTI_GZ
from tests.backend.played_worker import PlayedWorker
from worker.datasets.viewer_files import image_nifti, mask_nifti


def square(shape: tuple[int, ...], *at: slice) -> np.ndarray:
    mask = np.zeros((1, *shape), dtype=bool)
    mask[(0, *at)] = True
    return mask


class DrawingWorker(PlayedWorker):
    """Whose files are real; each case's image has a grey of its own."""

    def _evaluate_site(self, payload: dict[str, Any]) -> dict[str, Any]:
        result = super()._evaluate_site(payload)
        for number, entry in enumerate(result["files"]):
            grey = (ord(payload["participant"]) * 20 + number) % 256
            entry["image"] = self.upload_bytes(image_nifti(np.full((8, 8, 3), grey, np.uint8)), NIFTI_GZ)
            mask = self.upload_bytes(mask_nifti(square((8, 8), slice(2, 5), slice(2, 6))), NIFTI_GZ)
            entry["reference"] = mask
            entry["predictions"] = dict.fromkeys(entry["predictions"], mask)
        return result
