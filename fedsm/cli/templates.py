"""`fedsm experiment templates`: experiment files to start from."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from backend.experiment_templates.service import template_files
from fedsm.cli.shared import EXIT_WRONG_INPUT, JsonOption, fail
from fedsm.cli.watch import make_console, print_json
from fedsm.experiment_file import read_experiment_file


def templates(
    name: Annotated[
        str | None, typer.Argument(help="Print this one as YAML, with its comments; without it, list.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the experiment templates, or print one: `fedsm experiment templates quick-look > my.yaml`."""
    files = template_files()
    if name is None:
        _list(files, as_json)
    elif name in files:
        _print(files[name], as_json)
    else:
        fail(f"there is no template {name!r}; there are: {', '.join(files)}", EXIT_WRONG_INPUT)


def _list(files: dict[str, Path], as_json: bool) -> None:
    contents = {name: read_experiment_file(path) for name, path in files.items()}
    if as_json:
        print_json([{"name": name, "title": c.name, "description": c.description} for name, c in contents.items()])
        return
    table = Table("template", "title", "methods", "rounds")
    for name, content in contents.items():
        methods = ", ".join(dict.fromkeys(strategy.name for strategy in content.config.strategies))
        table.add_row(name, content.name, methods, str(content.config.schedule.rounds))
    make_console().print(table)


def _print(path: Path, as_json: bool) -> None:
    """Without the template's description: it would stand on an experiment whose settings were changed since."""
    if as_json:
        file = read_experiment_file(path).model_copy(update={"description": ""})
        print_json(file.model_dump(mode="json", by_alias=True))
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    typer.echo("".join(line for line in lines if not line.startswith("description:")), nl=False)
