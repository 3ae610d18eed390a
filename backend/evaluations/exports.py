"""Results as files: CSV of all cells and of all cases, and a LaTeX table."""

from collections.abc import Iterator
from typing import Any

from backend.contracts.metrics import LOWER_IS_BETTER, SCORE_NAMES, ModelKind, ScoreName
from backend.csv_text import write_csv
from backend.evaluations.comparison import comparison_of, require_structure
from backend.evaluations.results import table_of
from backend.evaluations.schemas import AllResults, Comparison, ExperimentResults, ResultCell
from backend.evaluations.scored_cases import ExperimentCases, Query, scores_of

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
    *SCORE_NAMES,
    "distance_unit",
)
SIGNIFICANT = 0.05
DIGITS = 3
METRIC_WORDS: dict[ScoreName, str] = {
    "dice": "Dice",
    "iou": "IoU",
    "hd95": "HD95",
    "nsd": "NSD",
    "assd": "ASSD",
    "volume_difference": "relative volume difference",
    "sensitivity": "sensitivity",
    "precision": "precision",
}
MODEL_WORDS = {"global": "global", "personalized": "personalized", "super": "super model"}
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
}


def results_csv(results: AllResults) -> str:
    """One line a cell of every metric; an empty field is an absent value, an empty site or structure the pooled or
    mean one."""
    rows = ({"checkpoint": table.checkpoint, **cell.model_dump()} for table in results.results for cell in table.cells)
    return write_csv(RESULT_COLUMNS, rows)


def cases_csv(cases: ExperimentCases, checkpoint: str) -> str:
    """One line a run, test case, model and structure, with every metric; an empty field is an absent value."""
    return write_csv(CASE_COLUMNS, _case_rows(cases, checkpoint))


def results_latex(cases: ExperimentCases, query: Query, baseline: str | None, model: ModelKind | None) -> str:
    """A booktabs table of one metric: methods x sites, mean and deviation over seeds, the best of a column in bold.

    With a baseline, a dagger marks what differs from it significantly, and the caption names test and n. Raises
    InvalidInput for a structure, baseline or model of it that the experiment does not have.
    """
    table = table_of(cases, Query(query.metric, query.checkpoint))
    methods = cases.methods()
    require_structure(cases.structures, query.structure)
    comparison = comparison_of(cases, baseline, model, query) if baseline is not None else None
    columns: list[str | None] = [*table.sites, None]
    cells = {(c.strategy_label, c.model, c.site_slug): c for c in table.cells if c.structure == query.structure}
    best = {slug: _best([cells[m.label, m.model, slug] for m in methods], query.metric) for slug in columns}
    marks = _significant(comparison) if comparison is not None else set()
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_caption(table, query, comparison)}}}",
        rf"\begin{{tabular}}{{ll{'r' * len(columns)}}}",
        r"\toprule",
        " & ".join(["Method", "Model", *(_column_head(slug, table) for slug in columns)]) + r" \\",
        r"\midrule",
    ]
    for method in methods:
        row = [cells[method.label, method.model, slug] for slug in columns]
        values = [_latex_cell(cell, best[cell.site_slug], marks) for cell in row]
        lines.append(" & ".join([escape(method.label), MODEL_WORDS.get(method.model, method.model), *values]) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Every character that LaTeX would not print as it is."""
    return "".join(LATEX_ESCAPES.get(character, character) for character in text)


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
            for model, structures in scores_of(row).items():
                for structure, scores in structures.items():
                    yield {**about, "model": model, "structure": structure, **scores}


def _best(column: list[ResultCell], metric: ScoreName) -> str | None:
    """The best mean as it is printed, so that what looks equal is equally good; None where nothing is compared."""
    means = [cell.mean for cell in column if cell.mean is not None]
    if len(means) < 2:
        return None
    return f"{min(means) if metric in LOWER_IS_BETTER else max(means):.{DIGITS}f}"


def _significant(comparison: Comparison) -> set[tuple[str, str, str | None]]:
    return {
        (cell.strategy_label, cell.model, cell.site_slug)
        for cell in comparison.cells
        if cell.p_holm is not None and cell.p_holm < SIGNIFICANT
    }


def _column_head(slug: str | None, table: ExperimentResults) -> str:
    if slug is None:
        return "All sites"
    return escape(slug) + (" (unseen)" if slug in table.unseen_sites else "")


def _latex_cell(cell: ResultCell, best: str | None, marks: set[tuple[str, str, str | None]]) -> str:
    if cell.mean is None:
        return "--"
    mean = f"{cell.mean:.{DIGITS}f}"
    text = rf"\textbf{{{mean}}}" if mean == best else mean
    deviation = rf" $\pm$ {cell.std:.{DIGITS}f}" if cell.std is not None else ""
    mark = r"$^{\dagger}$" if (cell.strategy_label, cell.model, cell.site_slug) in marks else ""
    return text + deviation + mark


def _caption(table: ExperimentResults, query: Query, comparison: Comparison | None) -> str:
    structure = "mean over structures" if query.structure is None else escape(query.structure)
    unit = f" in {table.unit}" if table.unit else ""
    tolerance = f", tolerance {table.nsd_tolerance:g}" if query.metric == "nsd" else ""
    arrow = r"$\uparrow$" if table.higher_is_better else r"$\downarrow$"
    parts = [
        f"Test {METRIC_WORDS[query.metric]}{unit} {arrow} ({structure}{tolerance}), {table.checkpoint} round",
        "mean over cases",
        _seeds(table),
        _numbers(table),
        "best of each column in bold",
    ]
    sentences = [", ".join(part for part in parts if part) + "."]
    if table.unseen_sites:
        sentences.append("All sites pools the sites that train.")
    if misses := sum(c.num_misses for c in table.cells if c.structure == query.structure and c.site_slug is not None):
        sentences.append(f"{misses} scores are absent, for one of the two masks was empty, and are in no mean.")
    if comparison is not None:
        sentences.append(_test_words(comparison))
    return " ".join(sentences)


def _seeds(table: ExperimentResults) -> str:
    numbers = {cell.num_seeds for cell in table.cells if cell.num_seeds}
    if max(numbers, default=0) < 2:
        return ""
    seeds = f"{min(numbers)} to {max(numbers)}" if len(numbers) > 1 else f"{max(numbers)}"
    return rf"then mean $\pm$ standard deviation over {seeds} seeds"


def _numbers(table: ExperimentResults) -> str:
    """How many cases each column has."""
    counts: dict[str | None, int] = {}
    for cell in table.cells:
        counts[cell.site_slug] = max(counts.get(cell.site_slug, 0), cell.num_cases)
    return ", ".join(f"n = {count} of {escape(slug) if slug else 'all sites'}" for slug, count in counts.items())


def _test_words(comparison: Comparison) -> str:
    columns: dict[str | None, set[int]] = {}
    for cell in comparison.cells:
        columns.setdefault(cell.site_slug, set()).add(cell.num_pairs)
    counts = "; ".join(f"{escape(slug) if slug else 'all sites'}: {_range(sizes)}" for slug, sizes in columns.items())
    baseline = f"{escape(comparison.baseline_label)} ({MODEL_WORDS[comparison.baseline_model]})"
    test = f"{escape(comparison.test)}. Pairs of cases: {counts}."
    return rf"$\dagger$: differs from {baseline}, $p < {SIGNIFICANT:g}$; {test}"


def _range(sizes: set[int]) -> str:
    low, high = min(sizes), max(sizes)
    return f"n = {low}" if low == high else f"n = {low} to {high}"
