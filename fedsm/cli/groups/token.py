"""`fedsm token`."""

import typer

from fedsm.cli.calls import add_calls
from fedsm.cli.calls_of_system import TOKEN_CALLS

group = typer.Typer()
add_calls(group, TOKEN_CALLS)
