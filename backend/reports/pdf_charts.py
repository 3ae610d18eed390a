"""The PDF's charts, as vector graphics."""

from collections.abc import Sequence
from typing import Any, Literal

from reportlab.graphics.charts.lineplots import LinePlot
from reportlab.graphics.shapes import Drawing, Line, String
from reportlab.graphics.widgets.markers import makeMarker
from reportlab.lib.colors import HexColor

from backend.contracts.report_document import ReportCurve, ReportSelector
from backend.reports.palette import colour, dashes
from backend.reports.pdf_text import FAINT, LINE, REGULAR

Point = tuple[float, float]
HEIGHT = 170.0
FONT_SIZE = 7.5
LEGEND_LINE = 11.0
MANY_POINTS = 40


def curves_chart(curves: Sequence[ReportCurve], width: float) -> Drawing:
    """Validation Dice over rounds, one line a run, with the names below."""
    names = [f"{curve.label}, seed {curve.seed}" for curve in curves]
    rows = -(-len(names) // 2)
    drawing = Drawing(width, HEIGHT + rows * LEGEND_LINE + 8)
    base = rows * LEGEND_LINE + 8
    last = max(point[0] for curve in curves for point in curve.points)
    plot = _plot([list(curve.points) for curve in curves], base, width, (0, max(last, 1)))
    drawing.add(plot)
    drawing.add(
        String(width / 2, base + 2, "round", fontName=REGULAR, fontSize=FONT_SIZE, fillColor=FAINT, textAnchor="middle")
    )
    for index, name in enumerate(names):
        left, bottom = (index % 2) * width / 2, base - LEGEND_LINE * (index // 2 + 1) - 2
        mark = Line(left, bottom + 3, left + 18, bottom + 3, strokeColor=HexColor(colour(index)), strokeWidth=1.6)
        if (pattern := dashes(index)) is not None:
            mark.strokeDashArray = pattern
        drawing.add(mark)
        drawing.add(String(left + 24, bottom, _cut(name, width / 2 - 30), fontName=REGULAR, fontSize=FONT_SIZE))
    return drawing


def sweep_chart(selector: ReportSelector, width: float) -> Drawing:
    """The super model's Dice at every threshold, with the one that the run had."""
    drawing = Drawing(width, HEIGHT)
    plot = _plot([list(selector.sweep)], 0, width, (0, 1))
    drawing.add(plot)
    at = plot.x + selector.gamma * plot.width
    drawing.add(Line(at, plot.y, at, plot.y + plot.height, strokeColor=FAINT, strokeDashArray=(2, 2)))
    label = f"\u03b3 = {selector.gamma:g}, as the run had it"
    anchor: Literal["start", "end"] = "end" if selector.gamma > 0.5 else "start"
    drawing.add(
        String(
            at + (-4 if anchor == "end" else 4),
            plot.y + 4,
            label,
            fontName=REGULAR,
            fontSize=FONT_SIZE,
            fillColor=FAINT,
            textAnchor=anchor,
        )
    )
    drawing.add(
        String(
            width / 2, 2, "threshold \u03b3", fontName=REGULAR, fontSize=FONT_SIZE, fillColor=FAINT, textAnchor="middle"
        )
    )
    return drawing


def _plot(lines: list[list[Point]], base: float, width: float, xs: tuple[float, float]) -> Any:
    plot: Any = LinePlot()  # its attributes are made at run time
    plot.x, plot.y, plot.width, plot.height = 30, base + 26, width - 40, HEIGHT - 36
    plot.data = lines
    for index, line in enumerate(lines):
        plot.lines[index].strokeColor = HexColor(colour(index))
        plot.lines[index].strokeWidth = 1.4
        plot.lines[index].strokeDashArray = dashes(index)
        if len(line) < MANY_POINTS:
            plot.lines[index].symbol = makeMarker(  # type: ignore[no-untyped-call]
                "FilledCircle", size=2.5, fillColor=HexColor(colour(index))
            )
    values = [value for line in lines for _, value in line]
    low, high = min(values), max(values)
    margin = max((high - low) * 0.08, 0.01)
    plot.xValueAxis.valueMin, plot.xValueAxis.valueMax = xs
    plot.yValueAxis.valueMin, plot.yValueAxis.valueMax = max(0.0, low - margin), min(1.0, high + margin)
    plot.yValueAxis.labelTextFormat = "%.2f"
    plot.xValueAxis.labelTextFormat = "%g"
    plot.yValueAxis.visibleGrid = True
    plot.yValueAxis.gridStrokeColor = LINE
    plot.yValueAxis.gridStrokeWidth = 0.4
    for axis in (plot.xValueAxis, plot.yValueAxis):
        axis.labels.fontName, axis.labels.fontSize = REGULAR, FONT_SIZE
        axis.labels.fillColor = FAINT
        axis.strokeColor, axis.strokeWidth = LINE, 0.6
    return plot


def _cut(text: str, width: float) -> str:
    """With an ellipsis where it would run into its neighbour; letters are about half as wide as high."""
    most = int(width / (FONT_SIZE * 0.52))
    return text if len(text) <= most else text[: most - 1] + "\u2026"
