"""`fedsm model add-site`: a registered model used again."""

from typing import Annotated

import typer

from backend.contracts.site_addition import SiteAdditionCreate
from backend.experiments.schemas import ExperimentRecord
from fedsm.cli.model import followed
from fedsm.cli.references import find_version
from fedsm.cli.shared import EXIT_FAILED, HomeOption, JsonOption, ServerOption, TokenOption, api
from fedsm.cli.watch import print_json
from fedsm.client import Client

VersionArgument = Annotated[str, typer.Argument(help="name:number, name@alias, or the id of a version.")]
NameOption = Annotated[str | None, typer.Option(help="That gets the result as its next version; left out: the same.")]
WatchOption = Annotated[bool, typer.Option("--watch", help="Follow it to its end; exit code 1 if it fails.")]


def add_site(
    version: VersionArgument,
    dataset: Annotated[list[str], typer.Option(help="Id of a data set of the new site; repeat for more of it.")],
    model: Annotated[
        str | None,
        typer.Option(help="name:number or name@alias, whose model the site's images get; left out: the global one."),
    ] = None,
    name: NameOption = None,
    wait: WatchOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Add a site to a registered FedSM model's selector in closed form: the site sends sums, and nothing is trained.
    The result is the next version."""
    body = SiteAdditionCreate(datasets=tuple(dataset), model=model, name=name)
    with api(home, server, token) as client:
        made = client.add_site_to_model(find_version(client, version).id, body)
        _said(client, made, wait, as_json)


def _said(client: Client, made: ExperimentRecord, wait: bool, as_json: bool) -> None:
    if wait:
        made = followed(client, made, as_json)
    if as_json:
        print_json(made.model_dump(mode="json", by_alias=True))
    else:
        typer.echo(f"{made.name}: {made.status} (experiment {made.id}); once it is completed, it is registered")
    if wait and made.status != "completed":
        raise typer.Exit(EXIT_FAILED)
