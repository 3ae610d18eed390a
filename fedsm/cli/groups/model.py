"""`fedsm model`."""

import typer

from fedsm.cli.calls import add_calls
from fedsm.cli.calls_of_runs import MODEL_CALLS
from fedsm.cli.export import export
from fedsm.cli.model import import_model, score

group = typer.Typer()
group.command("test")(score)
group.command("import")(import_model)
group.command()(export)
add_calls(group, MODEL_CALLS)
