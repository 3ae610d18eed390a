"""`fedsm site invite` and `fedsm site accept`: the coordinator's side of joining."""

import os
from pathlib import Path
from typing import Annotated

import typer

from backend.sites.schemas import SiteRecord
from fedsm.cli.calls import find_site
from fedsm.cli.shared import EXIT_WRONG_INPUT, HomeOption, JsonOption, ServerOption, TokenOption, api, fail
from fedsm.cli.watch import print_json

SiteArgument = Annotated[str, typer.Argument(help="The site's short name or id.")]


def invite(
    site: SiteArgument,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write; default: SITE.fedsm-kit.json.")
    ] = None,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Make the kit with which a hospital joins as this site: one file, whose code is good for 24 hours, once."""
    with api(home, server, token) as client:
        kit = client.send("POST", f"/sites/{find_site(client, site)}/invitation", {}, None)
    values = kit.json()
    path = out or Path(f"{values['slug']}.fedsm-kit.json")
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(kit.content)
    typer.echo(f"saved {path}: send it to {values['site']}. Its code is good until {values['expires_at']}, once.")
    typer.echo(
        f"\nThere, with FedSM Studio installed:\n\n    fedsm site check {path.name}\n    fedsm site join {path.name}"
    )
    typer.echo(
        "    fedsm site up\n\nThen compare the six words and accept the site: fedsm site accept " + values["slug"]
    )


def accept(
    site: SiteArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: the words were compared.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Accept a site that asks to join, after both sides read the same six words; or let a stopped one work again."""
    with api(home, server, token) as client:
        site_id = find_site(client, site)
        record = SiteRecord.model_validate_json(client.send("GET", f"/sites/{site_id}", {}, None).content)
        link = record.link
        if link is None or link.status not in ("pending", "stopped"):
            fail(f"{record.name} does not wait to be accepted: make a kit with fedsm site invite", EXIT_WRONG_INPUT)
        if not as_json:
            typer.echo(f"{record.name}: {link.hardware}, version {link.version}")
            typer.echo(f"\n    {link.phrase}\n")
        if not yes:
            typer.confirm("Does the site read the same six words?", abort=True)
        body = {"fingerprint": link.fingerprint}
        answer = client.send("POST", f"/sites/{site_id}/credential/accept", {}, body)
    if as_json:
        print_json(answer.json())
    else:
        typer.echo(f"{record.name} is accepted")
