"""A mask as a file that lies on the image it was made of in every program that opens both.

Array, geometry and shape are those of the image's own file, and not the order in which the platform sees it. NIfTI
holds any affine, and SimpleITK, nibabel and viewers read it, so it stands for NRRD, MetaImage and DICOM as well.
"""

import gzip
import io
from typing import Any

import nibabel as nib
import numpy as np
from PIL import Image

from backend.contracts.artifacts import NIFTI_GZ, PNG
from worker.datasets.readers.model import Frame, Plane
from worker.datasets.readers.orientation import as_stored

_SCANNER = 1
#: NIfTI's codes of units of length, by millimetres in one.
_UNITS = {1000.0: 1, 1.0: 2, 0.001: 3}
#: nibabel has no type annotations.
_Nifti1Image: Any = nib.Nifti1Image
_Nifti1Header: Any = nib.Nifti1Header


def mask_file(plane: Plane, frame: Frame | None) -> tuple[bytes, str]:
    """The file and its media type. plane: [H, W] or [D, H, W] bool, as the image's pixels lie.

    It is gzipped NIfTI of 0 and 1 where the image's file has a geometry, else a PNG of 0 and 255.
    """
    if frame is None or (frame.stored_affine is None and frame.layout.plane_affine is None):
        file = io.BytesIO()
        Image.fromarray(plane.astype(np.uint8) * 255).save(file, format="PNG")
        return file.getvalue(), PNG
    voxels = as_stored(plane, frame).astype(np.uint8)
    if frame.layout.num_axes == 2:
        voxels = voxels[:, :, 0]
    return gzip.compress(_nifti(voxels, frame), compresslevel=6, mtime=0), NIFTI_GZ


def _nifti(voxels: Any, frame: Frame) -> bytes:
    """Of a NIfTI image with its own header's geometry, units and intent; else with the position of the image."""
    if frame.layout.nifti is not None:
        header = _Nifti1Header()
        for name, value in frame.layout.nifti.items():
            header[name] = value
        header.set_data_dtype(voxels.dtype)
        return bytes(_Nifti1Image(voxels, None, header).to_bytes())
    affine = frame.stored_affine if frame.stored_affine is not None else frame.layout.plane_affine
    assert affine is not None, "asked before"
    in_unit = affine.copy()
    in_unit[:3] /= frame.layout.unit_mm
    volume = _Nifti1Image(voxels, in_unit)
    volume.header["xyzt_units"] = _UNITS[frame.layout.unit_mm]
    volume.set_sform(in_unit, _SCANNER)
    volume.set_qform(in_unit, _SCANNER)
    return bytes(volume.to_bytes())
