"""`fedsm experiment results`, `fedsm experiment compare`, `fedsm run ...`: what was measured, printed or exported."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from backend.contracts.metrics import SCORES
from backend.contracts.score_text import NO_VALUE, printed
from backend.evaluations.schemas import Comparison, ComparisonCell, ExperimentResults, RunMatrix, ShownCell, ShownRow
from backend.evaluations.selector_schemas import RunSelector
from backend.evaluations.statistics import SIGNIFICANT
from backend.evaluations.student_schemas import STUDENT_MEANING
from backend.evaluations.table_rows import ALL, SITE
from backend.evaluations.verdict.schemas import Verdict
from fedsm.cli.compare_runs import compare_runs
from fedsm.cli.shared import HomeOption, JsonOption, ServerOption, TokenOption, api
from fedsm.cli.watch import make_console, print_json

run_app = typer.Typer()
run_app.command("compare")(compare_runs)

ExperimentArgument = Annotated[str, typer.Argument(help="The experiment's id, as `fedsm experiment list` prints it.")]
RunArgument = Annotated[str, typer.Argument(help="The run's id, as `fedsm experiment show --json` prints it.")]
MetricOption = Annotated[str, typer.Option(help=f"One of {', '.join(SCORES)}.")]
CheckpointOption = Annotated[str, typer.Option(help="Each run's `best` round by validation, or its `last`.")]
StructureOption = Annotated[str | None, typer.Option(help="Left out: the mean over structures.")]


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    CSV = "csv"
    CASES = "cases"
    JSON = "json"
    LATEX = "latex"
    TABLE_CSV = "table-csv"
    TABLE_JSON = "table-json"


#: Formats of one metric's table as the results screen shows it, and its file.
SHOWN = {Format.LATEX: "results.tex", Format.TABLE_CSV: "table.csv", Format.TABLE_JSON: "table.json"}


def results(
    experiment_id: ExperimentArgument,
    output: Annotated[
        Format,
        typer.Option(
            "--format",
            help="csv, cases (CSV of every case) and json hold every metric; latex, table-csv and table-json one "
            "table as the results page shows it.",
        ),
    ] = Format.TABLE,
    metric: Annotated[str, typer.Option(help=f"One of {', '.join(SCORES)}; for table and latex.")] = "dice",
    checkpoint: Annotated[str, typer.Option(help="Each run's `best` round by validation, or its `last`.")] = "best",
    structure: Annotated[
        str | None, typer.Option(help="Left out: the mean over structures; for latex, table-csv, table-json.")
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(help="Label of the method that the others are tested against; for latex, table-csv, table-json."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The baseline's model: global, personalized or super; left out: its own one.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="Column to sort by: all, worst or site/SLUG; for latex, table-csv, table-json.")
    ] = None,
    order: Annotated[str | None, typer.Option(help="`best` row first, or `worst`.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Print a metric of every method on every site's test cases."""
    with api(home, server, token) as client:
        match Format.JSON if as_json else output:
            case Format.TABLE:
                console = make_console()
                print_verdict(console, client.verdict(experiment_id, metric=metric, checkpoint=checkpoint))
                print_results(console, client.results(experiment_id, metric, checkpoint))
            case Format.JSON:
                print_json(client.all_results(experiment_id, checkpoint).model_dump(mode="json"))
            case Format.CSV:
                typer.echo(client.export(experiment_id, "results.csv", checkpoint=checkpoint), nl=False)
            case Format.CASES:
                typer.echo(client.export(experiment_id, "cases.csv", checkpoint=checkpoint), nl=False)
            case Format.LATEX | Format.TABLE_CSV | Format.TABLE_JSON:
                query = given(metric=metric, checkpoint=checkpoint, structure=structure, baseline=baseline)
                query |= given(model=model, sort=sort, order=order)
                typer.echo(client.export(experiment_id, SHOWN[output], **query), nl=output is Format.TABLE_JSON)


