"""`fedsm experiment check`: would the experiment be accepted, and what should be looked at first?"""

from pathlib import Path
from typing import Annotated

import typer

from backend.contracts.config_problems import ConfigProblem
from fedsm.cli.shared import (
    EXIT_WRONG_INPUT,
    HomeOption,
    JsonOption,
    ServerOption,
    TokenOption,
    api,
    fail,
    find_federation,
)
from fedsm.cli.watch import print_json
from fedsm.experiment_file import WrongFile, read_experiment_file


def check(
    file: Annotated[Path, typer.Option("--file", "-f", help="The experiment, as `create` takes it.")],
    federation: Annotated[str | None, typer.Option(help="Name or id of the federation.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Say what would be refused and what is likely to be regretted; creates nothing.

    The exit code is 2 when the experiment would be refused.
    """
    try:
        wanted = read_experiment_file(file)
    except WrongFile as error:
        fail(str(error), EXIT_WRONG_INPUT)
    with api(home, server, token) as client:
        target = find_federation(client, federation or wanted.federation)
        result = client.check_experiment(target.id, wanted.config)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        for title, entries in (("problem", result.problems), ("warning", result.warnings)):
            for entry in entries:
                typer.echo(f"{title}: {_in_words(entry)}")
        if not result.problems:
            typer.echo(f"{wanted.name} can run in {target.name}: {result.num_runs} run(s), {result.num_sites} site(s)")
    if result.problems:
        raise typer.Exit(EXIT_WRONG_INPUT)


def _in_words(entry: ConfigProblem) -> str:
    return f"{entry.field} = {entry.value}: {entry.message} ({entry.remedy})"
