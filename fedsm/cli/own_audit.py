"""`fedsm site audit`: a hospital's record, against itself and against what the hub acknowledged."""

from typing import Any

import typer

from fedsm.cli.asking import ask_hub
from fedsm.cli.options import EXIT_FAILED, fail
from fedsm.local.home import Home


def verify_own(home: Home, offline: bool) -> None:
    """Ends the command where something is not as it was written."""
    from fedsm.site_agent.audit import verify
    from fedsm.site_agent.heads import Heads, problems_of_own
    from fedsm.site_agent.site_home import NotJoined, SiteHome

    site = SiteHome(home)
    try:
        hashes = verify(site.audit_file)
    except (ValueError, OSError) as error:
        fail(str(error), EXIT_FAILED)
    last = max(hashes)
    typer.echo(
        f"{site.audit_file}: {last} lines, none changed, removed or moved. The last one's hash is {hashes[last]}"
    )
    try:
        membership = site.membership()
        kept = Heads(site.heads_file, membership.slug, membership.server).kept()
    except NotJoined:
        typer.echo("This site is in no federation now, so that no hub is asked.")
        return
    except ValueError as error:
        fail(str(error), EXIT_FAILED)
    problems = list(dict.fromkeys(problems_of_own(hashes, kept)))
    if not offline:
        problems += ask_hub(_ask(site, membership, hashes, kept))
    for problem in problems[:20]:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(EXIT_FAILED)
    by = "by what the hub acknowledged" if offline else "by what the hub keeps, and the hub's record by what it showed"
    typer.echo(f"The same {by}: {len(kept)} times.")


async def _ask(site: Any, membership: Any, hashes: dict[int, str], kept: list[Any]) -> list[str]:
    from fedsm.site_agent.heads import problems_with_hub
    from fedsm.site_agent.hub import Hub

    async with Hub(membership.url, site.key(), membership.server) as hub:
        return await problems_with_hub(hub, hashes, kept)
