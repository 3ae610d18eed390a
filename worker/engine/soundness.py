"""Whether an update can be aggregated: what the server looks at before it sums."""

from collections.abc import Mapping

import torch

from worker.engine.kept_state import all_finite
from worker.engine.state import Tensors


def check_update(participant: str, part: str, tensors: Tensors, expected: Mapping[str, torch.Tensor]) -> None:
    """Raises ValueError naming site and tensor where names, shapes or kinds of number (whole or not) differ from
    `expected`, or where a value is not finite."""
    for key in expected:
        if key not in tensors:
            raise ValueError(f"site {participant}: {part} lacks tensor {key}")
    for key, tensor in tensors.items():
        if key not in expected:
            raise ValueError(f"site {participant}: {part} has an unexpected tensor {key}")
        if tensor.shape != expected[key].shape:
            wanted, got = tuple(expected[key].shape), tuple(tensor.shape)
            raise ValueError(f"site {participant}: {part} tensor {key} has shape {got}, expected {wanted}")
        if tensor.is_floating_point() != expected[key].is_floating_point():
            raise ValueError(
                f"site {participant}: {part} tensor {key} holds {tensor.dtype}, expected {expected[key].dtype}"
            )
    check_finite(participant, part, tensors)


def check_finite(participant: str, part: str, tensors: Tensors) -> None:
    """Raises ValueError naming the first tensor that holds a NaN or an infinity."""
    for key, tensor in tensors.items():
        if tensor.is_floating_point() and not all_finite(tensor):
            raise ValueError(
                f"site {participant}: {part} tensor {key} holds NaN or infinite values: "
                "lower schedule.learning_rate, or look at the site's images"
            )
