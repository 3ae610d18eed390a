"""What a participant keeps from one round for its next: Adam's moments, and whatever else its strategy leaves there.

One step with a NaN gradient leaves a NaN in every moment, from which no later round recovers. A model's state that is
not finite is therefore not kept, and the state of the round before stays in its place.
"""

from collections.abc import Collection

import torch

from worker.engine.state import State, Tensors


def state_to_keep(before: State | None, after: State, spoilt: Collection[str] | None = None) -> State:
    """`after`, model by model; for a model whose tensors are not all finite, what was kept before, if anything.

    spoilt: what `models_not_kept` found in `after`; None: it is asked.
    """
    earlier, lost = before or {}, models_not_kept(after) if spoilt is None else spoilt
    return {
        model: earlier[model] if model in lost else tensors
        for model, tensors in after.items()
        if model not in lost or model in earlier
    }


def models_not_kept(after: State) -> list[str]:
    """The models whose state is not finite, in the order of `after`."""
    return [model for model, tensors in after.items() if not is_finite(tensors)]


def is_finite(tensors: Tensors) -> bool:
    """Whether no floating-point tensor holds a NaN or an infinity."""
    return all(all_finite(tensor) for tensor in tensors.values() if tensor.is_floating_point())


def all_finite(tensor: torch.Tensor) -> bool:
    """Whether a floating-point tensor holds neither NaN nor infinity.

    One of them makes the sum such a value too, so that a finite sum answers in one pass, which takes no memory. A sum
    of large numbers may overflow: then each number is looked at.
    """
    return bool(torch.isfinite(tensor.sum())) or bool(torch.isfinite(tensor).all())
