"""The gap as files: CSV of every number, and a LaTeX table of the terms."""

from collections.abc import Iterator, Mapping
from typing import Any

from backend.contracts.metrics import SCORES
from backend.contracts.score_text import NO_VALUE
from backend.csv_text import write_csv
from backend.evaluations.exports import count_warning, escape, withheld_count
from backend.evaluations.gap.schemas import Gap, GapColumn, GapTerm, GapValue

COLUMNS = ("site_slug", "kind", "key", "label", "mean", "loss", "low", "high", "num_cases", "num_seeds", "note")
ALL_SITES = "All sites"


def gap_csv(gap: Gap, minimum_counts: Mapping[str, int]) -> str:
    """A line a site and level (its mean), and a line a site and term (its loss and interval).

    minimum_counts: as of `gap_latex`; a line whose number of cases is smaller has a note.
    """
    return write_csv(COLUMNS, _rows(gap, minimum_counts))


def _rows(gap: Gap, minimum_counts: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for place, column in enumerate(gap.columns):
        about: dict[str, Any] = {
            "site_slug": column.site_slug,
            "num_cases": column.num_cases,
            "num_seeds": len(gap.seeds),
        }
        if _is_small(column, minimum_counts):
            about["note"] = withheld_count(column.site_slug or "", "num_cases")
        for level, mean in zip(gap.levels, column.means, strict=True):
            yield {**about, "kind": "level", "key": level.key, "label": level.strategy_label, "mean": mean}
        for term in terms_of(gap):
            key = "+".join(term.keys)
            yield {**about, "kind": "term", "key": key, "label": term.label, **_loss(term.values[place])}
        yield {**about, "kind": "total", "key": "gap", "label": "Gap", **_loss(column.total)}
        if column.room is not None:
            yield {**about, "kind": "bound", "key": "bound", "label": "Best model for each case", "mean": column.bound}
            yield {**about, "kind": "room", "key": "room", "label": "Room below the bound", **_loss(column.room)}


def _is_small(column: GapColumn, minimum_counts: Mapping[str, int]) -> bool:
    return 0 < column.num_cases < minimum_counts.get(column.site_slug or "", 0)


def _loss(value: GapValue) -> dict[str, float | None]:
    return {"loss": value.loss, "low": value.low, "high": value.high}


def gap_latex(gap: Gap, minimum_counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    """A booktabs table: levels and terms in turn, so that each mean stands below what led to it.

    minimum_counts: site slug to the smallest number of cases that its policy lets be stated. names: slug to name.
    """
    heads = ["", *(escape(_place(column, names)) for column in gap.columns)]
    small = (column.site_slug for column in gap.columns if _is_small(column, minimum_counts))
    terms = {term.end: term for term in gap.terms}
    lines = [
        r"% \usepackage{booktabs}",
        *count_warning(small),
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_caption(gap, names)}}}",
        rf"\begin{{tabular}}{{l{'r' * len(gap.columns)}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
        r"\midrule",
    ]
    for place, level in enumerate(gap.levels):
        if level.key == "last":
            continue
        if level.key in terms:
            lines.append(_line(rf"\quad {terms[level.key].label}", terms[level.key].values))
        means = [_number(column.texts[place]) for column in gap.columns]
        lines.append(" & ".join([escape(f"{level.words} ({level.strategy_label})"), *means]) + r" \\")
    lines += [r"\midrule", _line("Gap", [column.total for column in gap.columns])]
    if gap.checkpoint is not None:
        lines.append(_line("Checkpoint (last round)", gap.checkpoint.values))
    if all(column.room is not None for column in gap.columns):
        lines.append(_bound(gap.columns))
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def _place(column: GapColumn, names: Mapping[str, str]) -> str:
    return names.get(column.site_slug, column.site_slug) if column.site_slug else ALL_SITES


def _line(label: str, values: list[GapValue]) -> str:
    return " & ".join([label, *map(_cell, values)]) + r" \\"


def _bound(columns: list[GapColumn]) -> str:
    return " & ".join(["Best model for each case (bound)", *(_number(c.bound_text) for c in columns)]) + r" \\"


def _cell(value: GapValue) -> str:
    if value.loss is None:
        return "--"
    loss, interval = (text.replace("\N{MINUS SIGN}", "-") for text in (value.text, value.interval_text))
    pm = "\N{PLUS-MINUS SIGN}"
    return f"${loss}$".replace(pm, r"\pm ") + f" {interval}".rstrip().replace(pm, r"$\pm$")


def _number(text: str) -> str:
    return "--" if text == NO_VALUE else text


def _caption(gap: Gap, names: Mapping[str, str]) -> str:
    structure = "mean over structures" if gap.structure is None else escape(gap.structure)
    unit = f" in {gap.unit}" if gap.unit else ""
    cases = ", ".join(
        f"n = {c.num_cases} of {escape(_place(c, names)) if c.site_slug else 'all sites'}" for c in gap.columns
    )
    sentences = [
        f"Where {escape(gap.strategy_label)} loses test {SCORES[gap.metric].label}{unit} ({structure}) against "
        f"centralized training, and wins it back, on the same cases, {cases}.",
        f"Positive terms are losses; the terms add up to the gap. {gap.confidence:.0%} intervals.".replace("%", r"\%"),
        escape(gap.words_of_seeds),
        *(escape(f"{missing.key.capitalize()} alone is not known: {missing.reason}.") for missing in gap.missing),
        *map(escape, gap.notes),
    ]
    return " ".join(sentences)


def terms_of(gap: Gap) -> list[GapTerm]:
    """Those of the sum, then the one outside it."""
    return [*gap.terms, *([gap.checkpoint] if gap.checkpoint else [])]
