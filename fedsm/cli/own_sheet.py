"""`fedsm site sheet` at a hospital: who reaches whom, and what leaves by its policy."""

from dataclasses import asdict
from pathlib import Path

import typer

from fedsm.cli.options import EXIT_WRONG_INPUT, fail, print_json
from fedsm.local.home import open_home


def print_own_sheet(as_json: bool, home: Path | None) -> None:
    """Both tables of the site of this folder. Ends the command where a setting or the policy cannot be understood."""
    from pydantic import ValidationError

    from fedsm.site_agent.data_flows import connections, flows, markdown, places_of
    from fedsm.site_agent.network import NetworkProblem
    from fedsm.site_agent.operations import Refused
    from fedsm.site_agent.policy import read_policy
    from fedsm.site_agent.settings import AgentSettings
    from fedsm.site_agent.site_home import NotJoined, SiteHome

    site = SiteHome(open_home(home))
    try:
        reached = connections(places_of(site, AgentSettings()))
        moved = flows(read_policy(site.policy_file))
    except (NetworkProblem, NotJoined, Refused) as error:
        fail(str(error), EXIT_WRONG_INPUT)
    except ValidationError as error:
        names = ", ".join(f"FEDSM_{str(problem['loc'][0]).upper()}: {problem['msg']}" for problem in error.errors())
        fail(names, EXIT_WRONG_INPUT)
    if as_json:
        print_json({"connections": [asdict(row) for row in reached], "flows": [asdict(row) for row in moved]})
        return
    typer.echo(f"What this site's programs reach, and who reaches them:\n\n{markdown(reached)}")
    typer.echo(f"What comes in, leaves and stays, by {site.policy_file}:\n\n{markdown(moved)}")
