"""Results as files: CSV of all cells and of all cases, and the table that is shown as CSV and LaTeX."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from backend.contracts.metrics import SCORES
from backend.contracts.score_text import NO_VALUE
from backend.contracts.values import one_line
from backend.csv_text import write_csv
from backend.evaluations.schemas import AllResults, ResultCell, ShownCell, ShownColumn, ShownRow, ShownTable
from backend.evaluations.scored_cases import ExperimentCases
from backend.evaluations.statistics import SIGNIFICANT
from backend.evaluations.student_schemas import STUDENT_MEANING
from backend.evaluations.table_rows import WORST

RESULT_COLUMNS = ("checkpoint", *ResultCell.model_fields)
CASE_COLUMNS = (
    "strategy_label",
    "seed",
    "run_id",
    "checkpoint",
    "round",
    "site_slug",
    "unseen",
    "case_id",
    "case",
    "model",
    "chosen_model",
    "structure",
    *SCORES,
    "distance_unit",
)
#: What a row's training took, after its scores.
EFFORT_COLUMNS = ("steps", "images", "seconds", "bytes")
#: What one student in place of the row's super model costs, in Dice.
STUDENT_COLUMNS = ("student difference", "student low", "student high")
MODEL_WORDS = {"global": "global", "personalized": "personalized", "super": "super model"}
NO_NAMES: Mapping[str, str] = {}
LATEX_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}


def results_csv(results: AllResults) -> str:
    """One line a cell of every metric; an empty field is an absent value, an empty site or structure the pooled or
    mean one."""
    rows = (
        {"checkpoint": table.checkpoint, **cell.model_dump(), "lacks": cell.lacks.words if cell.lacks else None}
        for table in results.results
        for cell in table.cells
    )
    return write_csv(RESULT_COLUMNS, rows)


def cases_csv(cases: ExperimentCases, checkpoint: str) -> str:
    """One line a run, test case, model and structure, with every metric; an empty field is an absent value."""
    return write_csv(CASE_COLUMNS, _case_rows(cases, checkpoint))


def table_csv(table: ShownTable) -> str:
    """A line a row as shown; of each column mean, deviation and number of cases, and with a baseline the difference.
    What students cost stands at the end, where some super model has one."""
    compared, has_student = table.baseline_label is not None, _has_student(table)
    rows = (
        {"method": row.strategy_label, "model": row.model}
        | _wide(row, table, compared)
        | _effort(row)
        | (_student(row) if has_student else {})
        for row in table.rows
    )
    of_columns = [name for column in table.columns for name in _wide_names(column, compared)]
    return write_csv(["method", "model", *of_columns, *EFFORT_COLUMNS, *STUDENT_COLUMNS * has_student], rows)


def _effort(row: ShownRow) -> dict[str, float | None]:
    return {name: getattr(row.effort, name) if row.effort else None for name in EFFORT_COLUMNS}


def _has_student(table: ShownTable) -> bool:
    return any(row.student is not None for row in table.rows)


def _student(row: ShownRow) -> dict[str, float | None]:
    cost = row.student
    values = (cost.difference, cost.low, cost.high) if cost else (None, None, None)
    return dict(zip(STUDENT_COLUMNS, values, strict=True))


def _wide_names(column: ShownColumn, compared: bool) -> list[str]:
    what = ["mean", "std", "n", "best", "lacks"]
    if column.key == WORST:
        what.append("site")
    elif compared:
        what += ["difference", "low", "high", "p_holm", "pairs"]
    return [f"{column_name(column)} {name}" for name in what]


def _wide(row: ShownRow, table: ShownTable, compared: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column, cell in zip(table.columns, row.cells, strict=True):
        score, other = cell.score, cell.difference
        own: list[Any] = [score.mean, score.std, score.num_cases] if score else [None] * 3
        own += [cell.best, cell.lacks]
        if column.key == WORST:
            own.append(score.site_slug if score else None)
        elif compared:
            own += [other.difference, other.low, other.high, other.p_holm, other.num_pairs] if other else [None] * 5
        values |= dict(zip(_wide_names(column, compared), own, strict=True))
    return values


def column_name(column: ShownColumn, names: Mapping[str, str] = NO_NAMES) -> str:
    if column.site_slug is None:
        return "Worst site" if column.key == WORST else "All sites"
    return names.get(column.site_slug, column.site_slug) + (" (unseen)" if column.unseen else "")


def results_latex(table: ShownTable, verdict: Sequence[str] = (), names: Mapping[str, str] = NO_NAMES) -> str:
    """A booktabs table: methods x sites as shown, mean and deviation over seeds, the best of a column in bold.

    verdict: sentences that stand above it as a paragraph of their own. names: site slug to name.

    With a baseline, the differences from it stand below the means with their intervals, a dagger marks the significant
    ones, and the caption names test and n.
    """
    counted, has_student = any(row.effort and row.effort.steps for row in table.rows), _has_student(table)
    heads = ["Method", "Model", *(escape(column_name(column, names)) for column in table.columns)]
    heads += ["Steps"] * counted + ["Student"] * has_student
    lines = [
        r"% \usepackage{booktabs}",
        *_count_warning(table),
        *([" ".join(map(escape, verdict)), ""] if verdict else []),
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_caption(table)}}}",
        rf"\begin{{tabular}}{{ll{'r' * (len(heads) - 2)}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
        r"\midrule",
    ]
    for row in table.rows:
        model = MODEL_WORDS.get(row.model, row.model)
        ends = [_latex_steps(row)] * counted + [_latex_student(row)] * has_student
        lines.append(" & ".join([escape(row.strategy_label), model, *map(_latex_cell, row.cells), *ends]) + r" \\")
        if any(cell.difference and cell.difference.difference is not None for cell in row.cells):
            differences = [_latex_difference(cell) for cell in row.cells]
            lines.append(" & ".join(["", "", *differences, *[""] * len(ends)]) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Every character that LaTeX would not print as it is; controls, which could end a comment or a line, are written
    out."""
    return "".join(LATEX_ESCAPES.get(character, character) for character in one_line(text, len(text)))


