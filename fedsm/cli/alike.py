"""`fedsm federation alike` and `fedsm federation decide`: pairs that are possibly one patient's."""

from typing import Annotated, get_args

import typer

from backend.contracts.likeness import Decision
from backend.datasets.alike_schemas import AlikeRecord, AlikeReport
from fedsm.cli.shared import (
    EXIT_WRONG_INPUT,
    HomeOption,
    JsonOption,
    ServerOption,
    TokenOption,
    api,
    fail,
    find_federation,
)
from fedsm.cli.watch import print_json


def alike(
    federation: Annotated[str | None, typer.Option(help="Name or id; may be left out where there is only one.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Id of one data set.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """List pairs of cases that are possibly one patient's: far more alike than others of their data set."""
    with api(home, server, token) as client:
        report = client.alike(find_federation(client, federation).id, dataset)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        _print_report(report)


def decide(
    first: Annotated[str, typer.Argument(metavar="CASE", help="Id of a case, as `fedsm federation alike` tells it.")],
    second: Annotated[str, typer.Argument(metavar="CASE")],
    decision: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Decision))}.")],
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Say whether two cases are of one patient. Confirmed ones share a split, in all data sets of their site."""
    if decision not in get_args(Decision):
        fail(f"--decision {decision!r} is none: take {' or '.join(get_args(Decision))}", EXIT_WRONG_INPUT)
    with api(home, server, token) as client:
        record = client.decide_alike(first, second, decision)
    if as_json:
        print_json(record.model_dump(mode="json"))
    else:
        typer.echo(_in_words(record))


def _print_report(report: AlikeReport) -> None:
    for record in report.pairs:
        typer.echo(_in_words(record))
    if len(report.pairs) < report.num_pairs:
        typer.echo(f"... and {report.num_pairs - len(report.pairs)} more")
    if not report.is_complete:
        typer.echo("There are too many cases to compare all data sets at once: name one with --dataset.")
    pairs = "1 pair is" if report.num_pairs == 1 else f"{report.num_pairs} pairs are"
    typer.echo(f"{pairs} possibly one patient's, {report.num_undecided} of them undecided")


def _in_words(record: AlikeRecord) -> str:
    ends = " and ".join(
        f"{case.name} of {case.site_name} ({case.dataset_name}, {case.split}, {case.case_id})" for case in record.cases
    )
    decided = f"{record.decision}, by {record.decided_by}" if record.decision else "undecided"
    return f"{ends}: {record.bits} of 256 bits differ; {decided}"
