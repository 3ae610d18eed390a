"""`fedsm prepare`: a public data set's original becomes one folder a site."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from fedsm.cli.shared import EXIT_FAILED, EXIT_WRONG_INPUT, JsonOption, fail
from fedsm.cli.watch import make_console, print_json

#: Where there is no terminal to draw a bar on.
SECONDS_BETWEEN_LINES = 5.0

if TYPE_CHECKING:
    from fedsm.public_datasets.base import PublicDataset
    from fedsm.public_datasets.report import Prepared


def prepare(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The data set, as `--list` names it.")] = None,
    source: Annotated[
        Path | None, typer.Argument(metavar="SOURCE_DIR", help="The unpacked original; nothing in it is changed.")
    ] = None,
    output: Annotated[Path | None, typer.Argument(metavar="OUT_DIR", help="A new folder for the sites.")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the data sets and where to get them.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier preparation in OUT_DIR.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Turn a downloaded public data set into sites: images/, masks/ and cases.csv each, and a report.

    With a name alone, say where the data set is from, its terms and the folders that are read. An interrupted
    preparation goes on when it is started again.

    The exit code is 0 when every expected case was found (nothing left out, where the number is unknown), 1 when
    some are missing, 2 for wrong input."""
    from fedsm.public_datasets import dataset_named

    if list_all or name is None:
        _list(as_json)
        return
    try:
        dataset = dataset_named(name)
    except ValueError as error:
        fail(str(error), EXIT_WRONG_INPUT)
    if source is None:
        _describe(dataset, as_json)
    elif output is None:
        fail(f"name the folder to write: fedsm prepare {dataset.name} {source} OUT_DIR", EXIT_WRONG_INPUT)
    else:
        _prepare(dataset, source, output, force, as_json)


def _prepare(dataset: "PublicDataset", source: Path, output: Path, force: bool, as_json: bool) -> None:
    from fedsm.public_datasets.base import WrongSource
    from fedsm.public_datasets.prepare import WrongOutput, prepare

    try:
        with _progress(dataset.name, as_json) as progress:
            prepared = prepare(dataset, source, output, force=force, progress=progress)
    except (WrongSource, WrongOutput, OSError) as error:
        fail(str(error), EXIT_WRONG_INPUT)
    if as_json:
        print_json(_summary(prepared))
    else:
        _print(prepared)
    if not prepared.is_complete:
        raise typer.Exit(EXIT_FAILED)


@contextmanager
def _progress(name: str, as_json: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar where there is a terminal; else a line on the error output now and then."""
    console = make_console()
    if not as_json and console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(name, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    said_at = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= SECONDS_BETWEEN_LINES:
            said_at = time.monotonic()
            typer.echo(f"{name}: {done} of {total} cases", err=True)

    yield tell


def _print(prepared: "Prepared") -> None:
    for site in prepared.sites:
        typer.echo(f"{site.slug}: {site.in_words}")
    if len(prepared.sites) > 1:
        typer.echo(f"in all: {prepared.in_words}")
    for entry in prepared.left_out[:10]:
        typer.echo(f"  left out {entry.site}/{entry.name}: {entry.reason}")
    if len(prepared.left_out) > 10:
        typer.echo(f"  and {len(prepared.left_out) - 10} more, listed in the report")
    typer.echo(f"The report, with terms and citation: {prepared.folder / 'PREPARED.md'}")


def _summary(prepared: "Prepared") -> dict[str, Any]:
    return {
        "dataset": prepared.dataset.name,
        "folder": str(prepared.folder),
        "complete": prepared.is_complete,
        "found": len(prepared.cases),
        "expected": prepared.dataset.num_expected,
        "sites": [
            {
                "slug": site.slug,
                "name": site.name,
                "found": site.num_found,
                "expected": site.num_expected,
                "left_out": site.num_left_out,
                "patients": site.num_patients,
            }
            for site in prepared.sites
        ],
        "left_out": [
            {"site": entry.site, "name": entry.name, "code": entry.code, "reason": entry.reason}
            for entry in prepared.left_out
        ],
    }


def _list(as_json: bool) -> None:
    from fedsm.public_datasets import DATASETS

    if as_json:
        print_json([_description(dataset) for dataset in DATASETS])
        return
    table = Table("name", "data set", "sites", "cases", "where")
    for dataset in DATASETS:
        cases = "unknown" if dataset.num_expected is None else str(dataset.num_expected)
        table.add_row(dataset.name, dataset.title, str(len(dataset.sites)), cases, dataset.where)
    make_console().print(table)


def _describe(dataset: "PublicDataset", as_json: bool) -> None:
    if as_json:
        print_json(_description(dataset))
        return
    typer.echo(f"{dataset.title}\nFrom: {dataset.where}\nTerms: {dataset.terms}\nCite: {dataset.citation}")
    typer.echo(f"SOURCE_DIR holds, at any depth:\n{dataset.layout}")
    for note in dataset.notes:
        typer.echo(f"- {note}")


def _description(dataset: "PublicDataset") -> dict[str, Any]:
    from fedsm.public_datasets.report import task_of

    return {
        "name": dataset.name,
        "title": dataset.title,
        "where": dataset.where,
        "terms": dataset.terms,
        "citation": dataset.citation,
        "modality": dataset.modality,
        "dimensions": dataset.dimensions,
        "expected": dataset.num_expected,
        "structures": [structure.model_dump(mode="json") for structure in dataset.structures],
        "task": task_of(dataset),
        "sites": [{"slug": site.slug, "name": site.name, "expected": site.num_expected} for site in dataset.sites],
        "layout": dataset.layout,
        "notes": list(dataset.notes),
    }
