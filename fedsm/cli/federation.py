"""`fedsm federation ...`: what the sites' data are like, and whether a test case was trained on elsewhere."""

from typing import Annotated

import typer
from rich.table import Table

from backend.contracts.datasets import SitePolicy
from backend.datasets.leakage.schemas import LeakageReport
from backend.datasets.statistics.schemas import FederationStatistics, SiteStatistics, Spread, StatedCount
from fedsm.cli.alike import alike, decide
from fedsm.cli.shared import EXIT_FAILED, HomeOption, JsonOption, ServerOption, TokenOption, api, find_federation
from fedsm.cli.watch import make_console, print_json

federation_app = typer.Typer()

FederationOption = Annotated[str | None, typer.Option(help="Name or id; may be left out where there is only one.")]


@federation_app.command("list")
def list_federations(
    archived: Annotated[bool, typer.Option("--archived", help="List those in the archive too.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """List the federations: what they segment, their sites, cases and experiments."""
    with api(home, server, token) as client:
        found = [record for record in client.federations() if archived or record.archived_at is None]
    if as_json:
        print_json([record.model_dump(mode="json") for record in found])
        return
    table = Table("federation", "task", "sites online", "cases", "experiments", "running")
    for record in found:
        active = [site for site in record.sites if site.archived_at is None]
        online = sum(site.state != "offline" for site in active)
        task = f"{record.task.dimensions}D {record.task.modality}"
        counts = (sum(sum(site.num_cases.values()) for site in active), record.num_experiments, record.num_running)
        table.add_row(record.name, task, f"{online} of {len(active)}", *map(str, counts))
    make_console().print(table)


federation_app.command()(alike)
federation_app.command()(decide)


@federation_app.command()
def sites(
    federation: FederationOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """List a federation's sites: state, cases, and what may run there and leave."""
    with api(home, server, token) as client:
        found = find_federation(client, federation).sites
    if as_json:
        print_json([site.model_dump(mode="json") for site in found])
        return
    table = Table("site", "kind", "state", "train", "val", "test", "methods", "may leave")
    for site in found:
        state = "archived" if site.archived_at else site.state
        counts = [str(site.num_cases[split]) for split in ("train", "val", "test")]
        where = "simulated on this machine" if site.kind == "simulated" else "real"
        table.add_row(f"{site.name} ({site.slug})", where, state, *counts, *_policy(site.policy))
    console = make_console()
    console.print(table)
    for words in dict.fromkeys(site.unserved for site in found if site.unserved and site.archived_at is None):
        console.print(words, markup=False)


@federation_app.command()
def statistics(
    federation: FederationOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Set the sites' data side by side, and say how far apart they are. Small counts are withheld, as "<10"."""
    with api(home, server, token) as client:
        found = client.statistics(find_federation(client, federation).id)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _print_statistics(found)


@federation_app.command()
def leakage(
    federation: FederationOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Find cases that are the same image, or nearly, in several data sets or at several sites.

    The exit code is 1 where a test case trains or validates elsewhere, else 0."""
    with api(home, server, token) as client:
        report = client.leakage(find_federation(client, federation).id)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        _print_leakage(report)
    if report.num_serious:
        raise typer.Exit(EXIT_FAILED)


def _policy(policy: SitePolicy) -> tuple[str, str]:
    allowed = {
        "thumbnails": policy.may_send_thumbnails,
        "images": policy.may_send_images,
        "predictions": policy.may_send_predictions,
        "hashes": policy.may_send_hashes,
    }
    methods = "all" if policy.allowed_strategies is None else ", ".join(policy.allowed_strategies)
    return methods, ", ".join(name for name, may in allowed.items() if may) or "nothing"


def _print_statistics(found: FederationStatistics) -> None:
    console = make_console()
    structures = [structure.structure for structure in found.sites[0].structures] if found.sites else []
    unit = "ml" if found.dimensions == 3 else "px"
    table = Table("site", "train", "val", "test", "size", "spacing (mm)")
    for name in structures:
        table.add_column(f"{name}: cases, {unit}")
    for site in found.sites:
        counts = [_count(site.splits[split]) for split in ("train", "val", "test")]
        table.add_row(site.site_name, *counts, _axes(site.size), _axes(site.spacing), *_structures(site))
    console.print(table)
    for site in found.sites:
        if site.note:
            typer.echo(f"{site.site_name}: {site.note}")
    parts = ("intensity", "spacing", "size", "structure_size", "prevalence", "overall")
    distances = Table("distance, 0 to 1", *(part.replace("_", " ") for part in parts))
    for entry in found.distances:
        numbers = [getattr(entry, part) for part in parts]
        shown = ["" if number is None else f"{number:.2f}" for number in numbers]
        distances.add_row(f"{entry.site} - {entry.other}", *shown)
    if found.distances:
        console.print(distances)


def _count(count: StatedCount) -> str:
    return f"<{count.below}" if count.count is None else str(count.count)


def _axes(spreads: list[Spread] | None) -> str:
    return " x ".join(f"{spread.mean:.4g}" for spread in spreads or [])


def _structures(site: SiteStatistics) -> list[str]:
    cells = []
    for structure in site.structures:
        size = "" if structure.size is None else f", {structure.size.mean:.4g} +- {structure.size.std:.3g}"
        cells.append("withheld" if structure.num_present is None else f"{structure.num_present}{size}")
    return cells


def _print_leakage(report: LeakageReport) -> None:
    for pair in report.pairs:
        typer.echo(f"{'SERIOUS' if pair.is_serious else 'note'}: {pair.message} {pair.remedy}")
    if len(report.pairs) < report.num_pairs:
        typer.echo(f"... and {report.num_pairs - len(report.pairs)} more")
    for site in report.not_compared:
        typer.echo(f"{site.site_name}: {site.num_cases} cases were not compared. {site.reason}")
    least = "" if report.is_complete else "at least "
    found = f"{least}{report.num_pairs} pairs, {least}{report.num_serious} of them serious"
    typer.echo(f"{report.num_compared} cases compared: {found}")
