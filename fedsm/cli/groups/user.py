"""`fedsm user`."""

import typer

from fedsm.cli.calls import add_calls
from fedsm.cli.calls_of_users import USER_CALLS
from fedsm.cli.user import invite, set_role

group = typer.Typer()
group.command("invite")(invite)
group.command("role")(set_role)
add_calls(group, USER_CALLS)
