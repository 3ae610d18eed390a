"""`fedsm storage`: what lies on the backend's disk, for whom, and how to be rid of it."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from backend.sites.schemas import SiteRecord
from backend.storage.schemas import BytesByKind, SentRecord, StorageRecord
from fedsm.cli.shared import (
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
from fedsm.cli.watch import make_console, print_json
from fedsm.client import Client

storage_app = typer.Typer()

KINDS = ("states", "updates", "images", "masks", "uploads", "thumbnails")


@storage_app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Say what each experiment and data set holds, the total, and what is free. The exit code is 1 where a file is
    damaged or lost, or a disk is nearly full."""
    if context.invoked_subcommand is not None:
        return
    with api(home, server, token) as client:
        found = client.storage()
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _print(found)
    if found.damaged or any(disk.warning for disk in found.disks):
        raise typer.Exit(EXIT_FAILED)


@storage_app.command()
def sweep(
    as_json: JsonOption = False, home: HomeOption = None, server: ServerOption = None, token: TokenOption = None
) -> None:
    """Remove every file that nobody owns. It is also done after each deletion, and every night."""
    with api(home, server, token) as client:
        found = client.sweep_storage()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    typer.echo(f"{found.num_files} file(s), {size(found.num_bytes)}, and {found.num_leftovers} unfinished upload(s)")


@storage_app.command()
def scrub(
    as_json: JsonOption = False, home: HomeOption = None, server: ServerOption = None, token: TokenOption = None
) -> None:
    """Read every stored file, and name those that are damaged or lost. The exit code is 1 where there are any."""
    with api(home, server, token) as client:
        found = client.scrub_storage()
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        for sha256 in found.damaged:
            typer.echo(f"damaged: {sha256}")
        for sha256 in found.lost:
            typer.echo(f"lost: {sha256}")
        typer.echo(f"{found.num_checked} file(s) read: {len(found.damaged)} damaged, {len(found.lost)} lost")
    if found.damaged or found.lost:
        raise typer.Exit(EXIT_FAILED)


@storage_app.command()
def departures(
    site: Annotated[str, typer.Argument(help="The site's short name or id.")],
    federation: Annotated[str | None, typer.Option(help="Name or id; may be left out where there is only one.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """List what left a site, when and to whom, the latest first."""
    with api(home, server, token) as client:
        found = client.departures(_find_site(client, federation, site).id)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    table = Table("last", "of", "what", "to", "times", "bytes")
    for entry in found.entries:
        sent = "-" if entry.num_bytes is None else size(entry.num_bytes)
        when = f"{entry.last_at:%Y-%m-%d %H:%M}"
        table.add_row(when, escape(entry.of), entry.what, entry.to, str(entry.num_times), sent)
    make_console().print(table)


@storage_app.command()
def withdraw(
    site: Annotated[str, typer.Argument(help="The site's short name or id.")],
    federation: Annotated[str | None, typer.Option(help="Name or id; may be left out where there is only one.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Delete what left a site before its policy forbade it: thumbnails, images, masks. It is hidden already."""
    with api(home, server, token) as client:
        record = _find_site(client, federation, site)
        sent = client.sent(record.id)
        if not yes and _in_words(sent):
            typer.confirm(f"Delete {_in_words(sent)} of {record.name}? They are lost for good", abort=True, err=True)
        done = client.withdraw(record.id)
    if as_json:
        print_json(done.model_dump(mode="json"))
    else:
        typer.echo(f"deleted {_in_words(done)}" if _in_words(done) else "there is nothing that the policy forbids")


def _find_site(client: Client, federation: str | None, wanted: str) -> SiteRecord:
    found = find_federation(client, federation)
    matching = [site for site in found.sites if wanted in (site.slug, site.id)]
    if not matching:
        slugs = ", ".join(site.slug for site in found.sites) or "none"
        fail(f"{found.name} has no site {wanted!r}; there are: {slugs}", EXIT_WRONG_INPUT)
    return matching[0]


def _in_words(sent: SentRecord) -> str:
    parts = (
        (sent.num_thumbnails, "thumbnail(s)"),
        (sent.num_images, "test case(s)' images"),
        (sent.num_predictions, "predicted mask(s)"),
        (sent.num_report_pictures, "picture(s) in reports"),
    )
    return ", ".join(f"{number} {what}" for number, what in parts if number)


def _print(found: StorageRecord) -> None:
    table = Table("held by", "files", "total", *KINDS, "rounds kept")
    for experiment in found.experiments:
        table.add_row(experiment.experiment_name, *_cells(experiment), f"retention: {experiment.retention}")
        for run in experiment.runs:
            rounds = ", ".join(map(str, run.kept_rounds)) or "none"
            table.add_row(f"  {run.strategy_label}, seed {run.seed}", *_cells(run), rounds)
    for dataset in found.datasets:
        table.add_row(f"data set {dataset.dataset_name} of {dataset.site_name}", *_cells(dataset), "")
    make_console().print(table)
    typer.echo(f"{found.num_files} files, {size(found.num_bytes)}; {size(found.unowned_bytes)} are unowned")
    for disk in found.disks:
        typer.echo(f"{disk.folder}: {size(disk.num_free)} of {size(disk.num_total)} free")
        if disk.warning:
            typer.echo(f"fedsm: {disk.warning}", err=True)
    for sha256 in found.damaged:
        typer.echo(f"fedsm: the file {sha256} is damaged or lost: restore it from a backup", err=True)


def _cells(held: BytesByKind) -> tuple[str, ...]:
    by_kind = (size(held.by_kind[kind]) if kind in held.by_kind else "" for kind in KINDS)
    return str(held.num_files), size(held.num_bytes), *by_kind


def size(num_bytes: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if num_bytes >= factor:
            return f"{num_bytes / factor:.1f} {unit}"
    return f"{num_bytes} B"
