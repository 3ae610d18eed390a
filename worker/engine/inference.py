"""Prediction of masks, at the images' own size."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from worker.engine.data import Case
from worker.engine.transforms import to_original

#: Images of one forward pass: enough to fill a processor, little enough for its memory.
BATCH = 8


@torch.inference_mode()
def predict_masks(network: nn.Module, cases: Sequence[Case], device: torch.device) -> Iterator[NDArray[np.bool_]]:
    """For each case in order its mask [S, H0, W0] bool. Inference and cut at 0.5 happen before the next is made."""
    network.eval()
    for start in range(0, len(cases), BATCH):
        batch = cases[start : start + BATCH]
        probabilities = torch.sigmoid(network(torch.stack([case.image for case in batch]).to(device)))
        for case, planes in zip(batch, probabilities, strict=True):
            height, width = case.reference_original.shape[-2:]
            yield to_original(planes, (height, width))
