"""`fedsm model`."""

import typer

from fedsm.cli.calls import add_calls
from fedsm.cli.calls_of_registry import REGISTRY_CALLS
from fedsm.cli.calls_of_runs import MODEL_CALLS
from fedsm.cli.export import export
from fedsm.cli.made_from import add_site, fine_tune
from fedsm.cli.model import download, import_model, score
from fedsm.cli.registry import diff, register, registered, verify
from fedsm.cli.students import student, students

group = typer.Typer()
group.command("test")(score)
group.command("import")(import_model)
group.command()(export)
for command in (download, register, registered, diff, verify, add_site, fine_tune, student, students):
    group.command()(command)
add_calls(group, MODEL_CALLS)
add_calls(group, REGISTRY_CALLS)
