"""The page of a report's PDF: its foot and bookmarks, headings, paragraphs and tables."""

import io
from collections.abc import Iterator, Sequence

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    PageTemplate,
    Paragraph,
    Table,
    TableStyle,
)

from backend.contracts.report_document import Report
from backend.reports.pdf_text import CELL, CELL_HEAD, FAINT, LINE, NUMBER, NUMBER_HEAD, REGULAR, markup

MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
#: More sites than this go into a further table below, so that none runs off the page.
COLUMNS = 5
FIRST_COLUMN = 46 * mm


class PageLayout(BaseDocTemplate):
    """Puts the page's foot, and a bookmark at every heading."""

    def __init__(self, file: io.BytesIO, report: Report) -> None:
        super().__init__(
            file,
            pagesize=A4,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=MARGIN,
            bottomMargin=MARGIN,
            title=report.title,
            author=report.frozen_by,
            subject=f"{report.experiment_name}, {report.federation_name}",
            creator=f"FedSM Studio {report.version}",
            invariant=1,
        )
        self._foot = (
            f"{report.title} \u00b7 frozen {report.frozen_at:%Y-%m-%d %H:%M} UTC \u00b7 FedSM Studio {report.version}"
        )
        frame = Frame(MARGIN, MARGIN, WIDTH, A4[1] - 2 * MARGIN, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate("page", [frame], onPage=self._draw_foot))

    def _draw_foot(self, canvas: Canvas, _document: BaseDocTemplate) -> None:
        canvas.saveState()
        canvas.setFont(REGULAR, 7)
        canvas.setFillColor(FAINT)
        canvas.drawString(MARGIN, 10 * mm, self._foot[:120])
        canvas.drawRightString(A4[0] - MARGIN, 10 * mm, str(canvas.getPageNumber()))
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 reportlab's interface
        if isinstance(flowable, Paragraph) and flowable.style.name in ("heading", "subheading"):
            key = f"part-{id(flowable)}"
            self.canv.bookmarkPage(key)
            level = 0 if flowable.style.name == "heading" else 1
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level, closed=level == 0)


def page_parts(columns: Sequence[int]) -> Iterator[Sequence[int]]:
    """As many columns as a page is wide."""
    for start in range(0, len(columns), COLUMNS):
        yield columns[start : start + COLUMNS]


def column_widths(num_columns: int) -> list[float]:
    return [FIRST_COLUMN, *([(WIDTH - FIRST_COLUMN) / COLUMNS] * num_columns)]


def grid(
    head: Sequence[str], rows: Sequence[Sequence[str]], widths: list[float], text_columns: int = 1, marked: bool = False
) -> Table:
    """A table whose head repeats on every page. marked: cells after the text columns are markup already."""

    def cell(value: str, column: int, is_head: bool) -> Paragraph:
        is_text = column < text_columns
        style = (CELL_HEAD if is_text else NUMBER_HEAD) if is_head else (CELL if is_text else NUMBER)
        return Paragraph(value if marked and not is_text and not is_head else markup(value), style)

    data = [
        [cell(value, column, index == 0) for column, value in enumerate(row)] for index, row in enumerate([head, *rows])
    ]
    # A row may be higher than a page: the settings of a method, the fingerprints of a site with a hundred data sets.
    table = Table(data, colWidths=widths, repeatRows=1, hAlign="LEFT", splitInRow=1)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, FAINT),
                ("LINEBELOW", (0, 1), (-1, -1), 0.3, LINE),
                ("BACKGROUND", (0, 0), (-1, 0), HexColor("#f3f6f8")),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table


def heading(text: str, style: ParagraphStyle) -> Iterator[Flowable]:
    """Not at the foot of a page without some of what it heads."""
    yield CondPageBreak(35 * mm)
    yield paragraph(text, style)


def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(markup(text), style)
