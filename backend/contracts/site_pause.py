"""Why a hospital takes no work of runs for a while: a line of its own policy file, as its agent says in each poll."""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.values import AtMost, Id, Text, Time

#: Lines of a policy file that let work wait, where others refuse it.
PauseLine = Literal["hours", "maximum_runs", "gpus"]
MAX_OPEN_RUNS = 1000


class SitePause(Contract):
    line: PauseLine = Field(description="Of the site's policy file.")
    said: Annotated[str, Text(300)] = Field(description="What the line says, as the end of a sentence.")
    until: Time | None = Field(default=None, description="When it is over; null: nobody knows yet.")


class SaidPause(SitePause):
    """As the agent says it to the hub."""

    open_runs: Annotated[tuple[Id, ...], AtMost(MAX_OPEN_RUNS)] = Field(
        default=(), description="Runs and dry runs whose work is taken all the same."
    )
