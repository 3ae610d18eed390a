"""`fedsm model add-site` and `fine-tune`: a registered model used again, and the version that comes of it."""

import time
from typing import Annotated

import typer

from backend.contracts.fine_tuning import FineTuneCreate
from backend.contracts.site_addition import SiteAdditionCreate
from backend.experiments.schemas import ExperimentRecord
from backend.registry.schemas import VersionSummary
from fedsm.cli.references import find_version
from fedsm.cli.shared import HomeOption, JsonOption, ServerOption, TokenOption, api, fail
from fedsm.cli.watch import POLL_SECONDS, WatchOption, print_json, say_experiment
from fedsm.client import Client

#: The backend registers what is completed every few seconds.
REGISTERING_SECONDS = 60.0

_ADDITION = SiteAdditionCreate.model_fields
_TUNING = FineTuneCreate.model_fields

VersionArgument = Annotated[str, typer.Argument(help="name:number, name@alias, or the id of a version.")]
DatasetOption = Annotated[list[str], typer.Option(help="Id of a data set of the site; repeat for more of it.")]


def add_site(
    version: VersionArgument,
    dataset: DatasetOption,
    model: Annotated[str | None, typer.Option(help=_ADDITION["model"].description)] = None,
    name: Annotated[str | None, typer.Option(help=_ADDITION["name"].description)] = None,
    wait: WatchOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Add a site to a registered FedSM model's selector in closed form: the site sends sums, and nothing is trained.
    The result is the next version."""
    with api(home, server, token) as client:
        found = find_version(client, version)
        made = client.add_site_to_model(found.id, datasets=dataset, model=model, name=name)
        follow_to_version(client, made, wait, as_json)


def fine_tune(
    version: VersionArgument,
    dataset: DatasetOption,
    epochs: Annotated[int, typer.Option(help=_TUNING["epochs"].description)] = _TUNING["epochs"].default,
    learning_rate: Annotated[float, typer.Option(help=_TUNING["learning_rate"].description)] = _TUNING[
        "learning_rate"
    ].default,
    pull: Annotated[float, typer.Option(help=_TUNING["pull_to_start"].description)] = _TUNING["pull_to_start"].default,
    name: Annotated[str | None, typer.Option(help=_TUNING["name"].description)] = None,
    wait: WatchOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Fine-tune a registered model at one site, from its model of the site or else its global one."""
    settings = {"epochs": epochs, "learning_rate": learning_rate, "pull_to_start": pull, "name": name}
    with api(home, server, token) as client:
        made = client.fine_tune_model(find_version(client, version).id, datasets=dataset, **settings)
        follow_to_version(client, made, wait, as_json)


def follow_to_version(client: Client, made: ExperimentRecord, wait: bool, as_json: bool) -> None:
    """Says what is made, with `wait` at its end and with the version that it becomes."""
    made = say_experiment(client, made, wait, as_json, "; once it is completed, it is registered")
    if not wait:
        return
    version = await_version(client, made)
    if as_json:
        print_json(version.model_dump(mode="json"))
    else:
        typer.echo(f"registered as {version.reference}")


def await_version(client: Client, made: ExperimentRecord) -> VersionSummary:
    """The version that a completed experiment becomes. Ends the command where the backend says that it becomes none,
    or says nothing for REGISTERING_SECONDS."""
    (run,) = made.runs
    deadline = time.monotonic() + REGISTERING_SECONDS
    while True:
        # The log first: what was registered between the two questions is found by the second.
        warnings = [event for event in client.run_events(run.id) if (event.kind, event.level) == ("model", "warning")]
        for model in client.registered_models(made.federation_id):
            for version in model.versions:
                if version.run_id == run.id:
                    return version
        if warnings:
            fail(warnings[-1].message)
        if time.monotonic() > deadline:
            fail(f"{made.name} is completed but not registered yet: `fedsm model registered` says when it is")
        time.sleep(POLL_SECONDS)
