"""CSV that spreadsheets open without harm."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from backend.contracts.values import one_line

#: A cell that begins with one of these is a formula to a spreadsheet.
FORMULA = re.compile(r"^[=+\-@\t\r]")


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """With a header; None is an empty field, and text that would be a formula gets an apostrophe before it."""
    return "".join(csv_pieces(columns, [rows]))


def csv_pieces(columns: Sequence[str], pages: Iterable[Iterable[Mapping[str, Any]]]) -> Iterator[str]:
    """The same, a page of rows at a time: a table of any length takes the memory of one page."""
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(columns), lineterminator="\n")
    writer.writeheader()
    for page in pages:
        writer.writerows({key: _harmless(value) for key, value in row.items()} for row in page)
        yield file.getvalue()
        file.seek(0)
        file.truncate()
    yield file.getvalue()


def _harmless(value: Any) -> Any:
    """Text on one line, controls escaped: a name or a log line cannot begin a row that is not there."""
    if not isinstance(value, str):
        return value
    text = one_line(value, len(value))
    return "'" + text if FORMULA.match(value) or FORMULA.match(text) else text
