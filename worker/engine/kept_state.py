"""What a participant keeps from one round for its next: Adam's moments, and whatever else its strategy leaves there.

One step with a NaN gradient leaves a NaN in every moment, from which no later round recovers. A model's state that is
not finite is therefore not kept, and the state of the round before stays in its place.
"""

import torch

from worker.engine.state import State, Tensors


def state_to_keep(before: State | None, after: State) -> State:
    """`after`, model by model; for a model whose tensors are not all finite, what was kept before, if anything."""
    earlier = before or {}
    return {
        model: tensors if is_finite(tensors) else earlier[model]
        for model, tensors in after.items()
        if is_finite(tensors) or model in earlier
    }


def models_not_kept(after: State) -> list[str]:
    """The models whose state is not finite, in the order of `after`."""
    return [model for model, tensors in after.items() if not is_finite(tensors)]


def is_finite(tensors: Tensors) -> bool:
    """Whether no floating-point tensor holds a NaN or an infinity."""
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values() if tensor.is_floating_point())
