"""What a hospital gives its worker for one task: the agent says it with each task, the worker keeps to it."""

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.values import NumBytes

#: Of the agent's answer to a claim.
LIMITS_HEADER = "X-FedSM-Limits"


class SiteLimits(Contract):
    memory_bytes: NumBytes | None = Field(default=None, description="Of the main memory of the task's process.")
    disk_bytes: NumBytes | None = Field(default=None, description="Of what lies in the worker's folder.")
