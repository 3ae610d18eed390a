"""What a run's models make of an image, and which of them the super model chooses."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from backend.contracts.predictions import StructureSize
from backend.contracts.tasks import RunSpec
from worker.engine.evaluation import segmentation_parts
from worker.engine.plan import Plan
from worker.engine.strategies.base import CaseRoute, LoadPart, Strategy, fusion_of
from worker.engine.super_model import MIXTURE, predict_cases
from worker.jobs.build import build_plan, build_strategy
from worker.predicting.own_image import OwnImage


@dataclass(frozen=True)
class Predictor:
    """A run's models, ready for any number of images.

    part_names: of the models' state. load_part: fetches one of them.
    """

    run: RunSpec
    plan: Plan
    strategy: Strategy
    part_names: Collection[str]
    load_part: LoadPart

    @property
    def models(self) -> tuple[str, ...]:
        """The segmentation models: the global one first, then the sites' in site order."""
        return segmentation_parts(self.part_names, self.plan)


@dataclass(frozen=True, eq=False)
class PredictedImage:
    """chosen: the super model's choice; where there is none, the one that was asked for, the global model, or the first
    site's. masks: by model, the chosen one's first, [S, *space] bool as the image's pixels lie."""

    chosen: str
    route: CaseRoute | None
    masks: Mapping[str, NDArray[np.bool_]]


def make_predictor(run: RunSpec, part_names: Collection[str], load_part: LoadPart, device: torch.device) -> Predictor:
    """Raises ValueError where the settings make no network."""
    return Predictor(run, build_plan(run, device), build_strategy(run.strategy), part_names, load_part)


def predict_image(
    predictor: Predictor, image: OwnImage, only_chosen: bool = False, model: str | None = None
) -> PredictedImage:
    """The masks of all models, or of the chosen one alone. model: takes the choice's place.

    Raises ValueError where the image is none that the run's models can take.
    """
    case, plan, load = image.case(predictor.run), predictor.plan, predictor.load_part
    route = next(iter(predictor.strategy.routes(load, (case,), plan)), None)
    chosen = model or (predictor.models[0] if route is None else route.chosen_model)
    wanted = {chosen} - {MIXTURE} if only_chosen else set(predictor.models)
    mixtures = None if route is None or (only_chosen and chosen != MIXTURE) else [route.shares]
    (masks,) = predict_cases(load, (case,), [wanted], plan, mixtures, fusion_of([route]))
    return PredictedImage(chosen, route, {name: masks[name] for name in (chosen, *(m for m in masks if m != chosen))})


def sizes_of(run: RunSpec, image: OwnImage, mask: NDArray[np.bool_]) -> tuple[StructureSize, ...]:
    """How much of each structure a mask [S, *space] holds, in the image's unit."""
    voxel = 1.0 if image.read.spacing is None else float(np.prod(image.read.spacing))
    return tuple(
        StructureSize(structure=structure.name, size=float(plane.sum()) * voxel)
        for structure, plane in zip(run.task.structures, mask, strict=True)
    )
