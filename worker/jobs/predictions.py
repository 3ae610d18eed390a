"""What a run's models make of an uploaded image, and which of them was chosen."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.contracts.artifacts import DICOM, NIFTI_GZ, NRRD
from backend.contracts.predictions import PredictCaseResult, PredictedMask, SegmentationForm
from backend.contracts.tasks import PredictCasePayload, RunSpec
from worker.datasets.mask_files import mask_file
from worker.datasets.viewer_files import image_nifti, mask_nifti
from worker.predicting.mask_forms import files_of_masks, fitting_segmentations
from worker.predicting.own_image import OwnImage, opened_upload
from worker.predicting.predict import make_predictor, predict_image, sizes_of
from worker.process.lease import Lease
from worker.process.toolbox import Toolbox
from worker.stores.api_client import ApiClient
from worker.stores.state_parts import StateParts

_MEDIA_TYPES: dict[SegmentationForm, str] = {"seg-nrrd": NRRD, "dicom-seg": DICOM}


def predict_case(payload: PredictCasePayload, toolbox: Toolbox, lease: Lease) -> PredictCaseResult:
    """The masks of an uploaded image. Raises ValueError where the file is no image that the run's models can take."""
    started = time.monotonic()
    run, name = payload.run, Path(payload.file_name).name
    with opened_upload(name, toolbox.api.download(payload.image), run.task) as (image, source):
        lease.report(0.2)
        parts = StateParts(toolbox.api, payload.state)
        predictor = make_predictor(run, payload.state.keys(), parts.load, toolbox.device)
        done = predict_image(predictor, image)
        lease.report(0.9)
        masks = tuple(_predicted(run, model, mask, image, source, toolbox.api) for model, mask in done.masks.items())
    route = done.route
    return PredictCaseResult(
        image=toolbox.api.upload(image_nifti(image.read.image, image.read.spacing, image.read.affine), NIFTI_GZ),
        unit=image.unit,
        probabilities=None if route is None else route.probabilities,
        chosen_model=done.chosen,
        unlikeness=None if route is None else route.unlikeness,
        of_no_site=route is not None and route.of_no_site,
        masks=masks,
        seconds=time.monotonic() - started,
        warnings=image.warnings,
    )


def _predicted(
    run: RunSpec, model: str, mask: NDArray[np.bool_], image: OwnImage, source: Path, api: ApiClient
) -> PredictedMask:
    names = [structure.name for structure in run.task.structures]
    return PredictedMask(
        model=model,
        mask=api.upload(mask_nifti(mask, image.read.affine), NIFTI_GZ),
        sizes=sizes_of(run, image, mask),
        files={name: api.upload(*mask_file(plane, image.frame)) for name, plane in zip(names, mask, strict=True)},
        segmentations={
            form: api.upload(content, _MEDIA_TYPES[form])
            for form in fitting_segmentations(image)
            for _, content in files_of_masks(form, mask, run, image, source, f"{run.strategy.name}, {model}")
        },
    )
