"""`fedsm model add-site` and `fine-tune`: a registered model used again."""

from typing import Annotated

import typer

from backend.contracts.fine_tuning import FineTuneCreate
from backend.experiments.schemas import ExperimentRecord
from fedsm.cli.model import followed
from fedsm.cli.references import find_version
from fedsm.cli.shared import EXIT_FAILED, HomeOption, JsonOption, ServerOption, TokenOption, api
from fedsm.cli.watch import print_json
from fedsm.client import Client

_FIELDS = FineTuneCreate.model_fields


def _help(field: str) -> str:
    return _FIELDS[field].description or ""


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
    values = {"datasets": dataset, "model": model, "name": name}
    with api(home, server, token) as client:
        made = client.post_json(f"/model-versions/{find_version(client, version).id}/site-additions", values)
        _said(client, ExperimentRecord.model_validate(made), wait, as_json)


def fine_tune(
    version: VersionArgument,
    dataset: Annotated[list[str], typer.Option(help="Id of a data set of the site; repeat for more of it.")],
    epochs: Annotated[int, typer.Option(help=_help("epochs"))] = _FIELDS["epochs"].default,
    learning_rate: Annotated[float, typer.Option(help=_help("learning_rate"))] = _FIELDS["learning_rate"].default,
    pull: Annotated[float, typer.Option(help=_help("pull_to_start"))] = _FIELDS["pull_to_start"].default,
    name: Annotated[
        str | None, typer.Option(help="That gets the result as its next version; left out: with the site's short name.")
    ] = None,
    wait: WatchOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Fine-tune a registered model at one site, from its model of the site or else its global one."""
    values = {
        "datasets": dataset,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "pull_to_start": pull,
        "name": name,
    }
    with api(home, server, token) as client:
        made = client.post_json(f"/model-versions/{find_version(client, version).id}/fine-tunings", values)
        _said(client, ExperimentRecord.model_validate(made), wait, as_json)


def _said(client: Client, made: ExperimentRecord, wait: bool, as_json: bool) -> None:
    if wait:
        made = followed(client, made, as_json)
    if as_json:
        print_json(made.model_dump(mode="json", by_alias=True))
    else:
        typer.echo(f"{made.name}: {made.status} (experiment {made.id}); once it is completed, it is registered")
    if wait and made.status != "completed":
        raise typer.Exit(EXIT_FAILED)