def _case_rows(cases: ExperimentCases, checkpoint: str) -> Iterator[dict[str, Any]]:
    for run in cases.runs:
        for row in cases.rows[run.id]:
            about = {
                "strategy_label": run.strategy_label,
                "seed": run.seed,
                "run_id": run.id,
                "checkpoint": checkpoint,
                "round": row.round,
                "site_slug": row.site_slug,
                "unseen": row.site_slug in cases.places.unseen,
                "case_id": row.case_id,
                "case": row.name,
                "chosen_model": row.chosen_model,
                "distance_unit": row.distance_unit,
            }
            for model, structures in row.scores.items():
                for structure, scores in structures.items():
                    yield {**about, "model": model, "structure": structure, **scores}


def _latex_steps(row: ShownRow) -> str:
    """Gradient steps of the whole training."""
    return f"{row.effort.steps:,.0f}".replace(",", r"\,") if row.effort and row.effort.steps else "--"


def _latex_student(row: ShownRow) -> str:
    """`-0.050 [-0.071, -0.030]`; a dash for none."""
    if row.student is None:
        return "--"
    text = f"{row.student.difference_text} {row.student.interval_text or ''}".rstrip()
    return f"${text}$".replace("\N{MINUS SIGN}", "-")


def _latex_cell(cell: ShownCell) -> str:
    if cell.text == NO_VALUE:
        return "--"
    text = rf"\textbf{{{cell.text}}}" if cell.best else cell.text
    if cell.lacks:
        text += r"$^{\ast}$"
    deviation = rf" $\pm$ {cell.deviation}" if cell.deviation is not None else ""
    p = cell.difference.p_holm if cell.difference else None
    mark = r"$^{\dagger}$" if p is not None and p < SIGNIFICANT else ""
    return text + deviation + mark


def _latex_difference(cell: ShownCell) -> str:
    """`+0.064 [+0.010, +0.102]` in small print; empty where nothing was compared."""
    other = cell.difference
    if other is None or other.difference is None:
        return ""
    text = f"{other.difference_text} {other.interval_text or ''}".rstrip()
    return rf"{{\scriptsize ${text}$}}".replace("\N{MINUS SIGN}", "-").replace("\N{PLUS-MINUS SIGN}", r"\pm ")


def _count_warning(table: ShownTable) -> list[str]:
    """The caption gives n as it is; its reader must know which sites' policies withhold it."""
    small = {
        score.site_slug
        for score in _scores(table)
        if score.site_slug is not None and 0 < score.num_fewest < table.minimum_counts.get(score.site_slug, 0)
    }
    return count_warning(column.site_slug for column in table.columns if column.site_slug in small)


