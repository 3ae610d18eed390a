"""`fedsm run export-metrics`: what was measured in training, for TensorBoard."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from backend.runs.schemas import MetricRecord, RunRecord
from fedsm.cli.references import find_run
from fedsm.cli.shared import HomeOption, ServerOption, TokenOption, api
from fedsm.event_file import Scalar, event_file


def export_metrics(
    run: Annotated[list[str], typer.Argument(help="Ids of runs, or name:number; each becomes a folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write into.")] = Path("metrics"),
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Save every number of training as event files, which `tensorboard --logdir` shows."""
    with api(home, server, token) as client:
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
    path.write_bytes(event_file(_scalars(metrics), at.timestamp()))
    return path


def _scalars(metrics: Iterable[MetricRecord]) -> Iterator[Scalar]:
    """Of one name and split in one picture; a line is a model at a site, of one structure where it is of one."""
    for metric in metrics:
        line = [metric.site_slug, *([metric.structure.replace("/", "-")] if metric.structure else [])]
        tag = f"{metric.split} {metric.name}/{metric.model}/{'/'.join(line)}"
        yield Scalar(tag, metric.round, metric.value)
