"""`fedsm site ...` in a hospital's image: the agent's commands alone, because the image has none of the hub's code.

Queue and worker are containers of their own there, so that there is no `up`.
"""

import typer

from fedsm.cli.hospital import OF_THE_AGENT

app = typer.Typer(help="FedSM Studio at a hospital.", no_args_is_help=True, pretty_exceptions_enable=False)
site_app = typer.Typer(help="What a hospital runs: check, join, and look after its site.", no_args_is_help=True)
for command in OF_THE_AGENT:
    site_app.command()(command)
app.add_typer(site_app, name="site")

if __name__ == "__main__":
    app()