def count_warning(small: Iterable[str | None]) -> list[str]:
    """A comment above a table; small: the sites whose number of cases their policies withhold from others."""
    named = ", ".join(slug for slug in small if slug)
    return [f"% {withheld_count(named, 'n')}"] if named else []


def withheld_count(site: str, count: str) -> str:
    """For who has a number of cases that others do not get. count: what stands for it."""
    return f"The policy of {site} states no number of cases so small to others: ask before publishing {count}."


def _caption(table: ShownTable) -> str:
    structure = "mean over structures" if table.structure is None else escape(table.structure)
    unit = f" in {table.unit}" if table.unit else ""
    tolerance = f", tolerance {table.nsd_tolerance:g}" if table.metric == "nsd" else ""
    arrow = r"$\uparrow$" if table.higher_is_better else r"$\downarrow$"
    parts = [
        f"Test {SCORES[table.metric].label}{unit} {arrow} ({structure}{tolerance}), {table.checkpoint} round",
        "mean over cases",
        _seeds(table),
        _numbers(table),
        "best of each column in bold",
    ]
    sentences = [", ".join(part for part in parts if part) + "."]
    if any(column.key == WORST for column in table.columns):
        sentences.append("Worst site: of the sites that train, the one with the worst mean.")
    if any(cell.lacks for row in table.rows for cell in row.cells if cell.text != NO_VALUE):
        sentences.append(r"$\ast$: over other cases than the column's others, and not compared with them.")
    if any(row.effort and row.effort.steps for row in table.rows):
        sentences.append("Steps: gradient steps along the model's path.")
    if _has_student(table):
        sentences.append(STUDENT_MEANING)
    sentences += [escape(note) for note in table.notes]
    if any(column.unseen for column in table.columns):
        sentences.append("All sites pools the sites that train.")
    if misses := sum(score.num_misses for score in _scores(table) if score.site_slug is not None):
        sentences.append(f"{misses} scores are absent, for one of the two masks was empty, and are in no mean.")
    if missing := sum(score.num_missing for score in _scores(table) if score.site_slug is not None):
        sentences.append(f"{missing} scores are missing, for both masks were empty, and are in no mean.")
    if table.baseline_label is not None:
        sentences += [_test_words(table), escape(table.words_of_seeds)]
    if not table.complete:
        sentences.append("Some runs are still going.")
    return " ".join(sentences)


def _scores(table: ShownTable) -> list[ResultCell]:
    """Of every column but the one that repeats another's."""
    return [
        cell.score
        for row in table.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
        if cell.score is not None and column.key != WORST
    ]


def _seeds(table: ShownTable) -> str:
    numbers = {score.num_seeds for score in _scores(table) if score.num_seeds}
    if max(numbers, default=0) < 2:
        return ""
    seeds = f"{min(numbers)} to {max(numbers)}" if len(numbers) > 1 else f"{max(numbers)}"
    return rf"then mean $\pm$ standard deviation over {seeds} seeds"


def _numbers(table: ShownTable) -> str:
    """How many cases each column has, from the row and seed with the fewest to those with the most."""
    counts: dict[str | None, set[int]] = {}
    for score in _scores(table):
        if score.num_cases:
            counts.setdefault(score.site_slug, set()).update((score.num_fewest, score.num_cases))
    return ", ".join(f"{_range(sizes)} of {escape(slug) if slug else 'all sites'}" for slug, sizes in counts.items())


def _test_words(table: ShownTable) -> str:
    columns: dict[str | None, set[int]] = {}
    for row in table.rows:
        for cell in row.cells:
            if cell.difference is not None:
                columns.setdefault(cell.difference.site_slug, set()).add(cell.difference.num_pairs)
    counts = "; ".join(f"{escape(slug) if slug else 'all sites'}: {_range(sizes)}" for slug, sizes in columns.items())
    model = MODEL_WORDS[table.baseline_model] if table.baseline_model else ""
    baseline = f"{escape(table.baseline_label or '')} ({model})"
    test = f"{escape(table.test or '')}. Pairs of cases: {counts}."
    below = "Below a mean: its difference from it, with its interval."
    return rf"$\dagger$: differs from {baseline}, $p < {SIGNIFICANT:g}$; {test} {below}"


def _range(sizes: set[int]) -> str:
    low, high = min(sizes), max(sizes)
    return f"n = {low}" if low == high else f"n = {low} to {high}"
