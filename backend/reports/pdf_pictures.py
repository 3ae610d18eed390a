"""The worst, the median and the best case in the PDF: three pictures next to each other."""

import io
from collections.abc import Mapping

from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Image, Paragraph, Table, TableStyle

from backend.contracts.report_document import PictureRank, Report, ReportPicture, ReportPictures
from backend.reports.pdf_text import CELL, CELL_HEAD, SMALL, markup

#: Of a page's width, that of one picture with the gap to the next one.
NUM_COLUMNS = 3
GAP = 8.0
#: Points; a picture higher than wide gets narrower.
MAX_HEIGHT = 200.0
WITHDRAWN = "The site lets this picture be shown no more."


def picture_row(pictures: ReportPictures, report: Report, files: Mapping[PictureRank, bytes], width: float) -> Flowable:
    """One column a case, which stays on one page."""
    names = {site.slug: site.name for site in report.sites}
    column = width / NUM_COLUMNS
    cells = [_case(case, names, files.get(case.rank), column - GAP) for case in pictures.cases]
    row = Table([cells], colWidths=[column] * len(cells), hAlign="LEFT")
    row.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), GAP),
            ]
        )
    )
    return row


def _case(case: ReportPicture, names: Mapping[str, str], file: bytes | None, width: float) -> list[Flowable]:
    picture = Paragraph(markup(WITHDRAWN), SMALL) if file is None else _drawn(file, width)
    head, *lines = caption(case, names)
    return [picture, Paragraph(markup(head), CELL_HEAD), *(Paragraph(markup(line), CELL) for line in lines)]


def _drawn(file: bytes, width: float) -> Image:
    columns, rows = ImageReader(io.BytesIO(file)).getSize()
    scale = min(width / columns, MAX_HEIGHT / rows)
    return Image(io.BytesIO(file), columns * scale, rows * scale, hAlign="LEFT")


def caption(case: ReportPicture, names: Mapping[str, str]) -> list[str]:
    """In the order and words of the page."""
    lines = [f"{case.rank.capitalize()}: Dice {case.dice_text}"]
    site = names.get(case.site_slug, case.site_slug)
    lines.append(site if case.name is None else f"{case.name}, {site}")
    if case.slice is not None:
        lines.append(f"axial slice {case.slice}")
    if case.chosen_model is not None:
        kind, _, slug = case.chosen_model.partition("/")
        lines.append(f"by the model of {names.get(slug, slug)}" if slug else f"by the {kind} model")
    if case.passed_over:
        lines.append(f"The {case.rank} case of all has no picture.")
    return lines
