"""`fedsm experiment create --sweep ...`: a grid over settings, with its number of runs and its cost shown first."""

from collections.abc import Sequence

import httpx
import typer
import yaml
from pydantic import ValidationError
from rich.table import Table

from backend.contracts.experiment_file import ExperimentFile
from backend.contracts.sweep import SweepAxis
from backend.dry_runs.schemas import DryRunEstimate
from backend.experiments.schemas import ExperimentRecord
from backend.experiments.sweeps.schemas import SweepCreate, SweepPlan, SweptExperiment
from fedsm.cli.dry_run import await_dry_run, mebibytes, seconds
from fedsm.cli.shared import EXIT_FAILED, EXIT_WRONG_INPUT, fail
from fedsm.cli.watch import make_console
from fedsm.client import ApiError, Client


def axis_of(text: str) -> SweepAxis:
    """`fedsm.lambda=0.5,0.7`, values as a file has them. Ends the command where it is none."""
    path, sign, values = text.partition("=")
    try:
        if not (sign and values.strip()):
            raise ValueError
        return SweepAxis(path=path.strip(), values=yaml.safe_load(f"[{values}]"))
    except (ValueError, yaml.YAMLError, ValidationError):
        fail(
            f"--sweep {text} is no setting with values: write it as fedsm.lambda=0.5,0.7 or "
            "schedule.learning_rate=0.001,0.003",
            EXIT_WRONG_INPUT,
        )


def create_sweep(
    client: Client,
    federation_id: str,
    wanted: ExperimentFile,
    sweep: Sequence[str],
    *,
    start: bool,
    yes: bool,
    estimate: bool,
) -> list[ExperimentRecord]:
    """Shows what the sweep makes and costs, asks, and creates its experiments. Ends the command where one would be
    refused: then none is created."""
    axes = tuple(axis_of(text) for text in sweep)
    plan = client.plan_sweep(federation_id, SweepCreate(name=wanted.name, config=wanted.config, axes=axes))
    _show(plan)
    if problems := [
        f"{each.name}: {p.field} = {p.value}: {p.message} ({p.remedy})"
        for each in plan.experiments
        for p in each.problems
    ]:
        fail("\n".join(problems), EXIT_WRONG_INPUT)
    if estimate:
        _show_cost([_estimate(client, federation_id, each) for each in plan.experiments])
    if not yes:
        typer.confirm("Create them?", abort=True, err=True)
    return create_all(client, federation_id, plan, wanted.description, start=start)


def create_all(
    client: Client, federation_id: str, plan: SweepPlan, description: str, *, start: bool
) -> list[ExperimentRecord]:
    """The plan's experiments, started where that is asked. Where one fails, says which are there already."""
    made: list[ExperimentRecord] = []
    started: list[ExperimentRecord] = []
    try:
        for each in plan.experiments:
            made.append(client.create_experiment(federation_id, each.name, each.config, description))
        for one in made if start else []:
            started.append(client.start_experiment(one.id))
    except (ApiError, httpx.TransportError):
        if made:
            are = f"{len(made)} of {len(plan.experiments)} experiment(s) are created, {len(started)} started"
            names = "\n".join(f"{each.id}  {each.name}" for each in made)
            typer.echo(f"{are}; delete them before the sweep is tried again:\n{names}", err=True)
        raise
    return started if start else made


def _show(plan: SweepPlan) -> None:
    table = Table("experiment", "methods", "runs", title="Sweep")
    for each in plan.experiments:
        table.add_row(each.name, "\n".join(each.methods), str(each.num_runs))
    make_console(stderr=True).print(table)
    typer.echo(
        f"{len(plan.experiments)} experiment(s), {plan.num_runs} run(s), {plan.num_rounds} round(s) in all", err=True
    )


def _estimate(client: Client, federation_id: str, experiment: SweptExperiment) -> DryRunEstimate:
    """Of a dry run at every site. Ends the command where a site cannot run it."""
    done = await_dry_run(client, client.start_dry_run(federation_id, experiment.config))
    if done.estimate is None:
        causes = "; ".join(f"{site.site_slug}: {site.error}" for site in done.sites if site.error)
        fail(f"{experiment.name}: the dry run is {done.status}. {causes}", EXIT_FAILED)
    return done.estimate


def _show_cost(estimates: Sequence[DryRunEstimate]) -> None:
    typer.echo(
        f"about {seconds(sum(each.seconds for each in estimates))}, "
        f"{mebibytes(sum(each.bytes_up + each.bytes_down for each in estimates))} of traffic, "
        f"{mebibytes(sum(each.bytes_kept for each in estimates))} kept in the end",
        err=True,
    )
