"""What every command shares, those of a hospital's image too, which has none of the hub's code."""

import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

EXIT_FAILED = 1
EXIT_WRONG_INPUT = 2

HomeOption = Annotated[
    Path | None, typer.Option(help="State folder (FEDSM_HOME; default .fedsm in the current folder).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def fail(message: str, code: int = EXIT_FAILED) -> NoReturn:
    typer.echo(f"fedsm: {message}", err=True)
    raise typer.Exit(code)


def print_json(value: object) -> None:
    """One line on standard output."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
