"""`fedsm experiment add`: more methods and seeds for an experiment that exists."""

from typing import Annotated, get_args

import typer
from pydantic import ValidationError

from backend.contracts.strategy_configs import StrategyName
from backend.experiments.schemas import RunsAdd
from fedsm.cli.results import ExperimentArgument
from fedsm.cli.shared import EXIT_WRONG_INPUT, HomeOption, JsonOption, ServerOption, TokenOption, api, fail
from fedsm.cli.watch import describe_run, print_json


def add(
    experiment_id: ExperimentArgument,
    method: Annotated[
        list[str] | None,
        typer.Option(help=f"With its standard settings; may be repeated. One of {', '.join(get_args(StrategyName))}."),
    ] = None,
    seed: Annotated[list[int] | None, typer.Option(min=0, help="Trained with every method; may be repeated.")] = None,
    start: Annotated[bool, typer.Option(help="Start the new runs at once.")] = True,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Add methods and seeds to an experiment: what it has trained is not trained again."""
    try:
        body = RunsAdd.model_validate(
            {"strategies": [{"name": name} for name in method or []], "seeds": seed or [], "start": start}
        )
    except ValidationError as error:
        fail("; ".join(problem["msg"] for problem in error.errors()), EXIT_WRONG_INPUT)
    with api(home, server, token) as client:
        before = {run.id for run in client.experiment(experiment_id).runs}
        experiment = client.add_runs(experiment_id, body)
    if as_json:
        print_json(experiment.model_dump(mode="json", by_alias=True))
        return
    for run in experiment.runs:
        if run.id not in before:
            typer.echo(describe_run(run))
