"""What FedSM can do beyond its paper."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Beyond:
    """Options beyond the paper, each off in PAPER.

    lambda_start: lambda in round 1, from where it goes to lambda_ in the last; None: it is lambda_ in all rounds.
    rounds_without_pull: in how many of the last rounds SoftPull leaves each site's model as it was trained.
    pull_by_depth: 0 to 1, how much more the encoder is pulled, and less the output layer and normalization (pull.py).
    server_momentum: beta, 0 to below 1 (server_momentum.py).
    momentum_models: what has it: the global model, or all models, the personalized ones in their mean.
    momentum_warmup: rounds after which beta may be 0.5, and from there on more; 0: it is server_momentum at once.
    mixture: what soft routing mixes: the models' probabilities, or their weights into one network.
    global_share: of the global model in soft routing's mixture, 0 to 1.
    """

    lambda_start: float | None
    rounds_without_pull: int
    pull_by_depth: float
    server_momentum: float
    momentum_models: Literal["global", "all"]
    momentum_warmup: float
    mixture: Literal["probabilities", "weights"]
    global_share: float


PAPER = Beyond(None, 0, 0.0, 0.0, "global", 0.0, "probabilities", 0.0)
