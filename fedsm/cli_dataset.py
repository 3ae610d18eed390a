"""`fedsm dataset ...`"""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from backend.contracts.task_definition import SegmentationTask, Structure
from backend.contracts.tasks import CheckedCase, SplitFractions
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
from fedsm.watch import make_console, print_json

dataset_app = typer.Typer(help="Data sets: check a folder before registering it.", no_args_is_help=True)


@dataset_app.callback()
def _group() -> None:
    """Keeps `check` a subcommand while it is the only one."""


@dataset_app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="A folder with images/ and masks/ holding files of equal names.")],
    structure: Annotated[
        list[str] | None,
        typer.Option(help='A structure and its mask labels, as "optic disc=1,2"; repeat for each structure.'),
    ] = None,
    channels: Annotated[int, typer.Option(min=1, max=3, help="Image channels: 1 for grey, 3 for RGB.")] = 3,
    federation: Annotated[str | None, typer.Option(help="Take structures and channels from this federation.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Check which cases of a folder can be used and why the others cannot. Nothing leaves this machine.

    Without --structure and --federation every label from 1 to 255 counts as one structure, `foreground`.
    The exit code is 0 when every case can be used, else 1."""
    if federation is not None:
        with api(home, server, token) as client:
            task = find_federation(client, federation).task
    else:
        task = _task(structure or [], channels)
    cases = _check_folder(folder, task)
    if as_json:
        print_json([case.model_dump(mode="json") for case in cases])
    else:
        _print_cases(cases)
    if not cases or any(case.reason_code for case in cases):
        raise typer.Exit(EXIT_FAILED)


def _check_folder(folder: Path, task: SegmentationTask) -> tuple[CheckedCase, ...]:
    from worker.datasets.folder import check_folder

    try:
        return tuple(check_folder(folder.resolve(), task, SplitFractions(), seed=0).cases)
    except (ValueError, OSError) as error:
        fail(str(error), EXIT_WRONG_INPUT)


def _task(structures: list[str], channels: int) -> SegmentationTask:
    parsed = tuple(_structure(text) for text in structures)
    foreground = Structure(name="foreground", label_values=tuple(range(1, 256)))
    try:
        return SegmentationTask.model_validate(
            {"modality": "unknown", "num_channels": channels, "structures": parsed or (foreground,)}
        )
    except ValidationError as error:
        fail("; ".join(problem["msg"] for problem in error.errors()), EXIT_WRONG_INPUT)


def _structure(text: str) -> Structure:
    name, separator, labels = text.rpartition("=")
    try:
        if not separator:
            raise ValueError("no =")
        return Structure(name=name, label_values=tuple(int(label) for label in labels.split(",")))
    except ValueError:
        fail(f'--structure {text!r} must be a name and labels, as "optic disc=1,2"', EXIT_WRONG_INPUT)


def _print_cases(cases: tuple[CheckedCase, ...]) -> None:
    skipped = [case for case in cases if case.reason_code]
    if skipped:
        table = Table("case", "reason", "details")
        for case in skipped:
            table.add_row(case.name, str(case.reason_code), case.reason or "")
        make_console().print(table)
    splits = Counter(case.split for case in cases if case.split)
    counts = ", ".join(f"{splits[split]} {split}" for split in ("train", "val", "test"))
    typer.echo(f"{len(cases) - len(skipped)} of {len(cases)} cases can be used ({counts}), {len(skipped)} cannot")
