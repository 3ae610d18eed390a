"""`fedsm run export-metrics`: what was measured in training, for TensorBoard and MLflow."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from backend.runs.schemas import MetricRecord, RunRecord
from fedsm.cli.references import find_run
from fedsm.cli.shared import EXIT_FAILED, EXIT_WRONG_INPUT, HomeOption, ServerOption, TokenOption, api, fail
from fedsm.client import Client
from fedsm.event_file import Scalar, event_file
from fedsm.measured import tag_of
from fedsm.mlflow_runs import DEFAULT_ADDRESS, log_run, open_client, without_user

TENSORBOARD, MLFLOW = "tensorboard", "mlflow"


def export_metrics(
    run: Annotated[list[str], typer.Argument(help="Ids of runs, or name:number; each becomes a folder, or a run.")],
    form: Annotated[str, typer.Option(help=f"{TENSORBOARD}: event files; {MLFLOW}: runs of MLflow.")] = TENSORBOARD,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write event files into.")] = Path("metrics"),
    to: Annotated[
        str,
        typer.Option(envvar="MLFLOW_TRACKING_URI", help="MLflow's tracking address: a server's, or of a database."),
    ] = DEFAULT_ADDRESS,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Save every number of training as event files, which `tensorboard --logdir` shows, or as runs of MLflow."""
    if form not in (TENSORBOARD, MLFLOW):
        fail(f"--form {form!r} is not known: choose {TENSORBOARD} or {MLFLOW}", EXIT_WRONG_INPUT)
    with api(home, server, token) as client:
        if form == MLFLOW:
            _to_mlflow(client, run, to)
            return
        for wanted in run:
            run_id = find_run(client, wanted)
            path = write_events(client.run(run_id), client.run_metrics(run_id), out)
            typer.echo(f"saved {path}")
    typer.echo(f"look at them: tensorboard --logdir {out}")


def write_events(run: RunRecord, metrics: Iterable[MetricRecord], out: Path) -> Path:
    """The file, in a folder named by method, seed and id. Equal runs, equal bytes."""
    folder = out / f"{run.strategy.name}-seed-{run.seed}-{run.id}"
    folder.mkdir(parents=True, exist_ok=True)
    at = run.started_at or run.created_at
    path = folder / f"events.out.tfevents.{int(at.timestamp())}.fedsm"
    scalars = (Scalar(tag_of(metric), metric.round, metric.value) for metric in metrics)
    path.write_bytes(event_file(scalars, at.timestamp()))
    return path


def _to_mlflow(client: Client, wanted: Iterable[str], address: str) -> None:
    """Each a new run of the experiment of the same name. Fails with the remedy without MLflow, or where it refuses."""
    try:
        mlflow = open_client(address)
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        fail(f"--form mlflow needs MLflow's client ({error}): pip install mlflow-skinny", EXIT_FAILED)
    from backend.evaluations.run_comparison.parameters import parameters

    for entry in wanted:
        run_id = find_run(client, entry)
        run = client.run(run_id)
        experiment = client.experiment(run.experiment_id)
        settings = parameters([(experiment.config, run.strategy, run.seed)])
        values = {setting.path: setting.values[0] or "" for setting in settings}
        try:
            made = log_run(mlflow, experiment.name, run, values, client.run_metrics(run_id))
        except MlflowException as problem:
            fail(without_user("\n".join([f"{address}: {problem}", *getattr(problem, "__notes__", [])])), EXIT_FAILED)
        typer.echo(f"run {run_id} is run {made} of the experiment {experiment.name} at {without_user(address)}")
