"""`fedsm model student` and `students`: one network that learns from a super model, and what that costs."""

from typing import Annotated

import typer
from rich.table import Table

from backend.contracts.registry import Reference
from backend.contracts.score_text import printed
from backend.contracts.student import StudentCreate
from backend.evaluations.student_schemas import StudentScore
from backend.experiments.schemas import ExperimentRecord
from fedsm.cli.made_from import follow_to_version
from fedsm.cli.references import find_models, find_run, find_version
from fedsm.cli.shared import HomeOption, JsonOption, ServerOption, ThresholdOption, TokenOption, api
from fedsm.cli.watch import WatchOption, make_console, print_json, say_experiment

_FIELDS = StudentCreate.model_fields


def _help(field: str) -> str:
    return _FIELDS[field].description or ""


def student(
    model: Annotated[str, typer.Argument(help="A FedSM run's id; or name:number or name@alias.")],
    rounds: Annotated[int, typer.Option(help=_help("rounds"))] = _FIELDS["rounds"].default,
    temperature: Annotated[float, typer.Option(help=_help("temperature"))] = _FIELDS["temperature"].default,
    reference_weight: Annotated[float, typer.Option(help=_help("reference_weight"))] = _FIELDS[
        "reference_weight"
    ].default,
    learning_rate: Annotated[float | None, typer.Option(help=_help("learning_rate"))] = None,
    threshold: ThresholdOption = "run",
    name: Annotated[str | None, typer.Option(help=_help("name"))] = None,
    wait: WatchOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Train one network on a super model's soft answers, at the sites of its run, so that everybody can run one file.
    `fedsm model students` says what that costs in Dice."""
    values = {
        "rounds": rounds,
        "temperature": temperature,
        "reference_weight": reference_weight,
        "learning_rate": learning_rate,
        "name": name,
    }
    with api(home, server, token) as client:
        run, used = find_models(client, model, threshold)
        version = find_version(client, model).reference if Reference.of(model) is not None else None
        sent = values | {"threshold": used, "version": version}
        made = ExperimentRecord.model_validate(client.post_json(f"/runs/{run}/students", sent))
        if name is None:
            say_experiment(client, made, wait, as_json)
        else:
            follow_to_version(client, made, wait, as_json)


def students(
    model: Annotated[str, typer.Argument(help="The run's id; or name:number or name@alias.")],
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """The students of a run's super model: Dice of both on the same test cases, and the difference."""
    with api(home, server, token) as client:
        found = client.students(find_run(client, model))
    if as_json:
        print_json([record.model_dump(mode="json") for record in found])
        return
    table = Table("student", "state", "site", "super model", "student", "difference", "95 % interval", "cases")
    for record in found:
        name = f"{record.run_id} (T {record.temperature:g}, references {record.reference_weight:g})"
        if not record.scores:
            table.add_row(name, record.status, *[""] * 6)
        for score in record.scores:
            table.add_row(name, record.status, score.site_slug or "all that trained", *_numbers(score))
    make_console().print(table)
    if not found:
        typer.echo("none")


def _numbers(score: StudentScore) -> tuple[str, ...]:
    return (
        printed(score.super, "dice", "-"),
        printed(score.student, "dice", "-"),
        "-" if score.difference is None else score.difference_text,
        score.interval_text or "-",
        str(score.num_cases),
    )
