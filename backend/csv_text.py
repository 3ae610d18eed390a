"""CSV that spreadsheets open without harm."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: A cell that begins with one of these is a formula to a spreadsheet.
FORMULA = re.compile(r"^[=+\-@\t\r]")


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """With a header; None is an empty field, and text that would be a formula gets an apostrophe before it."""
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    return file.getvalue()


def _harmless(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and FORMULA.match(value) else value
