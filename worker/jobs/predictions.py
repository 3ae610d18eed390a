"""What a run's models make of an uploaded image, and which of them was chosen."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from backend.contracts.artifacts import NIFTI_GZ
from backend.contracts.predictions import PredictCaseResult, PredictedMask, StructureSize
from backend.contracts.tasks import PredictCasePayload, RunSpec
from worker.datasets.files import UnsafeFile
from worker.datasets.layouts.model import Skip
from worker.datasets.mask_files import mask_file
from worker.datasets.noteworthy import about_values
from worker.datasets.readers import CannotRead, DecodedImage, Frame
from worker.datasets.reading import ReadCase, case_warnings, read_pixels
from worker.datasets.uploads import store_upload
from worker.datasets.viewer_files import image_nifti, mask_nifti
from worker.engine.data import Case
from worker.engine.evaluation import segmentation_parts
from worker.engine.strategies.base import fusion_of
from worker.engine.super_model import predict_cases
from worker.engine.transforms import make_case
from worker.jobs.build import build_intensity, build_plan, build_sampling, build_strategy
from worker.process.lease import Lease
from worker.process.toolbox import Toolbox
from worker.stores.api_client import ApiClient
from worker.stores.state_parts import StateParts

Masks = Mapping[str, NDArray[np.bool_]]


def predict_case(payload: PredictCasePayload, toolbox: Toolbox, lease: Lease) -> PredictCaseResult:
    """The masks of an uploaded image. Raises ValueError where the file is no image that the run's models can take."""
    started = time.monotonic()
    run = payload.run
    plan, strategy = build_plan(run, toolbox.device), build_strategy(run.strategy)
    read, image = _read(payload, toolbox.api.download(payload.image))
    lease.report(0.2)
    case = _case(run, payload.file_name, read)
    parts = StateParts(toolbox.api, payload.state)
    models = segmentation_parts(payload.state.keys(), plan)
    route = next(iter(strategy.routes(parts.load, (case,), plan)), None)
    lease.report(0.4)
    chosen = models[0] if route is None else route.chosen_model
    mixtures = None if route is None else [route.shares]
    (masks,) = predict_cases(parts.load, (case,), [models], plan, mixtures, fusion_of([route]))
    lease.report(0.9)
    first_chosen = (chosen, *(model for model in masks if model != chosen))
    return PredictCaseResult(
        image=toolbox.api.upload(image_nifti(read.image, read.spacing, read.affine), NIFTI_GZ),
        unit=_unit(read),
        probabilities=None if route is None else route.probabilities,
        chosen_model=chosen,
        unlikeness=None if route is None else route.unlikeness,
        of_no_site=route is not None and route.of_no_site,
        masks=tuple(_predicted(run, model, masks[model], read, image.frame, toolbox.api) for model in first_chosen),
        seconds=time.monotonic() - started,
        warnings=tuple(case_warnings(payload.file_name, (*image.notes, *about_values(read.image)))),
    )


def _unit(read: ReadCase) -> Literal["mm³", "mm²", "px"]:
    if read.spacing is None:
        return "px"
    return "mm³" if len(read.spacing) == 3 else "mm²"


def _read(payload: PredictCasePayload, content: bytes) -> tuple[ReadCase, DecodedImage]:
    """The image, and what its own file says. No structure is known, so all planes are empty."""
    name = Path(payload.file_name).name
    with tempfile.TemporaryDirectory(prefix="fedsm-prediction-") as folder:
        try:
            root, path = store_upload(Path(folder), name, content)
        except (CannotRead, UnsafeFile) as problem:
            raise ValueError(f"{name} {problem}") from None
        try:
            pixels, image = read_pixels(root, path, payload.run.task, None)
        except Skip as problem:
            raise ValueError(str(problem) if path == name else f"{name}: {problem}") from None
    structures = np.zeros((len(payload.run.task.structures), *pixels.shape[:-1]), dtype=bool)
    return ReadCase(pixels, structures, image.spacing, image.affine), image


def _case(run: RunSpec, name: str, read: ReadCase) -> Case:
    data = run.config.data
    sampling, intensity = build_sampling(data), build_intensity(data)
    return make_case(
        name, name, read.image, read.structures, read.spacing, sampling, intensity, run.config.network.spatial_dims
    )


def _predicted(
    run: RunSpec, model: str, mask: NDArray[np.bool_], read: ReadCase, frame: Frame | None, api: ApiClient
) -> PredictedMask:
    names = [structure.name for structure in run.task.structures]
    voxel = 1.0 if read.spacing is None else float(np.prod(read.spacing))
    return PredictedMask(
        model=model,
        mask=api.upload(mask_nifti(mask, read.affine), NIFTI_GZ),
        sizes=tuple(
            StructureSize(structure=name, size=float(plane.sum()) * voxel)
            for name, plane in zip(names, mask, strict=True)
        ),
        files={name: api.upload(*mask_file(plane, frame)) for name, plane in zip(names, mask, strict=True)},
    )
