"""What several commands share: common options, errors, finding a federation."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import typer

from backend.federations.schemas import FederationRecord
from fedsm.client import ApiError, Client, NoServer, connect
from fedsm.local.home import open_home

EXIT_FAILED = 1
EXIT_WRONG_INPUT = 2

HomeOption = Annotated[
    Path | None, typer.Option(help="State folder (FEDSM_HOME; default .fedsm in the current folder).")
]
ServerOption = Annotated[
    str | None,
    typer.Option(help="Address of the backend (FEDSM_SERVER; default: the one running on the state folder)."),
]
TokenOption = Annotated[str | None, typer.Option(help="Your token (FEDSM_TOKEN).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def fail(message: str, code: int = EXIT_FAILED) -> NoReturn:
    typer.echo(f"fedsm: {message}", err=True)
    raise typer.Exit(code)


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
    if len(matching) == 1:
        return matching[0]
    names = ", ".join(federation.name for federation in federations) or "none yet"
    wish = "name one with --federation" if wanted is None else f"there is no federation {wanted!r}"
    fail(f"{wish}; there are: {names}", EXIT_WRONG_INPUT)
