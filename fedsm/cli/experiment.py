"""`fedsm experiment ...`"""

import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from backend.contracts.presets import PresetName
from backend.contracts.status import RunStatus
from backend.experiments.schemas import ExperimentRecord
from fedsm.cli.add_runs import add
from fedsm.cli.check import check
from fedsm.cli.dry_run import dry_run
from fedsm.cli.gap import gap
from fedsm.cli.manage import archive, delete, rename
from fedsm.cli.presets import presets, with_preset
from fedsm.cli.results import compare, print_results, results
from fedsm.cli.shared import (
    EXIT_FAILED,
    EXIT_WRONG_INPUT,
    HomeOption,
    JsonOption,
    ServerOption,
    TokenOption,
    api,
    fail,
    find_federation,
)
from fedsm.cli.sweep import create_sweep
from fedsm.cli.templates import templates
from fedsm.cli.watch import describe_run, follow, make_console, print_json, run_display
from fedsm.client import Client
from fedsm.experiment_file import WrongFile, read_experiment_file

experiment_app = typer.Typer()
experiment_app.command()(templates)
experiment_app.command()(presets)
experiment_app.command()(check)
experiment_app.command()(dry_run)
experiment_app.command()(add)
experiment_app.command()(rename)
experiment_app.command()(archive)
experiment_app.command()(delete)
experiment_app.command()(results)
experiment_app.command()(compare)
experiment_app.command()(gap)

FederationOption = Annotated[
    str | None, typer.Option(help="Name or id of the federation; may be left out where there is only one.")
]
ExperimentArgument = Annotated[str, typer.Argument(help="The experiment's id, as `fedsm experiment list` prints it.")]


@experiment_app.command()
def create(
    file: Annotated[Path, typer.Option("--file", "-f", help="YAML with name, config and, if you like, federation.")],
    federation: FederationOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the runs to their end.")] = False,
    start: Annotated[bool, typer.Option(help="Start the runs at once.")] = True,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            help="A setting and its values, as fedsm.lambda=0.5,0.7 or schedule.learning_rate=0.001,0.003; repeat for "
            "a grid. A method's setting makes more methods, one of all methods more experiments."
        ),
    ] = None,
    preset: Annotated[
        PresetName | None,
        typer.Option(help="Sets each FedSM as `fedsm experiment presets` says, where the sites' data allow it."),
    ] = None,
    estimate: Annotated[bool, typer.Option(help="Of a sweep: a dry run says first what it costs.")] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Of a sweep: do not ask.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Create an experiment and start it. With --watch the exit code is 1 when a run does not complete.

    With --sweep: its number of runs and its cost are shown before anything is created.
    """
    if sweep and watch:
        fail("--watch follows one experiment, and --sweep may make several: leave one of them out", EXIT_WRONG_INPUT)
    try:
        wanted = read_experiment_file(file)
    except WrongFile as error:
        fail(str(error), EXIT_WRONG_INPUT)
    with api(home, server, token) as client:
        target = find_federation(client, federation or wanted.federation)
        if preset is not None:
            config = with_preset(client, target.id, wanted.config, preset)
            wanted = wanted.model_copy(update={"config": config})
        if sweep:
            made = create_sweep(client, target.id, wanted, sweep, start=start, yes=yes, estimate=estimate)
            if as_json:
                print_json([each.model_dump(mode="json") for each in made])
            for each in [] if as_json else made:
                typer.echo(f"experiment {each.id}, {each.name}: {client.server}/experiments/{each.id}")
            return
        experiment = client.create_experiment(target.id, wanted.name, wanted.config, wanted.description)
        if start:
            experiment = client.start_experiment(experiment.id)
        if not as_json:
            typer.echo(f"experiment {experiment.id} in {target.name}: {client.server}/experiments/{experiment.id}")
        if watch and start:
            _watch(client, experiment.id, as_json)
        elif as_json:
            print_json(experiment.model_dump(mode="json"))


@experiment_app.command()
def export(
    experiment_id: ExperimentArgument,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Left out: it is printed.")] = None,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """An experiment as a file, from which `fedsm experiment create -f` makes the same runs."""
    with api(home, server, token) as client:
        text = client.export(experiment_id, "file.yaml")
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"saved {out}")


@experiment_app.command("watch")
def watch_command(
    experiment_id: ExperimentArgument,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Follow an experiment to its end; the exit code is 1 when a run does not complete."""
    with api(home, server, token) as client:
        _watch(client, experiment_id, as_json)


@experiment_app.command("list")
def list_command(
    federation: FederationOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """List a federation's experiments."""
    with api(home, server, token) as client:
        experiments = client.experiments(find_federation(client, federation).id)
    if as_json:
        print_json([experiment.model_dump(mode="json") for experiment in experiments])
        return
    table = Table("id", "name", "status", "methods", "created")
    for experiment in experiments:
        methods = ", ".join(dict.fromkeys(run.strategy_label for run in experiment.runs))
        created = experiment.created_at.strftime("%Y-%m-%d %H:%M")
        table.add_row(experiment.id, experiment.name, str(experiment.status), methods, created)
    make_console().print(table)


@experiment_app.command()
def show(
    experiment_id: ExperimentArgument,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Show an experiment's runs."""
    with api(home, server, token) as client:
        experiment = client.experiment(experiment_id)
    if as_json:
        print_json(experiment.model_dump(mode="json"))
        return
    typer.echo(f"{experiment.name} ({experiment.status})")
    for run in experiment.runs:
        typer.echo(f"  {describe_run(run)}")
        for note in run.notes:
            typer.echo(f"    note: {note}")


@experiment_app.command()
def cancel(
    experiment_id: ExperimentArgument,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Cancel an experiment's runs; what is finished of them stays."""
    with api(home, server, token) as client:
        experiment = client.cancel_experiment(experiment_id)
    typer.echo(f"{experiment.name} ({experiment.status})")


@experiment_app.command()
def resume(
    experiment_id: ExperimentArgument,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Go on with an experiment's runs that were paused, failed or were cancelled, from their last finished rounds."""
    with api(home, server, token) as client:
        experiment = client.resume_experiment(experiment_id)
    typer.echo(f"{experiment.name} ({experiment.status})")


def _watch(client: Client, experiment_id: str, as_json: bool) -> None:
    with run_display(make_console(), as_json) as show_runs:
        experiment = follow(client, experiment_id, show_runs, threading.Event())
    assert experiment is not None  # nobody sets the event
    if not as_json and experiment.status == RunStatus.COMPLETED:
        print_results(make_console(), client.results(experiment_id))
    _exit_if_incomplete(experiment)


def _exit_if_incomplete(experiment: ExperimentRecord) -> None:
    incomplete = [run for run in experiment.runs if run.status != RunStatus.COMPLETED]
    for run in incomplete:
        typer.echo(f"fedsm: {describe_run(run)}", err=True)
    if incomplete:
        raise typer.Exit(EXIT_FAILED)
