"""`fedsm experiment add`: more methods and seeds for an experiment that exists."""

import json
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
        typer.Option(
            help="May be repeated. A name, with its standard settings, or an object with the settings that differ, "
            f"""'{{"name": "fedsm", "lambda": 0.9}}'. Names: {", ".join(get_args(StrategyName))}."""
        ),
    ] = None,
    seed: Annotated[list[int] | None, typer.Option(min=0, help="Trained with every method; may be repeated.")] = None,
    start: Annotated[bool, typer.Option(help="Start the new runs at once.")] = True,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Add methods and seeds to an experiment: what it has trained is not trained again."""
    strategies = [_settings(text) for text in method or []]
    try:
        body = RunsAdd.model_validate({"strategies": strategies, "seeds": seed or [], "start": start})
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()]
        fail("; ".join(problems), EXIT_WRONG_INPUT)
    with api(home, server, token) as client:
        before = {run.id for run in client.experiment(experiment_id).runs}
        experiment = client.add_runs(experiment_id, body)
    if as_json:
        print_json(experiment.model_dump(mode="json", by_alias=True))
        return
    for run in experiment.runs:
        if run.id not in before:
            typer.echo(describe_run(run))


def _settings(text: str) -> object:
    """A method's settings as they were typed: a name alone, or a JSON object."""
    if not text.lstrip().startswith("{"):
        return {"name": text}
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        fail(f"--method {text!r} is no JSON object: {error}", EXIT_WRONG_INPUT)
