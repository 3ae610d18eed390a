"""A report as a PDF, from the same document as its page."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Preformatted, Spacer
from reportlab.platypus.doctemplate import LayoutError

from backend.contracts.changed_settings import ChangedSetting
from backend.contracts.report_document import (
    PictureRank,
    Report,
    ReportCell,
    ReportGap,
    ReportGapRow,
    ReportMatrix,
    ReportMethod,
    ReportPictures,
    ReportSelector,
    ReportTable,
)
from backend.contracts.score_text import printed
from backend.contracts.values import one_line
from backend.errors import InvalidInput
from backend.evaluations.statistics import SIGNIFICANT
from backend.reports.pdf_charts import curves_chart, sweep_chart
from backend.reports.pdf_gap import gap_chart
from backend.reports.pdf_layout import WIDTH, PageLayout, column_widths, grid, heading, page_parts, paragraph
from backend.reports.pdf_pictures import picture_row
from backend.reports.pdf_text import (
    BODY,
    HEADING,
    NOTE,
    SMALL,
    SUBHEADING,
    TITLE,
    NoteParagraph,
    markup,
    register_fonts,
)

MODEL_WORDS = {
    "global": "Global model",
    "personalized": "Personalized model",
    "super": "Super model",
    "own": "Own site's model",
}
NONE = "\u2013"


def report_pdf(report: Report, pictures: Mapping[PictureRank, bytes]) -> bytes:
    """A4, with bookmarks, page numbers and real text. Equal documents give equal bytes. pictures: those that may be
    shown, as JPEG."""
    register_fonts()
    file = io.BytesIO()
    document = PageLayout(file, report)
    document.build(list(_story(report, pictures)))
    return file.getvalue()


def require_printable(report: Report) -> None:
    """Raises InvalidInput where the document cannot be drawn: better when it is made than whenever it is opened."""
    try:
        report_pdf(report, {})
    except (LayoutError, ValueError) as error:
        reason = one_line(str(error), 120)
        raise InvalidInput.of_field(
            "note", f"{len(report.note)} characters", f"cannot be drawn as PDF ({reason})", "shorten the note or title"
        ) from error


def _story(report: Report, pictures: Mapping[PictureRank, bytes]) -> Iterator[Flowable]:
    yield from _head(report)
    yield from _results(report)
    if report.pictures is not None:
        yield from _pictures(report.pictures, report, pictures)
    if report.efforts:
        yield from _efforts(report)
    if report.gap is not None:
        yield from _gap(report.gap, report)
    if report.matrix is not None:
        yield from _matrix(report.matrix, report)
    if report.selector is not None:
        yield from _selector(report.selector, report)
    if drawn := [curve for curve in report.curves if curve.points]:
        yield from heading("Validation Dice by round", HEADING)
        yield curves_chart(drawn, WIDTH)
    yield from _setting_up(report)
    yield from _provenance(report)


def _head(report: Report) -> Iterator[Flowable]:
    yield paragraph(report.title, TITLE)
    yield paragraph(
        f"{report.experiment_name} \u00b7 federation {report.federation_name} \u00b7 frozen on "
        f"{report.frozen_at:%Y-%m-%d at %H:%M} UTC by {report.frozen_by}",
        SMALL,
    )
    if report.description:
        yield Spacer(0, 6)
        yield paragraph(report.description, BODY)
    if report.note:
        yield Spacer(0, 6)
        for line in report.note.splitlines():
            yield NoteParagraph(markup(line) or "\u00a0", NOTE)
    if report.verdict:
        yield from heading("What came out", HEADING)
        for sentence in report.verdict:
            yield paragraph(sentence, BODY)
    yield from heading("Remarks", HEADING)
    for remark in report.remarks:
        yield paragraph(f"\u2022 {remark}", BODY)
    yield from heading("Sites", HEADING)
    head = ["Site", "Role", "Train", "Val", "Test"]
    rows = [
        [
            site.name,
            site.role,
            *(_count(site.num_cases.get(split), site.minimum_count) for split in ("train", "val", "test")),
        ]
        for site in report.sites
    ]
    yield grid(head, rows, [WIDTH - 98 * mm, 32 * mm, 22 * mm, 22 * mm, 22 * mm], text_columns=2)


def _count(count: int | None, least: int) -> str:
    return f"<{least}" if count is None else str(count)


def _seeds(report: Report) -> str:
    several = any(cell.std is not None for table in report.tables for row in table.rows for cell in row.cells)
    return "then mean \u00b1 standard deviation over seeds" if several else "of one seed"


def _results(report: Report) -> Iterator[Flowable]:
    yield from heading("Results on the test cases", HEADING)
    round_ = "each run's best round by validation" if report.checkpoint == "best" else "each run's last round"
    yield paragraph(
        f"Models of {round_}; mean over cases, {_seeds(report)}; the best of a column in bold, of those over the same "
        "cases. All sites: the cases of the sites that train, pooled.",
        SMALL,
    )
    if report.baseline is not None:
        base = report.baseline
        yield paragraph(
            f"\u2020: differs from {base.label} ({MODEL_WORDS[base.model].lower()}), adjusted p < {SIGNIFICANT:g}; "
            f"{base.test}. Below a mean: its difference from it, with its interval.",
            SMALL,
        )
    for table in report.tables:
        yield from heading(table_title(table), SUBHEADING)
        yield from _table(table, report)


def table_title(table: ReportTable) -> str:
    unit = f" in {table.unit}" if table.unit else ""
    arrow = "\u2191" if table.higher_is_better else "\u2193"
    return f"{table.title}{unit} {arrow}, {table.structure or 'mean over structures'}"


def _table(table: ReportTable, report: Report) -> Iterator[Flowable]:
    """The pooled column first, then the sites, as many to a table as a page is wide."""
    names = {site.slug: site.name for site in report.sites}
    order = [len(table.columns) - 1, *range(len(table.columns) - 1)]
    for part in page_parts(order):
        head = ["Method", *(_column_name(table.columns[index], names) for index in part)]
        rows = [
            [
                f"{row.label}, {MODEL_WORDS[row.model].lower()}",
                *(_score(row.cells[index], table) for index in part),
            ]
            for row in table.rows
        ]
        yield grid(head, rows, column_widths(len(part)), marked=True)
        yield Spacer(0, 5)


def _column_name(slug: str | None, names: dict[str, str]) -> str:
    return "All sites" if slug is None else names.get(slug, slug)


def _score(cell: ReportCell, table: ReportTable) -> str:
    """Markup: the numbers are ours."""
    if cell.mean is None:
        return NONE if cell.lacks is None else f"{NONE}<br/>{markup(cell.lacks)}"
    text = cell.text or printed(cell.mean, table.metric)
    if cell.best:
        text = f"<b>{text}</b>"
    if cell.std is not None:
        text += f" \u00b1 {cell.deviation or printed(cell.std, table.metric)}"
    if cell.p is not None and cell.p < SIGNIFICANT:
        text += "\u2020"
    if cell.difference_text is not None:
        text += f"<br/>{cell.difference_text}"
        text += f"<br/>{cell.interval_text}" if cell.interval_text else ""
    return text if cell.lacks is None else f"{text}<br/>{markup(cell.lacks)}"


def _pictures(shown: ReportPictures, report: Report, files: Mapping[PictureRank, bytes]) -> Iterator[Flowable]:
    yield from heading("Worst, median and best case", HEADING)
    yield paragraph(
        f"Test cases of the sites that train, by the Dice of {shown.run_label} ({MODEL_WORDS[shown.model].lower()}), "
        f"seed {shown.seed}. The reference is outlined in yellow, the prediction in blue. Only cases whose site lets "
        "images and predictions leave have a picture.",
        SMALL,
    )
    yield picture_row(shown, report, files, WIDTH)


def _efforts(report: Report) -> Iterator[Flowable]:
    yield from heading("What training took", HEADING)
    yield paragraph(
        "Gradient steps and images along the path of one model, all rounds, mean over seeds; seconds of the slowest "
        "site of each round; bytes of all sites.",
        SMALL,
    )
    rows = [
        [
            f"{row.label}, {MODEL_WORDS[row.model].lower()}",
            *map(_amount, (row.steps, row.images, row.seconds, row.bytes)),
        ]
        for row in report.efforts
    ]
    yield grid(["Method", "Steps", "Images", "Seconds", "Bytes"], rows, column_widths(4))
    yield Spacer(0, 5)


def _amount(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"


def _gap(gap: ReportGap, report: Report) -> Iterator[Flowable]:
    names = {site.slug: site.name for site in report.sites}
    yield from heading("Where the score is lost against centralized training", HEADING)
    yield paragraph(
        f"Dice \u2191 of {gap.label}, best round, on the cases that every level has, with {gap.confidence:.0%} "
        "intervals. A positive term is a loss, a negative one is won back; the terms add up to the gap. "
        f"{gap.words_of_seeds}",
        SMALL,
    )
    if (chart := gap_chart(gap, WIDTH)) is not None:
        yield chart
    for part in page_parts(range(len(gap.columns))):
        head = ["", *(_column_name(gap.columns[index], names) for index in part)]
        rows = [[_gap_label(row), *(_gap_cell(row, index) for index in part)] for row in gap.rows]
        yield grid(head, rows, column_widths(len(part)), marked=True)
        yield Spacer(0, 5)
    for missing in gap.missing:
        yield paragraph(f"\u2022 {missing}", SMALL)


def _gap_label(row: ReportGapRow) -> str:
    return f"{row.label} ({row.words})" if row.kind == "level" else f"\u2003{row.label}: {row.words}"


def _gap_cell(row: ReportGapRow, index: int) -> str:
    """Markup: the numbers are ours."""
    text = f"<b>{row.texts[index]}</b>" if row.kind in ("level", "total") else row.texts[index]
    return f"{text}<br/>{row.intervals[index]}" if row.intervals[index] else text


def _matrix(matrix: ReportMatrix, report: Report) -> Iterator[Flowable]:
    names = {site.slug: site.name for site in report.sites}
    yield from heading("Every model on every site", HEADING)
    yield paragraph(
        f"Dice \u2191 of {matrix.run_label}, seed {matrix.seed}, round {matrix.round}: rows are models, columns the "
        "sites whose test cases they segment.",
        SMALL,
    )
    order = [len(matrix.columns) - 1, *range(len(matrix.columns) - 1)]
    for part in page_parts(order):
        head = ["Model", *(_column_name(matrix.columns[index], names) for index in part)]
        rows = [
            [_model_name(model, names), *(printed(means[index], "dice") for index in part)]
            for model, means in zip(matrix.models, matrix.means, strict=True)
        ]
        yield grid(head, rows, column_widths(len(part)))
        yield Spacer(0, 5)


def _model_name(model: str, names: dict[str, str]) -> str:
    kind, _, slug = model.partition("/")
    return f"Model of {names.get(slug, slug)}" if slug else MODEL_WORDS.get(kind, kind)


def _selector(selector: ReportSelector, report: Report) -> Iterator[Flowable]:
    names = {site.slug: site.name for site in report.sites}
    yield from heading("Model selector", HEADING)
    accuracy = NONE if selector.accuracy is None else f"{selector.accuracy:.1%}"
    yield paragraph(
        f"{selector.run_label}, seed {selector.seed}, round {selector.round}. The right site is the most probable one "
        f"for {accuracy} of the test cases of the sites that train; {selector.share_global:.1%} go to the global model "
        f"at \u03b3 = {selector.gamma:g}. Below: the share of a row's cases whose most probable site is the column's.",
        SMALL,
    )
    for part in page_parts(range(len(selector.sites))):
        head = ["Cases of", *(names.get(selector.sites[index], selector.sites[index]) for index in part)]
        rows = [
            [names.get(slug, slug), *(f"{shares[index]:.0%}" for index in part)]
            for slug, shares in zip(selector.rows, selector.chosen, strict=True)
        ]
        yield grid(head, rows, column_widths(len(part)))
        yield Spacer(0, 5)
    if len(selector.sweep) > 1:
        yield from heading("Dice \u2191 of the super model at every threshold, all sites", SUBHEADING)
        yield sweep_chart(selector, WIDTH)


def _setting_up(report: Report) -> Iterator[Flowable]:
    yield from heading("Methods and settings", HEADING)
    rows = [
        [method.label, _settings_text(method.settings) or "all at their defaults", _runs_text(method)]
        for method in report.methods
    ]
    yield grid(
        ["Method", "Set otherwise than its defaults", "Runs"],
        rows,
        [46 * mm, WIDTH - 102 * mm, 56 * mm],
        text_columns=3,
    )
    yield Spacer(0, 5)
    yield paragraph(f"Of the experiment: {_settings_text(report.settings) or 'everything at its default'}.", BODY)


def _settings_text(settings: Sequence[ChangedSetting]) -> str:
    return "; ".join(f"{entry.path} {entry.value} (not {entry.default})" for entry in settings)


def _runs_text(method: ReportMethod) -> str:
    parts = []
    for run in method.runs:
        best = f", best round {run.best_round} of {run.num_rounds}" if run.best_round is not None else ""
        parts.append(f"seed {run.seed}: {run.status}{best}")
    return "\n".join(parts)


def _programs_text(report: Report) -> str:
    versions = {run.code_version for method in report.methods for run in method.runs if run.code_version}
    trained = f"Trained with FedSM Studio {', '.join(sorted(versions))}; frozen" if versions else "Frozen"
    return f"{trained} by FedSM Studio {report.version}"


def _provenance(report: Report) -> Iterator[Flowable]:
    yield from heading("Provenance", HEADING)
    yield paragraph(f"{_programs_text(report)}. Experiment {report.experiment_id}.", BODY)
    names = {site.slug: site.name for site in report.sites}
    rows = [[names.get(slug, slug), "\n".join(values)] for slug, values in report.fingerprints.items()]
    if rows:
        yield from heading("Fingerprints of the data", SUBHEADING)
        yield grid(["Site", "SHA-256"], rows, [46 * mm, WIDTH - 46 * mm], text_columns=2)
    yield from heading("Reproduce", SUBHEADING)
    yield paragraph("Saved as a file, this makes the same runs again: fedsm experiment create -f FILE.", SMALL)
    as_yaml: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "default_flow_style": None, "width": 110}
    text = report.experiment_file or yaml.safe_dump(report.config, **as_yaml)
    yield Preformatted(text, SMALL, maxLineLength=118, newLineChars="")
