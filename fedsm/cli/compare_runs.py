"""`fedsm run compare`: runs side by side, also of different experiments."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from backend.contracts.metrics import SCORES
from backend.evaluations.run_comparison.schemas import ComparedScore, RunComparison
from backend.evaluations.statistics import SIGNIFICANT
from fedsm.cli.shared import HomeOption, JsonOption, ServerOption, TokenOption, api
from fedsm.cli.watch import make_console, print_json


def compare_runs(
    run_ids: Annotated[list[str], typer.Argument(help="Two to eight; the others are compared with the first.")],
    metric: Annotated[str, typer.Option(help=f"One of {', '.join(SCORES)}.")] = "dice",
    checkpoint: Annotated[str, typer.Option(help="Each run's `best` round by validation, or its `last`.")] = "best",
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Print what was set otherwise in several runs, and what they scored on the same test cases."""
    with api(home, server, token) as client:
        experiment = client.experiment(client.run(run_ids[0]).experiment_id)
        found = client.compare_runs(experiment.federation_id, run_ids, metric, checkpoint)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _print(make_console(), found)


def _print(console: Console, found: RunComparison) -> None:
    heads = [f"{entry.run.strategy_label}, seed {entry.run.seed} ({entry.experiment_name})" for entry in found.runs]
    settings = Table("setting", *heads, title="What differs")
    for parameter in found.parameters:
        if parameter.differs:
            settings.add_row(parameter.path, *("-" if value is None else value for value in parameter.values))
    console.print(settings)
    direction = "higher is better" if found.higher_is_better else "lower is better"
    scores = Table("site", *heads, title=f"{found.metric} on test cases, {direction}; * p < {SIGNIFICANT:g}")
    for row in found.rows:
        scores.add_row(row.site_slug or "all that train", *map(_format, row.scores))
    console.print(scores)
    for caution in found.cautions:
        console.print(caution, highlight=False)


def _format(score: ComparedScore) -> str:
    if score.mean is None:
        return "-" if score.lacks is None else f"- ({score.lacks})"
    star = " *" if score.p_holm is not None and score.p_holm < SIGNIFICANT else ""
    lacks = "" if score.lacks is None else f" [{score.lacks}]"
    return score.text + lacks + ("" if score.difference is None else f" ({score.difference_text}{star})")
