"""`fedsm user invite` and `role`: a role in a federation, with a site manager's sites."""

from typing import Annotated

import typer

from backend.access.matrix import Role
from backend.federations.schemas import FederationRecord
from backend.users.schemas import MemberInvite, MemberSet
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

RoleOption = Annotated[Role, typer.Option(help="The role in the federation.")]
FederationOption = Annotated[
    str | None, typer.Option("--federation", "-f", help="Name or id; left out: the only one there is.")
]
SiteOption = Annotated[
    list[str] | None, typer.Option("--site", help="Short name of a site manager's site; may be given several times.")
]


def invite(
    label: Annotated[str, typer.Argument(help="Whom it is for; the invited choose their own name.")],
    role: RoleOption,
    federation: FederationOption = None,
    site: SiteOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Make a link with which one person joins a federation; it is shown this once, and works once, for seven days."""
    with api(home, server, token) as client:
        found = find_federation(client, federation)
        body = MemberInvite(label=label, role=role, site_ids=_site_ids(found, site))
        made = client.invite(found.id, body)
        address = f"{client.server}{made.path}"
    if as_json:
        print_json(made.model_dump(mode="json") | {"address": address})
    else:
        typer.echo(address)


def set_role(
    user_id: Annotated[str, typer.Argument(help="The user's id, as `fedsm user list` prints it.")],
    role: RoleOption,
    federation: FederationOption = None,
    site: SiteOption = None,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Give a user a role in a federation, in place of the one before."""
    with api(home, server, token) as client:
        found = find_federation(client, federation)
        record = client.set_member(found.id, user_id, MemberSet(role=role, site_ids=_site_ids(found, site)))
    typer.echo(f"{record.name} is {role.value.replace('_', ' ')} of {found.name} now")


def _site_ids(federation: FederationRecord, slugs: list[str] | None) -> list[str]:
    known = {site.slug: site.id for site in federation.sites}
    for slug in slugs or ():
        if slug not in known:
            there = ", ".join(known) or "none yet"
            fail(f"{federation.name} has no site {slug!r}; there are: {there}", EXIT_WRONG_INPUT)
    return [known[slug] for slug in slugs or ()]
