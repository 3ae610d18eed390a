"""`fedsm experiment rename`, `archive` and `delete`."""

from typing import Annotated

import typer

from fedsm.cli.shared import HomeOption, ServerOption, TokenOption, api

ExperimentArgument = Annotated[str, typer.Argument(help="The experiment's id, as `fedsm experiment list` prints it.")]


def rename(
    experiment_id: ExperimentArgument,
    name: Annotated[str, typer.Argument(help="The new name, at most 80 characters.")],
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Give an experiment another name; nothing else of it changes."""
    with api(home, server, token) as client:
        experiment = client.update_experiment(experiment_id, name=name)
    typer.echo(f"{experiment.id} is now {experiment.name}")


def archive(
    experiment_id: ExperimentArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Take it out of the archive.")] = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Hide an experiment in the lists of the web application; nothing of it is lost."""
    with api(home, server, token) as client:
        experiment = client.update_experiment(experiment_id, archived=not undo)
    typer.echo(f"{experiment.name} is {'back in the list' if undo else 'archived'}")


def delete(
    experiment_id: ExperimentArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Delete an experiment with its runs, scores, models and masks; asks first."""
    with api(home, server, token) as client:
        experiment = client.experiment(experiment_id)
        lost = f"{len(experiment.runs)} run(s) with all scores, models and masks"
        if not yes:
            typer.confirm(f"Delete {experiment.name}? {lost} are lost for good", abort=True)
        client.delete_experiment(experiment_id)
    typer.echo(f"{experiment.name} is deleted")