def compare(
    experiment_id: ExperimentArgument,
    baseline: Annotated[str, typer.Option(help="Label of the method that the others are tested against.")],
    model: Annotated[str | None, typer.Option(help="The baseline's model: global, personalized or super.")] = None,
    metric: MetricOption = "dice",
    checkpoint: CheckpointOption = "best",
    structure: StructureOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Test every method against one on the same test cases: differences, intervals and p after Holm."""
    query = given(model=model, metric=metric, checkpoint=checkpoint, structure=structure)
    with api(home, server, token) as client:
        found = client.comparison(experiment_id, baseline, **query)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_comparison(make_console(), found)


@run_app.command()
def matrix(
    run_id: RunArgument,
    metric: MetricOption = "dice",
    checkpoint: CheckpointOption = "best",
    structure: StructureOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Print the personalization matrix: every model on every site's test cases."""
    query = given(metric=metric, checkpoint=checkpoint, structure=structure)
    with api(home, server, token) as client:
        found = client.run_matrix(run_id, **query)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_matrix(make_console(), found)


@run_app.command()
def selector(
    run_id: RunArgument,
    metric: MetricOption = "dice",
    checkpoint: CheckpointOption = "best",
    structure: StructureOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Print how well the model selector knows the sites, and the super model at several thresholds."""
    query = given(metric=metric, checkpoint=checkpoint, structure=structure)
    with api(home, server, token) as client:
        found = client.run_selector(run_id, **query)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_selector(make_console(), found)


def print_verdict(console: Console, found: Verdict) -> None:
    """What came out, above the numbers that it is made of."""
    for sentence in [found.headline, *found.details]:
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    console.print()


def print_results(console: Console, found: ExperimentResults) -> None:
    """Methods x sites, mean over structures, and the selector's line for each FedSM run."""
    unit = f" ({found.unit})" if found.unit else ""
    direction = "higher is better" if found.higher_is_better else "lower is better"
    so_far = "" if found.complete else " (so far)"
    table = Table(title=f"Mean {SCORES[found.metric].label}{unit} on test cases, {direction}{so_far}")
    sites = [f"{site} (unseen)" if site in found.unseen_sites else site for site in found.sites]
    rows = next(entry.rows for entry in found.tables if entry.structure is None)
    counted = any(row.effort is not None and row.effort.steps is not None for row in rows)
    taught = any(row.student is not None for row in rows)
    for title in ("method", "model", *sites, "all sites", *["steps"] * counted, *["student"] * taught):
        table.add_column(title, no_wrap=True)
    places = [column.key for column in found.columns]
    shown = [places.index(f"{SITE}{site}") for site in found.sites] + [places.index(ALL)]
    for row in rows:
        ends = [_format_steps(row)] * counted + [_format_student(row)] * taught
        table.add_row(row.strategy_label, row.model, *(_format_cell(row.cells[index]) for index in shown), *ends)
    console.print(table)
    if taught:
        console.print(STUDENT_MEANING, highlight=False)
    for note in [*found.notes, found.words_of_seeds]:
        console.print(f"note: {note}", highlight=False, markup=False)
    for selector in found.selectors:
        if selector.accuracy is not None and selector.share_global is not None:
            console.print(
                f"{selector.strategy_label}, seed {selector.seed}: the selector names the right site in "
                f"{selector.accuracy:.0%} of {selector.num_cases} test cases; the global model serves "
                f"{selector.share_global:.0%}",
                highlight=False,
            )


def _format_steps(row: ShownRow) -> str:
    """Gradient steps of the whole training."""
    return f"{row.effort.steps:,.0f}" if row.effort is not None and row.effort.steps is not None else "-"


def _format_student(row: ShownRow) -> str:
    cost = row.student
    return "-" if cost is None else f"{cost.difference_text} {cost.interval_text or ''}".rstrip()


def _format_cell(cell: ShownCell) -> str:
    """A star marks what is not compared with the others of its column."""
    if cell.text == NO_VALUE:
        return "-"
    return cell.text + (f" ± {cell.deviation}" if cell.deviation is not None else "") + (" *" if cell.lacks else "")


def print_comparison(console: Console, found: Comparison) -> None:
    """Mean differences; a star where p after Holm is small."""
    columns = list(dict.fromkeys(cell.site_slug for cell in found.cells))
    table = Table(
        title=f"{SCORES[found.metric].label} less that of {found.baseline_label} ({found.baseline_model}), "
        f"{found.confidence:.0%} interval; * p < {SIGNIFICANT:g}"
    )
    for title in ("method", "model", *(slug or "all sites" for slug in columns)):
        table.add_column(title, no_wrap=True)
    cells = {(cell.strategy_label, cell.model, cell.site_slug): cell for cell in found.cells}
    for label, model in dict.fromkeys((cell.strategy_label, cell.model) for cell in found.cells):
        table.add_row(label, model, *(_format_difference(cells.get((label, model, slug))) for slug in columns))
    console.print(table)
    console.print(f"{found.test}.", highlight=False)
    console.print(found.words_of_seeds, highlight=False)


def print_matrix(console: Console, found: RunMatrix) -> None:
    sites = [f"{site} (unseen)" if site in found.unseen_sites else site for site in found.sites]
    table = Table("model", *sites, "all sites", title=f"{SCORES[found.metric].label} after round {found.round}")
    for row in found.rows:
        means = (cell.text for cell in row.cells)
        table.add_row("own site's (site known)" if row.model == "own" else row.model, *means)
    console.print(table)


def print_selector(console: Console, found: RunSelector) -> None:
    table = Table("cases of", *(f"as {site}" for site in found.sites), "accuracy", "ECE", "to global")
    for group in found.groups:
        calibration = group.calibration
        table.add_row(
            group.site_slug or "all sites",
            *(str(group.chosen[site]) for site in found.sites),
            f"{calibration.accuracy:.0%}" if calibration else "-",
            f"{calibration.ece:.3f}" if calibration else "-",
            f"{group.share_global:.0%}",
        )
    console.print(table)
    pooled = next((group for group in found.groups if group.site_slug is None), None)
    if pooled is not None:
        points = [point for point in pooled.sweep if round(point.gamma * 10, 6).is_integer()]
        sweep = Table("gamma", SCORES[found.metric].label, "to global", title="The super model at other thresholds")
        for point in points:
            sweep.add_row(f"{point.gamma:g}", printed(point.mean, found.metric), f"{point.share_global:.0%}")
        console.print(sweep)
    if (best := found.validation) is not None:
        as_run = (
            "" if best.dice_as_run is None else f", {printed(best.dice_as_run, 'dice')} at the run's {found.gamma:g}"
        )
        absent = f"; without {', '.join(best.absent_sites)}" if best.absent_sites else ""
        console.print(
            f"Best on {best.num_cases} validation cases: gamma {best.gamma:g}, Dice "
            f"{printed(best.dice, 'dice')}{as_run}{absent}. Use it: `fedsm model register RUN NAME "
            "--threshold validation`."
        )


def _format_difference(cell: ComparisonCell | None) -> str:
    if cell is None or cell.difference is None:
        return NO_VALUE
    interval = f" {cell.interval_text}" if cell.interval_text else ""
    star = " *" if cell.p_holm is not None and cell.p_holm < SIGNIFICANT else ""
    return f"{cell.difference_text}{interval}{star}"


def given(**query: str | None) -> dict[str, str]:
    return {name: value for name, value in query.items() if value is not None}
