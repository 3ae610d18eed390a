"""The gap to centralized training in the PDF: stairs from one level to the next, as vector graphics."""

from collections.abc import Sequence

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor

from backend.contracts.report_document import ReportGap, ReportGapRow
from backend.reports.pdf_text import FAINT, LINE, REGULAR

HEIGHT = 175.0
FOOT = 34.0
HEAD = 16.0
FONT_SIZE = 7.0
LEVEL, LOST, WON = HexColor("#5b7083"), HexColor("#c2410c"), HexColor("#0f766e")


def gap_chart(gap: ReportGap, width: float) -> Drawing | None:
    """Of all sites' cases: levels stand on the axis, and what is lost or won hangs between them. None without two
    levels."""
    rows = [row for row in gap.rows if row.kind in ("level", "term")]
    place = gap.columns.index(None)
    means = [row.values[place] for row in rows if row.kind == "level"]
    known = [mean for mean in means if mean is not None]
    if len(known) < 2 or len(known) < len(means):
        return None
    low, high = _range(known)
    drawing = Drawing(width, HEIGHT)
    step = width / len(rows)

    def height(value: float) -> float:
        return FOOT + (value - low) / (high - low) * (HEIGHT - FOOT - HEAD)

    drawing.add(Line(0, FOOT, width, FOOT, strokeColor=LINE))
    for index, row in enumerate(rows):
        left, middle = index * step + step * 0.15, (index + 0.5) * step
        if row.kind == "level":
            top = height(row.values[place] or 0.0)
            drawing.add(_bar(left, FOOT, step * 0.7, top - FOOT, LEVEL))
            _write(drawing, middle, top + 3, row.texts[place])
        else:
            before, after = height(_level(rows, index - 1, place)), height(_level(rows, index + 1, place))
            colour = LOST if after < before else WON
            bottom = min(before, after)
            drawing.add(_bar(left, bottom, step * 0.7, max(abs(after - before), 0.6), colour))
            drawing.add(Line(left - step * 0.3, before, left, before, strokeColor=FAINT, strokeDashArray=(1, 2)))
            _write(drawing, middle, max(before, after) + 3, row.texts[place])
        for line, words in enumerate(_words(row)):
            _write(drawing, middle, FOOT - 9 - 8 * line, words)
    return drawing


def _bar(left: float, bottom: float, width: float, height: float, colour: Color) -> Rect:
    bar = Rect(left, bottom, width, height)
    bar.fillColor, bar.strokeColor = colour, None
    return bar


def _level(rows: Sequence[ReportGapRow], index: int, place: int) -> float:
    return rows[index].values[place] or 0.0


def _range(means: Sequence[float]) -> tuple[float, float]:
    """The axis does not begin at 0, or the differences could not be seen; the numbers stand at the bars."""
    spread = max(max(means) - min(means), 1e-6)
    return min(means) - spread * 0.6, max(means) + spread * 0.1


def _words(row: ReportGapRow) -> Sequence[str]:
    """In lines, for a bar is narrow."""
    return row.short.lower().replace(" and ", " ").replace("equal steps", "equal\N{NO-BREAK SPACE}steps").split(" ")


def _write(drawing: Drawing, x: float, y: float, text: str) -> None:
    drawing.add(String(x, y, text, fontName=REGULAR, fontSize=FONT_SIZE, textAnchor="middle"))
