"""`fedsm site`: at the hub, and what a hospital runs itself."""

import typer

from fedsm.cli.calls import add_calls
from fedsm.cli.calls_of_data import SITE_CALLS
from fedsm.cli.create import add_site, set_policy
from fedsm.cli.hospital import add_hospital_commands
from fedsm.cli.joining import accept, invite

group = typer.Typer()
group.command("add")(add_site)
group.command("policy")(set_policy)
add_calls(group, SITE_CALLS)
group.command()(invite)
group.command()(accept)
add_hospital_commands(group)
