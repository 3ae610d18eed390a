"""`fedsm site approvals, approve, refuse`: a hospital's say in each run, on its own machine."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from fedsm.cli.asking import ask_hub
from fedsm.cli.options import HomeOption, JsonOption, fail, print_json
from fedsm.local.home import open_home

Answer = TypeVar("Answer")
NameArgument = Annotated[str, typer.Argument(help="A run's or an experiment's id, or its beginning.")]
WhoOption = Annotated[str, typer.Option("--name", help="Who decides; the hub keeps it with the decision.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask: what is approved was read.")]


def approvals(
    name: Annotated[str | None, typer.Argument(help="A run or an experiment, to see all that it would do.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List the runs that ask for this site's approval; with a run's id, what it would do with which data, and what
    would leave. Nothing of a run is trained or tested here before it is approved."""
    if name is not None:
        _show(_sheets(home, name), home, as_json)
        return
    from fedsm.site_agent.approvals import asked_of

    found = _with_hub(home, lambda hub, _site: asked_of(hub))
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    for one in found:
        typer.echo(f"{one.run_id}  {one.decision or 'WAITS'}  {one.run}  ({one.experiment}, {one.experiment_id})")
    waiting = sum(one.decision is None for one in found)
    typer.echo(f"{waiting} of {len(found)} wait for a decision." if found else "No run asks for an approval.")
    if waiting:
        typer.echo("Look at one: fedsm site approvals RUN. Decide: fedsm site approve RUN, fedsm site refuse RUN.")
    _print_link(home)


def approve(name: NameArgument, who: WhoOption = "", yes: YesOption = False, home: HomeOption = None) -> None:
    """Approve a run, or all runs of an experiment, after reading what they would do. Signed with this site's key."""
    sheets = _sheets(home, name)
    if not yes:
        _show(sheets, home, as_json=False)
        typer.confirm("Approve this?", abort=True)
    _decide(home, sheets, "approved", who, "")


def refuse(
    name: NameArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why, in a sentence that the researcher reads.")],
    who: WhoOption = "",
    home: HomeOption = None,
) -> None:
    """Refuse a run, or all runs of an experiment; also one that was approved before. The run goes on without this
    site, if its quorum allows."""
    _decide(home, _sheets(home, name), "refused", who, reason)


def _sheets(home: Any, name: str) -> list[Any]:
    from fedsm.site_agent.approvals import NothingAsked, asked_by, sheet_of

    async def fetch(hub: Any, _site: Any) -> list[Any]:
        return [await sheet_of(hub, one.run_id) for one in await asked_by(hub, name)]

    try:
        return _with_hub(home, fetch)
    except NothingAsked as error:
        fail(str(error))


def _decide(home: Any, sheets: list[Any], decision: Any, who: str, reason: str) -> None:
    from fedsm.site_agent.approvals import decide
    from fedsm.site_agent.audit import Audit
    from fedsm.site_agent.consents import Consents

    chosen = tuple(asked.sheet.asked for asked in sheets)
    _with_hub(
        home,
        lambda hub, site: decide(hub, Consents(site), Audit(site.audit_file), chosen, decision, who, reason),
    )
    for one in chosen:
        typer.echo(f"{decision}: {one.run} of {one.experiment}")


def _show(sheets: list[Any], home: Any, as_json: bool) -> None:
    from fedsm.site_agent.operations import Refused
    from fedsm.site_agent.policy import read_policy
    from fedsm.site_agent.sheet import facts
    from fedsm.site_agent.site_home import SiteHome

    site = SiteHome(open_home(home))
    try:
        policy = read_policy(site.policy_file)
    except Refused as error:
        fail(str(error))
    if as_json:
        print_json([asked.sheet.model_dump(mode="json") for asked in sheets])
        return
    shown = set()
    for asked in sheets:
        if asked.digest not in shown:
            shown.add(asked.digest)
            for fact in facts(asked, policy, site.membership().slug):
                typer.echo(f"  {fact.what + ':':<22} {fact.said}")
            typer.echo("")


def _print_link(home: Any) -> None:
    from fedsm.site_agent.site_home import SiteHome, in_container
    from fedsm.site_agent.status import approval_link

    if in_container():
        return  # the page is on the container's loopback
    if (link := approval_link(SiteHome(open_home(home)))) is not None:
        typer.echo(f"Or in a browser on this machine (the link opens once): {link}")


def _with_hub(home: Any, question: Callable[[Any, Any], Awaitable[Answer]]) -> Answer:
    """question: asked with the hub and the site's folder."""
    from fedsm.site_agent.hub import Hub
    from fedsm.site_agent.site_home import SiteHome

    site = SiteHome(open_home(home))

    async def ask() -> Answer:
        membership = site.membership()
        async with Hub(membership.url, site.key(), membership.server) as hub:
            return await question(hub, site)

    return ask_hub(ask())
