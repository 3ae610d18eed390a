"""How the numbers of an update travel from a site to the server, and what such a file looks like."""

from collections.abc import Mapping
from math import prod
from typing import Literal

from backend.contracts.safetensors_header import TensorInfo

#: float32: the weights that a site trained. The others: their difference to those that it received.
UpdateFormat = Literal["float32", "bfloat16", "int8"]
#: Of `int8`: behind the name of a tensor, that of its steps, one for each index of its first axis.
STEPS = ":steps"


def header_of_update(received: Mapping[str, TensorInfo], form: UpdateFormat) -> dict[str, TensorInfo]:
    """The tensors of a part that a site returns, of the part as the site received it."""
    expected: dict[str, TensorInfo] = {}
    for name, info in received.items():
        if form == "float32" or not is_coded(info):
            expected[name] = info
        elif form == "bfloat16":
            expected[name] = TensorInfo("BF16", info.shape)
        else:
            expected[name] = TensorInfo("I8", info.shape)
            expected[f"{name}{STEPS}"] = TensorInfo("F32", info.shape[:1])
    return expected


def is_coded(info: TensorInfo) -> bool:
    """Whether fewer bits stand for its numbers: those of convolutions and matrices. Biases, norms and running
    statistics are few, and a variance must not become negative."""
    return info.dtype == "F32" and len(info.shape) > 1 and prod(info.shape) > 0
