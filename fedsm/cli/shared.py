"""What several commands share: common options, errors, finding a federation."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer

from backend.contracts.thresholds import THRESHOLD_CHOICE, ThresholdChoice
from backend.federations.schemas import FederationRecord
from fedsm.cli.options import EXIT_FAILED as EXIT_FAILED
from fedsm.cli.options import EXIT_WRONG_INPUT as EXIT_WRONG_INPUT
from fedsm.cli.options import HomeOption as HomeOption
from fedsm.cli.options import JsonOption as JsonOption
from fedsm.cli.options import fail as fail
from fedsm.client import ApiError, Client, NoServer, connect
from fedsm.local.home import open_home

ServerOption = Annotated[
    str | None,
    typer.Option(help="Address of the backend (FEDSM_SERVER; default: the one running on the state folder)."),
]
TokenOption = Annotated[str | None, typer.Option(help="Your token (FEDSM_TOKEN).")]
ThresholdOption = Annotated[ThresholdChoice, typer.Option(help=THRESHOLD_CHOICE)]


@contextmanager
def api(home: Path | None, server: str | None, token: str | None) -> Iterator[Client]:
    """A client whose errors end the command with their text and an exit code: 2 for wrong input, else 1."""
    try:
        with connect(open_home(home), server, token) as client:
            try:
                yield client
            except httpx.TransportError as error:
                fail(f"{client.server} does not answer ({error}): is it running? Start it with `fedsm up`")
    except ApiError as error:
        fail(str(error), EXIT_WRONG_INPUT if error.status in (400, 404, 409, 422) else EXIT_FAILED)
    except NoServer as error:
        fail(str(error))


def find_federation(client: Client, wanted: str | None) -> FederationRecord:
    """By name or id; without a wish the only one there is."""
    federations = [federation for federation in client.federations() if federation.archived_at is None]
    matching = [f for f in federations if wanted is None or wanted in (f.id, f.name)]
    if len(matching) != 1:
        names = ", ".join(federation.name for federation in federations) or "none yet"
        wish = "name one with --federation" if wanted is None else f"there is no federation {wanted!r}"
        fail(f"{wish}; there are: {names}", EXIT_WRONG_INPUT)
    return matching[0]
