"""`fedsm report ...`: frozen reports of an experiment and their links."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from backend.reports.schemas import ReportCreate, ReportRecord
from fedsm.cli.shared import HomeOption, JsonOption, ServerOption, TokenOption, api
from fedsm.cli.watch import make_console, print_json
from fedsm.client import Client

report_app = typer.Typer()

ExperimentArgument = Annotated[str, typer.Argument(help="The experiment's id, as `fedsm experiment list` prints it.")]
ReportArgument = Annotated[str, typer.Argument(help="The report's id, as `fedsm report list` prints it.")]


@report_app.command()
def create(
    experiment_id: ExperimentArgument,
    title: Annotated[str, typer.Option(help="Left out: the experiment's name.")] = "",
    note: Annotated[str, typer.Option(help="What the readers should know; it stands above the results.")] = "",
    expires_days: Annotated[int | None, typer.Option(min=1, help="Left out: the link never expires.")] = None,
    baseline: Annotated[
        str | None,
        typer.Option(help="Label of the method the others are compared with; left out: FedAvg, where there is one."),
    ] = None,
    pictures: Annotated[
        bool, typer.Option(help="Show the worst, median and best test case, where their sites' policies allow it.")
    ] = True,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Freeze the results as a report, and print its link."""
    body = ReportCreate(title=title, note=note, expires_days=expires_days, baseline=baseline, pictures=pictures)
    with api(home, server, token) as client:
        made = client.create_report(experiment_id, body)
        if as_json:
            print_json(made)
        else:
            make_console().print(client.server + made.path, highlight=False, soft_wrap=True)


@report_app.command(name="list")
def list_reports(
    experiment_id: ExperimentArgument,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """The reports of an experiment, the newest first."""
    with api(home, server, token) as client:
        reports = client.reports(experiment_id)
        if as_json:
            print_json(reports)
            return
        table = Table("id", "title", "made", "by", "state", "opened", "link")
        for report in reports:
            link = client.server + report.path if report.revoked_at is None else "-"
            made = f"{report.created_at:%Y-%m-%d %H:%M}"
            table.add_row(
                report.id, report.title, made, report.created_by, _state(report), str(report.num_opened), link
            )
        make_console().print(table)


@report_app.command()
def revoke(
    report_id: ReportArgument, home: HomeOption = None, server: ServerOption = None, token: TokenOption = None
) -> None:
    """Make a report's link stop working, at once and for good."""
    with api(home, server, token) as client:
        report = client.revoke_report(report_id)
    make_console().print(f"the link of {report.title!r} no longer works", highlight=False)


@report_app.command()
def pdf(
    experiment_id: ExperimentArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    report_id: Annotated[str | None, typer.Option("--report", help="Left out: the newest one that is open.")] = None,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Save a report as a PDF."""
    with api(home, server, token) as client:
        report = _choose(client, experiment_id, report_id)
        out.write_bytes(client.artifact(report.pdf_path))
    make_console().print(f"saved {out}", highlight=False)


def _choose(client: Client, experiment_id: str, report_id: str | None) -> ReportRecord:
    usable = [report for report in client.reports(experiment_id) if report.revoked_at is None]
    wanted = [report for report in usable if report_id in (None, report.id)]
    if not wanted:
        remedy = f"make one with `fedsm report create {experiment_id}`"
        raise typer.BadParameter(f"the experiment has no such open report: {remedy}")
    return wanted[0]


def _state(report: ReportRecord) -> str:
    if report.revoked_at is not None:
        return f"revoked {report.revoked_at:%Y-%m-%d}"
    return "open" if report.expires_at is None else f"until {report.expires_at:%Y-%m-%d}"
