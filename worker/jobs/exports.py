"""A run's models in a form for other programs, tried on raw test cases that this worker can read."""

import itertools
import tempfile
import time
from pathlib import Path

from backend.contracts.artifacts import ZIP
from backend.contracts.exports import ExportModelResult
from backend.contracts.tasks import DatasetManifest, ExportModelPayload
from worker.datasets.readers.names import looks_like_dicom
from worker.predicting.predict import make_predictor
from worker.process.lease import Lease
from worker.process.toolbox import Toolbox
from worker.stores.state_parts import StateParts

#: Test cases of each data set that a form is tried on.
CASES_OF_DATASET = 2
#: What the code that goes out with a model reads, besides DICOM files of any name and folders of DICOM series.
READ_OUTSIDE = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")


def export_model(payload: ExportModelPayload, toolbox: Toolbox, lease: Lease) -> ExportModelResult:
    """Raises ValueError where the models have no such form, its masks differ, or there is no case to try it on."""
    from worker.exports.make import make_export  # onnx and others, only where they are needed

    started = time.monotonic()
    images = [image for manifest in payload.data for image in _images_of(manifest)]
    if not images:
        raise ValueError(
            "no raw test case of this run lies where the central workers can read it in a format that the forms read, "
            "and a form is not given out untried: download model.zip and make the form where the images are, with "
            "`fedsm model export model.zip --form ... --image ...`"
        )
    parts = StateParts(toolbox.api, payload.state)
    predictor = make_predictor(payload.run, payload.state.keys(), parts.load, toolbox.device)
    with tempfile.TemporaryDirectory(prefix="fedsm-export-") as folder:
        target = Path(folder) / "model.zip"
        verified = make_export(
            predictor,
            payload.form,
            images,
            target,
            lambda step: lease.report(step.fraction, step),
            payload.scores,
        )
        content = target.read_bytes()
    return ExportModelResult(
        file=toolbox.api.upload(content, ZIP),
        num_bytes=len(content),
        num_images=verified.num_images,
        num_voxels=verified.num_voxels,
        num_different=verified.num_different,
        seconds=time.monotonic() - started,
    )


def _images_of(manifest: DatasetManifest) -> list[Path]:
    """The first test cases that are there; a data set without test cases gives none."""
    images = (Path(manifest.folder) / case.image for case in manifest.cases if case.split == "test")
    return list(itertools.islice(filter(_is_read_outside, images), CASES_OF_DATASET))


def _is_read_outside(path: Path) -> bool:
    if path.is_dir():
        return True
    return path.is_file() and (path.name.lower().endswith(READ_OUTSIDE) or looks_like_dicom(path))
