"""`fedsm site check, join, up, status, policy, audit, ...`: what a hospital runs, on its own machine."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from backend.contracts.link import SiteKit
from fedsm.cli.approvals import approvals, approve, refuse
from fedsm.cli.asking import ask_hub
from fedsm.cli.options import EXIT_FAILED, EXIT_WRONG_INPUT, HomeOption, JsonOption, fail, print_json
from fedsm.cli.own_policy import print_own_policy
from fedsm.cli.own_sheet import print_own_sheet
from fedsm.local.home import AlreadyRunning, open_home

KitArgument = Annotated[Path, typer.Argument(help="The file that the coordinator sent.")]


def check(kit: KitArgument, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Look whether this machine is ready to join: network, certificate, clock, disk, GPU, data. Sends nothing of it."""
    from fedsm.site_agent.checks import check as lines_of
    from fedsm.site_agent.site_home import read_kit
    from worker.process.settings import WorkerSettings

    found = _read_kit(read_kit, kit)
    lines = []
    for line in lines_of(found.url, open_home(home).folder, WorkerSettings().data_roots):
        lines.append(line)
        if not as_json:
            mark = {True: "ok", False: "NOT OK", None: "-"}[line.ok]
            typer.echo(f"{mark:<7} {line.what}: {line.said}")
    if as_json:
        print_json([{"what": line.what, "ok": line.ok, "said": line.said} for line in lines])
    if any(line.ok is False for line in lines):
        raise typer.Exit(EXIT_FAILED)


def join(kit: KitArgument, home: HomeOption = None) -> None:
    """Join a federation: make this site's key here, and ask the hub to accept it. The key never leaves this machine."""
    from fedsm.site_agent import joining
    from fedsm.site_agent.site_home import SiteHome, read_kit
    from worker.process.hardware import describe_hardware

    found = _read_kit(read_kit, kit)
    site = SiteHome(open_home(home))
    answer = ask_hub(joining.join(site, found, describe_hardware()))
    typer.echo(f"{answer.site} asks to join {found.federation} at {found.url}.\n")
    typer.echo("Read these six words to the coordinator, by telephone. They must see the same:\n")
    typer.echo(f"    {answer.phrase}\n")
    typer.echo("Then start the site: fedsm site up. It waits until the coordinator accepts it.")


def up(
    home: HomeOption = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; default: one a CPU core, or one a GPU.")
    ] = None,
) -> None:
    """Start this site: its agent, a local queue and one worker, until Ctrl-C. Nothing here listens on the network."""
    from fedsm.local.supervisor import StartFailed
    from fedsm.site_agent.launch import running_site
    from fedsm.site_agent.site_home import NotJoined, SiteHome
    from fedsm.site_agent.status import approval_link

    site = SiteHome(open_home(home))
    try:
        with running_site(site, concurrency, _say) as supervisor:
            _say("    The site is up. `fedsm site status` says how it stands with the hub. Ctrl-C stops it.")
            _say(f"    Runs wait for your approval: fedsm site approvals, or {approval_link(site)} (opens once)\n")
            supervisor.watch()
    except AlreadyRunning:
        fail("this site is up already on this folder")
    except (NotJoined, StartFailed, ValueError) as error:
        fail(str(error))


