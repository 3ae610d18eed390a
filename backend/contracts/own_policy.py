"""What a hospital's own policy file allows, as its agent says it in each poll: for people to see, not to be kept to.

The agent keeps to the file itself. Hours, GPUs and limits are not said: they show where work waits or ends by them.
"""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.strategy_configs import StrategyName
from backend.contracts.values import AtMost, Within

#: What the file opens with a line `may_send_...`.
Opened = Literal["names", "texts", "case_scores", "thumbnails", "images", "predictions", "hashes"]
Cases = Annotated[int, Within(1, 1_000_000)]


class OwnPolicy(Contract):
    methods: Annotated[tuple[StrategyName, ...], AtMost(100)] | None = Field(
        default=None, description="Those that may train there; null: all."
    )
    allows_federation: bool = Field(default=True, description="Whether this federation may work there at all.")
    approves_by_rule: bool = Field(
        default=False, description="Whether some runs need no person's approval there, by standing approvals."
    )
    minimum_training_cases: Cases = 1
    minimum_scored_cases: Cases = 5
    leaves: Annotated[tuple[Opened, ...], AtMost(7)] = Field(
        default=(), description="What leaves besides updates, metrics and means over cases."
    )
