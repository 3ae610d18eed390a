"""How long a run waits for a site before those who are there go on without it."""

from pydantic import Field

from backend.contracts.base import OWN, Contract, default_from, unit


class WaitingConfig(Contract):
    """Counts once the quorum is reached: before that a run waits for its sites as long as it takes."""

    absent_minutes: float = Field(
        default=5.0,
        ge=0,
        le=10080,
        description="Once the quorum is reached, how long a round, a validation or a test waits for a site "
        "that is offline or has not begun; then it goes on without it. The site takes part again "
        "as soon as it is back (docs/runs.md#late-and-returning-sites).",
        json_schema_extra=unit("min") | default_from(OWN),
    )
    late_factor: float = Field(
        default=3.0,
        ge=1,
        le=100,
        description="A site that works is given this many times the time that its work should take (by its own "
        "progress, its earlier rounds and the pace of the others), and at least as long as one "
        "that is absent.",
        json_schema_extra=default_from(OWN),
    )
    working_minutes: float | None = Field(
        default=None,
        gt=0,
        le=10080,
        description="Once the quorum is reached, the longest that a site which works is waited for, whatever its "
        "progress. Empty: its expected time alone decides.",
        json_schema_extra=unit("min"),
    )