def status(as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Say how this site stands with the hub. The exit code is 1 where something is in the way."""
    from fedsm.site_agent.site_home import NotJoined, SiteHome
    from fedsm.site_agent.status import status_of

    site = SiteHome(open_home(home))
    try:
        membership = site.membership()
    except NotJoined as error:
        fail(str(error))
    found = status_of(site)
    if as_json:
        print_json({"site": membership.slug, "hub": membership.url, "running": found is not None, "agent": found})
    else:
        typer.echo(f"{membership.site} of {membership.federation}, at {membership.url}")
        typer.echo(f"six words: {membership.phrase}")
        if found is None:
            typer.echo("the agent does not run: start it with fedsm site up")
        else:
            typer.echo(found["problem"] or "connected")
            typer.echo(
                f"{len(found['workers'])} workers, {found['claimed']} tasks under way, {found['waiting']} waiting"
            )
    if found is None or found["problem"]:
        raise typer.Exit(1)


def policy(as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Print what this hospital allows, whatever the hub asks, and the file where it stands. A running agent reads the
    file anew for every task. The exit code is 2 where the file cannot be understood."""
    print_own_policy(as_json, home)


def sheet(as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Print what a network department and data protection ask for: who reaches whom, and what comes in, leaves and
    stays by this site's settings and policy. As Markdown, to be filed."""
    print_own_sheet(as_json, home)


def audit(
    _do: Annotated[Literal["verify"], typer.Argument(metavar="verify", help="May be left out.")] = "verify",
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the hub.")] = False,
    home: HomeOption = None,
) -> None:
    """Verify this site's record of what came in, what left and what was refused: each line by the one before, and all
    by what the hub acknowledged and keeps. A line that was changed, taken out or moved is named, and the exit code is
    1."""
    from fedsm.cli.own_audit import verify_own

    verify_own(open_home(home), offline)


def rotate(home: HomeOption = None) -> None:
    """Make a new key for this site in place of its present one. A running agent goes on with it by itself."""
    from fedsm.site_agent import joining
    from fedsm.site_agent.site_home import SiteHome

    fingerprint = ask_hub(joining.rotate(SiteHome(open_home(home))))
    typer.echo(f"the new key is in use (fingerprint {fingerprint})")


def leave(home: HomeOption = None, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Leave the federation: the credential ends, key and caches here are removed, and what stays at the hub is
    listed. The agent must be stopped first."""
    from fedsm.site_agent import joining
    from fedsm.site_agent.site_home import SiteHome, container_engine, in_container
    from fedsm.site_agent.status import status_of

    site = SiteHome(open_home(home))
    if status_of(site) is not None:
        fail("this site's agent runs: stop it (Ctrl-C where `fedsm site up` runs, or its container), then leave")
    if not yes:
        typer.confirm("Leave for good? Runs under way go on without this site", abort=True)
    try:
        with site.home.exclusive():
            remains = ask_hub(joining.leave(site))
    except AlreadyRunning:
        fail("this site is up: stop it (Ctrl-C where `fedsm site up` runs), then leave")
    typer.echo("The credential has ended. Key, caches and the local queue are removed; the audit and the logs stay.")
    if in_container():
        remove = f"{container_engine()} volume rm fedsm-site_work"
        typer.echo(f"The worker's volume has models and what training keeps: {remove} removes them.")
    typer.echo("At the hub there remain:")
    for name, count in remains.model_dump().items():
        typer.echo(f"  {name.replace('_', ' ')}: {count}")
    typer.echo("The coordinator deletes them: fedsm dataset delete, fedsm storage withdraw, fedsm experiment delete.")


def agent(home: HomeOption = None) -> None:
    """Run the agent alone, in the foreground, as in a container. REDIS_URL is the site's own queue."""
    import os

    if home is not None:
        os.environ["FEDSM_HOME"] = str(home)
    from fedsm.site_agent.process import main

    raise typer.Exit(main())


def verify(
    archive: Annotated[Path, typer.Argument(help="The archive for a site without a network.")],
    kit: Annotated[Path | None, typer.Option(help="The kit of this site: the hub's key signed the archive.")] = None,
    fingerprint: Annotated[str, typer.Option(help="Of the key that signed it, if that is another.")] = "",
) -> None:
    """Verify an archive before anything of it is unpacked or installed: each file is what the key signed. The first
    that was changed, added or taken out is named, and the exit code is 1."""
    from backend.link.keys import KeyProblem
    from fedsm.site_agent.archive import ArchiveProblem, verify_archive
    from fedsm.site_agent.site_home import read_kit

    if (kit is None) == (not fingerprint):
        fail("give the kit, or the fingerprint of the key that signed: --kit FILE or --fingerprint", EXIT_WRONG_INPUT)
    expected = fingerprint if kit is None else _read_kit(read_kit, kit).server_fingerprint
    try:
        files = verify_archive(archive, expected)
    except OSError as error:
        fail(str(error), EXIT_WRONG_INPUT)
    except (ArchiveProblem, KeyProblem) as error:
        fail(str(error))
    typer.echo(f"{archive}: {len(files)} files are what the key signed")


#: They need nothing but the agent's own code.
OF_THE_AGENT = (check, join, verify, status, policy, sheet, approvals, approve, refuse, audit, rotate, leave, agent)


def add_hospital_commands(site_app: typer.Typer) -> None:
    """At the hub: `site policy SITE` is the coordinator's, and without a site the hospital's own."""
    for command in (*OF_THE_AGENT, up):
        if command is not policy:
            site_app.command()(command)


def _read_kit(read: Callable[[Path], SiteKit], kit: Path) -> SiteKit:
    try:
        return read(kit)
    except (ValueError, OSError) as error:
        fail(str(error), EXIT_WRONG_INPUT)


def _say(text: str) -> None:
    typer.echo(text)
    sys.stdout.flush()
