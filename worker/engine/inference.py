"""Prediction of masks at the images' own size."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import torch
from monai.inferers.utils import sliding_window_inference
from numpy.typing import NDArray
from torch import nn

from worker.engine.data import Case
from worker.engine.plan import Plan
from worker.engine.pulse import pulse
from worker.engine.sampling import patch_size
from worker.engine.transforms import to_original

#: Images in one forward pass: enough to keep a processor busy, and few enough for its memory.
BATCH = 8


def predict_masks(network: nn.Module, cases: Sequence[Case], plan: Plan) -> Iterator[NDArray[np.bool_]]:
    """Yields for each case in order its mask [S, *space0] bool. Each is cut at 0.5 before the next one is predicted."""
    for case, probabilities in zip(cases, predict_probabilities(network, cases, plan), strict=True):
        yield to_original(probabilities, case.reference_original.shape[1:])


@torch.inference_mode()
def predict_probabilities(network: nn.Module, cases: Sequence[Case], plan: Plan) -> Iterator[torch.Tensor]:
    """Yields for each case in order [S, *space] float32 on the plan's device, at the size of `case.image`."""
    network.eval()
    if plan.sampling.mode == "patches" or plan.spatial_dims == 3 or any(case.is_volume for case in cases):
        for case in cases:
            yield _probabilities_of_one(network, case, plan)
        return
    for start in range(0, len(cases), BATCH):
        pulse()
        batch = cases[start : start + BATCH]
        yield from torch.sigmoid(network(torch.stack([case.image for case in batch]).to(plan.device)))


def _probabilities_of_one(network: nn.Module, case: Case, plan: Plan) -> torch.Tensor:
    image = case.image.to(plan.device)
    if case.is_volume and plan.spatial_dims == 2:
        slices = image.transpose(0, 1)
        batches = [_forward(network, slices[i : i + BATCH], plan) for i in range(0, len(slices), BATCH)]
        return torch.cat(batches).transpose(0, 1).contiguous()
    return _forward(network, image[None], plan)[0]


def _forward(network: nn.Module, images: torch.Tensor, plan: Plan) -> torch.Tensor:
    """[B, S, *space] probabilities; patch by patch where the plan samples patches, with overlaps weighted by a Gaussian
    (MONAI)."""
    pulse()
    if plan.sampling.mode == "resize":
        return torch.sigmoid(network(images))
    size = patch_size(plan.sampling, plan.spatial_dims)
    logits = sliding_window_inference(
        images,
        size,
        BATCH,
        partial(_of_patches, network),
        overlap=plan.sampling.overlap,
        mode="gaussian",
        padding_mode="constant",
    )
    return torch.sigmoid(torch.as_tensor(logits))


def _of_patches(network: nn.Module, patches: torch.Tensor) -> torch.Tensor:
    pulse()
    logits: torch.Tensor = network(patches)
    return logits
