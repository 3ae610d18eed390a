"""Text of the PDF: fonts that hold the world's names, and markup that no name can break."""

from functools import cache
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph

from backend.contracts.values import printable

FONTS = Path(__file__).parent / "fonts"
#: DejaVu: Latin, Greek, Cyrillic and more. The reader's own font shows Chinese, Japanese and Korean.
REGULAR, BOLD = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold"
EAST_ASIAN = {
    "STSong-Light": (0x4E00, 0x9FFF),
    "HeiseiKakuGo-W5": (0x3040, 0x30FF),
    "HYGothic-Medium": (0xAC00, 0xD7A3),
}
INK, FAINT, LINE, ACCENT = HexColor("#1f2328"), HexColor("#5c636a"), HexColor("#d0d7de"), HexColor("#0b7285")
BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9, leading=12.5, textColor=INK)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=7.5, leading=10, textColor=FAINT)
NOTE = ParagraphStyle("note", parent=BODY, leftIndent=10)
TITLE = ParagraphStyle("title", parent=BODY, fontName=BOLD, fontSize=19, leading=23, spaceAfter=4)
HEADING = ParagraphStyle("heading", parent=BODY, fontName=BOLD, fontSize=12.5, leading=16, spaceBefore=14, spaceAfter=5)
SUBHEADING = ParagraphStyle(
    "subheading", parent=BODY, fontName=BOLD, fontSize=9.5, leading=13, spaceBefore=8, spaceAfter=3
)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=7.5, leading=9.5)
CELL_HEAD = ParagraphStyle("cell head", parent=CELL, fontName=BOLD)
NUMBER = ParagraphStyle("number", parent=CELL, alignment=TA_RIGHT)
NUMBER_HEAD = ParagraphStyle("number head", parent=CELL_HEAD, alignment=TA_RIGHT)


class NoteParagraph(Paragraph):
    """What the author says, next to a coloured line. Not a table's cell: those cannot be higher than a page."""

    def draw(self) -> None:
        self.canv.saveState()
        self.canv.setStrokeColor(ACCENT)
        self.canv.setLineWidth(2)
        self.canv.line(1, 0, 1, self.height)
        self.canv.restoreState()
        super().draw()


@cache
def register_fonts() -> None:
    """Once a process: reportlab keeps fonts in a table of its own."""
    pdfmetrics.registerFont(TTFont(REGULAR, FONTS / f"{REGULAR}.ttf"))
    pdfmetrics.registerFont(TTFont(BOLD, FONTS / f"{BOLD}.ttf"))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    for name in EAST_ASIAN:
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def markup(text: str) -> str:
    """Plain text for a paragraph: nothing in it is taken for markup, line breaks stay, controls are escaped."""
    parts = []
    for font, characters in groupby(printable(text, len(text)), _east_asian_font):
        part = escape("".join(characters)).replace("\n", "<br/>")
        parts.append(f'<font name="{font}">{part}</font>' if font else part)
    return "".join(parts)


def _east_asian_font(character: str) -> str | None:
    code = ord(character)
    return next((name for name, (first, last) in EAST_ASIAN.items() if first <= code <= last), None)
