"""`fedsm run extend`: more rounds for a completed run."""

from typing import Annotated

import typer

from fedsm.cli.results import RunArgument
from fedsm.cli.shared import EXIT_WRONG_INPUT, HomeOption, JsonOption, ServerOption, TokenOption, api, fail
from fedsm.cli.watch import describe_run, print_json


def extend(
    run_id: RunArgument,
    rounds: Annotated[int, typer.Option(min=2, max=1000, help="How many rounds the run has in the end.")],
    show: Annotated[bool, typer.Option("--show", help="Say what it would do, and change nothing.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Train a completed run on from where it stands; prints what goes on and what is replaced.

    The exit code is 2 when the run cannot be given these rounds.
    """
    with api(home, server, token) as client:
        preview = client.extension(run_id, rounds)
        if preview.problem is not None and not (show and as_json):
            fail(preview.problem, EXIT_WRONG_INPUT)
        run = None if show else client.extend_run(run_id, rounds)
    if as_json:
        print_json(preview.model_dump(mode="json") if run is None else run.model_dump(mode="json", by_alias=True))
        return
    for note in preview.notes:
        typer.echo(f"- {note}")
    if run is not None:
        typer.echo(describe_run(run))
