"""What a run's state is: named parts, each of which holds tensors."""

import torch

#: Tensors by the name of a parameter, a buffer or a statistic.
Tensors = dict[str, torch.Tensor]
#: Part name (`global`, `personalized/<site>`, `selector`, ...) to its tensors. One part is one safetensors artifact.
State = dict[str, Tensors]

#: The participant that holds all sites' data (centralized training).
POOLED = "pooled"
#: Part name of the global model w_g.
GLOBAL = "global"


def personalized(site: str) -> str:
    """Part name of a site's personalized model w_p,k."""
    return f"personalized/{site}"
