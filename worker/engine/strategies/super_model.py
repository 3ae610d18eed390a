"""Prediction with several models, each loaded once into one network and run on just the cases that want it."""

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from worker.engine.data import Case
from worker.engine.inference import predict_masks
from worker.engine.networks import blank_network, load_weights
from worker.engine.plan import Plan, Tensors


def predict_cases(
    load_part: Callable[[str], Tensors], cases: Sequence[Case], wanted: Sequence[Collection[str]], plan: Plan
) -> list[dict[str, NDArray[np.bool_]]]:
    """For each case, in order, the mask [S, H0, W0] of each part in its entry of `wanted`."""
    masks: list[dict[str, NDArray[np.bool_]]] = [{} for _ in cases]
    network = blank_network(plan)
    for part in sorted({name for names in wanted for name in names}):
        chosen = [i for i, names in enumerate(wanted) if part in names]
        load_weights(network, load_part(part))
        predicted = predict_masks(network, [cases[i] for i in chosen], plan.device)
        for i, mask in zip(chosen, predicted, strict=True):
            masks[i][part] = mask
    return masks
