"""`fedsm experiment ...`"""

import threading
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from backend.contracts.metrics import SCORE_NAMES
from backend.contracts.status import RunStatus
from backend.evaluations.schemas import ExperimentResults, ResultCell
from backend.experiments.schemas import ExperimentRecord
from fedsm.cli_dry_run import dry_run
from fedsm.cli_shared import (
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
from fedsm.client import Client
from fedsm.experiment_file import WrongFile, read_experiment_file
from fedsm.templates import templates
from fedsm.watch import describe_run, follow, make_console, print_json, run_display


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    CSV = "csv"
    CASES = "cases"
    JSON = "json"
    LATEX = "latex"


experiment_app = typer.Typer(help="Experiments: create, watch, and read their results.", no_args_is_help=True)
experiment_app.command()(templates)
experiment_app.command()(dry_run)

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
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Create an experiment and start it. With --watch the exit code is 1 when a run does not complete."""
    try:
        wanted = read_experiment_file(file)
    except WrongFile as error:
        fail(str(error), EXIT_WRONG_INPUT)
    with api(home, server, token) as client:
        target = find_federation(client, federation or wanted.federation)
        experiment = client.create_experiment(target.id, wanted.name, wanted.config, wanted.description)
        if start:
            experiment = client.start_experiment(experiment.id)
        if not as_json:
            typer.echo(f"experiment {experiment.id} in {target.name}: {client.server}/experiments/{experiment.id}")
        if watch and start:
            _watch(client, experiment.id, as_json)
        elif as_json:
            print_json(experiment.model_dump(mode="json"))


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


@experiment_app.command()
def results(
    experiment_id: ExperimentArgument,
    output: Annotated[
        Format, typer.Option("--format", help="csv, cases (CSV of every case) and json hold every metric.")
    ] = Format.TABLE,
    metric: Annotated[str, typer.Option(help=f"One of {', '.join(SCORE_NAMES)}; for table and latex.")] = "dice",
    checkpoint: Annotated[str, typer.Option(help="Each run's `best` round by validation, or its `last`.")] = "best",
    structure: Annotated[str | None, typer.Option(help="Left out: the mean over structures; for latex.")] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Label of the method that the others are tested against; for latex.")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Print a metric of every method on every site's test cases."""
    with api(home, server, token) as client:
        match Format.JSON if as_json else output:
            case Format.TABLE:
                print_results(make_console(), client.results(experiment_id, metric, checkpoint))
            case Format.JSON:
                print_json(client.all_results(experiment_id, checkpoint).model_dump(mode="json"))
            case Format.CSV:
                typer.echo(client.export(experiment_id, "results.csv", checkpoint=checkpoint), nl=False)
            case Format.CASES:
                typer.echo(client.export(experiment_id, "cases.csv", checkpoint=checkpoint), nl=False)
            case Format.LATEX:
                wanted = {"metric": metric, "checkpoint": checkpoint, "structure": structure, "baseline": baseline}
                query = {name: value for name, value in wanted.items() if value is not None}
                typer.echo(client.export(experiment_id, "results.tex", **query), nl=False)


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


def print_results(console: Console, found: ExperimentResults) -> None:
    """Methods x sites, mean over structures, and the selector's line for each FedSM run."""
    unit = f" [{found.unit}]" if found.unit else ""
    direction = "higher is better" if found.higher_is_better else "lower is better"
    so_far = "" if found.complete else " (so far)"
    table = Table(title=f"Mean {found.metric}{unit} on test cases, {direction}{so_far}")
    sites = [f"{site} (unseen)" if site in found.unseen_sites else site for site in found.sites]
    for title in ("method", "model", *sites, "all sites"):
        table.add_column(title, no_wrap=True)
    means = {(c.strategy_label, c.model, c.site_slug): c for c in found.cells if c.structure is None}
    for label, model in dict.fromkeys((label, model) for label, model, _ in means):
        cells = [means.get((label, model, site)) for site in (*found.sites, None)]
        table.add_row(label, model, *(_format_cell(cell) for cell in cells))
    console.print(table)
    for selector in found.selectors:
        if selector.accuracy is not None and selector.share_global is not None:
            console.print(
                f"{selector.strategy_label}, seed {selector.seed}: the selector names the right site in "
                f"{selector.accuracy:.0%} of {selector.num_cases} test cases; the global model serves "
                f"{selector.share_global:.0%}",
                highlight=False,
            )


def _format_cell(cell: ResultCell | None) -> str:
    if cell is None or cell.mean is None:
        return "-"
    return f"{cell.mean:.3f}" + (f" ± {cell.std:.3f}" if cell.std is not None else "")


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
