"""`fedsm experiment gap`: where a method's score is lost against centralized training, and won back."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from backend.contracts.metrics import SCORES
from backend.evaluations.gap.schemas import Gap, GapValue
from fedsm.cli.results import ExperimentArgument, MetricOption, StructureOption, given
from fedsm.cli.shared import HomeOption, JsonOption, ServerOption, TokenOption, api
from fedsm.cli.watch import make_console, print_json


class GapFormat(StrEnum):
    """How the gap is printed."""

    TABLE = "table"
    CSV = "csv"
    LATEX = "latex"


FILES = {GapFormat.CSV: "gap.csv", GapFormat.LATEX: "gap.tex"}


def gap(
    experiment_id: ExperimentArgument,
    method: Annotated[
        str | None, typer.Option(help="Label of the method that is taken apart; left out: FedSM, else the first.")
    ] = None,
    metric: MetricOption = "dice",
    structure: StructureOption = None,
    output: Annotated[GapFormat, typer.Option("--format", help="A table to read, or a file.")] = GapFormat.TABLE,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Take the gap to centralized training apart: optimization, drift, personalization, routing, threshold."""
    query = given(method=method, metric=metric, structure=structure)
    with api(home, server, token) as client:
        if as_json:
            print_json(client.gap(experiment_id, **query).model_dump(mode="json"))
        elif output in FILES:
            typer.echo(client.export(experiment_id, FILES[output], **query), nl=False)
        else:
            print_gap(make_console(), client.gap(experiment_id, **query))


def print_gap(console: Console, found: Gap) -> None:
    """Levels and terms in turn, so that each mean stands below what led to it."""
    table = Table(
        title=f"{SCORES[found.metric].label} of {found.strategy_label} against centralized training: a positive term "
        f"is lost, a negative one won back; {found.confidence:.0%} intervals"
    )
    for title in ("", *(column.site_slug or "all sites" for column in found.columns)):
        table.add_column(title)
    for row in _rows(found):
        table.add_row(*row)
    console.print(table)
    for missing in found.missing:
        console.print(f"missing: {missing.key}: {missing.reason}; {missing.remedy}", highlight=False, markup=False)
    for note in [*found.notes, found.words_of_seeds]:
        console.print(f"note: {note}", highlight=False, markup=False)


def _rows(found: Gap) -> Iterator[list[str]]:
    terms = {term.end: term for term in found.terms}
    for place, level in enumerate(found.levels):
        if level.key == "last":
            continue
        if level.key in terms:
            yield [f"  {terms[level.key].label.lower()}", *map(_cell, terms[level.key].values)]
        yield [f"{level.short} ({level.strategy_label})", *(column.texts[place] for column in found.columns)]
    yield ["gap", *(_cell(column.total) for column in found.columns)]
    if found.checkpoint is not None:
        yield ["outside the sum: last round against the best", *map(_cell, found.checkpoint.values)]
    if all(column.room is not None for column in found.columns):
        yield ["bound: best model for each case", *(column.bound_text for column in found.columns)]


def _cell(value: GapValue) -> str:
    return f"{value.text} {value.interval_text}".rstrip()
