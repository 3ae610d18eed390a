"""`fedsm audit verify` and `fedsm audit export`: the hub's own record."""

from pathlib import Path
from typing import Annotated

import typer

from backend.audit.schemas import AuditVerification
from fedsm.cli.shared import EXIT_FAILED, HomeOption, JsonOption, ServerOption, TokenOption, api
from fedsm.cli.watch import print_json

audit_app = typer.Typer()


@audit_app.command()
def verify(
    as_json: JsonOption = False, home: HomeOption = None, server: ServerOption = None, token: TokenOption = None
) -> None:
    """Read every record of the hub: each by the one before, and all by what hospitals confirmed with their keys. One
    that was changed, removed or moved is named, and the exit code is 1."""
    with api(home, server, token) as client:
        found = AuditVerification.model_validate_json(client.send("GET", "/audit/verification", {}, None).content)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        for problem in found.problems:
            typer.echo(f"record {problem.number}: {problem.problem}", err=True)
        for head in found.confirmed:
            typer.echo(f"{head.site_slug} confirmed the records up to {head.number} at {head.at:%Y-%m-%d %H:%M} UTC")
        if found.intact:
            typer.echo(f"{found.records} records, {found.first} to {found.last}, none changed, removed or moved.")
        typer.echo(f"The last one's hash is {found.head}")
    if not found.intact:
        raise typer.Exit(EXIT_FAILED)


@audit_app.command()
def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path("audit.jsonl"),
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Save every record as JSON lines, each with its hash: of the line's other fields, sorted, without blanks."""
    with api(home, server, token) as client:
        content = client.send("GET", "/audit/records.jsonl", {}, None).content
    out.write_bytes(content)
    num_records = content.count(b"\n")
    typer.echo(f"saved {out}: {num_records} records")
