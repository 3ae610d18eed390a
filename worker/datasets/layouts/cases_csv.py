"""`cases.csv` at the data set's root: name[,patient][,split], with one line for each case; an empty field leaves it
open.

A name may also be that of the case's image, with its suffix and folder.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from backend.contracts.metrics import Split
from worker.datasets.files import MAX_TEXT_BYTES, UnsafeFile, read_bytes_inside
from worker.datasets.layouts.model import ALL_SPLITS, Listing
from worker.datasets.names import same_name, showable
from worker.datasets.readers import stem_of

CASES_CSV = "cases.csv"


@dataclass(frozen=True)
class _Line:
    patient: str | None
    split: Split | None


def with_cases_csv(listing: Listing, root: Path) -> Listing:
    """The listing with the file's patients and splits, where there is one. Raises ValueError naming the line."""
    if not (root / CASES_CSV).is_file():
        return listing
    listed = _read(root)
    lines = _by_case(listed, listing, root)
    cases = []
    for case in listing.cases:
        line = lines.get(case.name, _Line(None, None))
        splits = case.splits if line.split is None else (line.split,)
        cases.append(replace(case, patient=line.patient or case.patient, splits=splits))
    names = {case.name for case in listing.cases}
    return replace(listing, cases=tuple(cases), warnings=(*listing.warnings, *_differences(set(lines), names)))


def _by_case(listed: dict[str, _Line], listing: Listing, root: Path) -> dict[str, _Line]:
    """Lines by the names of the cases that they mean; lines of no case by their own.

    Raises ValueError where two lines mean one case, or none means any.
    """
    names = {same_name(case.name): case.name for case in listing.cases}
    stems = {same_name(stem_of(PurePosixPath(case.image).name)): case.name for case in listing.cases}
    folded: dict[str, set[str]] = {}
    for known_name, case_name in (*names.items(), *stems.items()):
        folded.setdefault(known_name.casefold(), set()).add(case_name)
    lines: dict[str, _Line] = {}
    known = set(names.values())
    first: dict[str, str] = {}
    for written, line in listed.items():
        stem = same_name(stem_of(PurePosixPath(written.replace("\\", "/")).name))
        exact = names.get(same_name(written)) or names.get(stem) or stems.get(stem)
        name = exact or _in_another_case(root, written, folded, (same_name(written), stem)) or written
        if name in lines:
            raise ValueError(
                f"{root / CASES_CSV} names the case {name} as {first[name]} and as {written}: keep one line"
            )
        lines[name], first[name] = line, written
    if lines and known and not known & lines.keys():
        raise ValueError(
            f"{root / CASES_CSV} names none of the {len(known)} cases that are there: it has names as {min(lines)}, "
            f"where the cases are called as {min(known)}; write the cases' names"
        )
    return lines


def _in_another_case(root: Path, written: str, folded: Mapping[str, set[str]], spellings: Iterable[str]) -> str | None:
    """The case whose name differs in capital and small letters only. Raises ValueError where there are several."""
    found = next((folded[name.casefold()] for name in spellings if name.casefold() in folded), set())
    if len(found) > 1:
        listed = " or ".join(sorted(found))
        raise ValueError(f"{root / CASES_CSV} names {written}, which may be {listed}: write the case's name as it is")
    return next(iter(found), None)


def _differences(listed: set[str], found: set[str]) -> list[str]:
    absent, unlisted = sorted(listed - found), sorted(found - listed)
    warnings = []
    if absent:
        warnings.append(f"{CASES_CSV} names {len(absent)} case(s) that are not there, as {showable(absent[0])}.")
    if unlisted:
        warnings.append(f"{CASES_CSV} does not name {len(unlisted)} case(s) that are there, as {unlisted[0]}.")
    return warnings


def _read(root: Path) -> dict[str, _Line]:
    try:
        text = read_bytes_inside(root, CASES_CSV, MAX_TEXT_BYTES).decode("utf-8-sig")
    except UnsafeFile as error:
        raise ValueError(f"{root / CASES_CSV} {error}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{root / CASES_CSV} is no UTF-8 text: save it as UTF-8") from None
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        return _lines(root, reader)
    except csv.Error as error:
        raise ValueError(
            f"{root / CASES_CSV}, line {reader.line_num + 1}: {error}: close each quote, and leave a line for each case"
        ) from None


def _lines(root: Path, reader: "csv.DictReader[str]") -> dict[str, _Line]:
    """The lines by name. Raises ValueError naming the line, or csv.Error."""
    columns = reader.fieldnames or []
    unknown = [column for column in columns if column not in ("name", "patient", "split")]
    if "name" not in columns or unknown:
        raise ValueError(
            f"{root / CASES_CSV} has the columns {', '.join(columns) or 'none'}: give name, patient, split"
        )
    lines: dict[str, _Line] = {}
    for row in reader:
        if not any(field for field in _fields(row)):
            continue  # spreadsheets leave such lines at the end
        name, split = (row["name"] or "").strip(), (row.get("split") or "").strip()
        if not name:
            raise ValueError(f"{root / CASES_CSV}, line {reader.line_num}: there is no name: write the case's name")
        if None in row:
            raise ValueError(
                f"{root / CASES_CSV}, line {reader.line_num}: has more fields than the {len(columns)} columns: put "
                "quotes around fields with commas"
            )
        if split not in ("", *ALL_SPLITS):
            raise ValueError(
                f"{root / CASES_CSV}, line {reader.line_num}: split {split!r} is none of train, val, test or empty"
            )
        if name in lines:
            raise ValueError(
                f"{root / CASES_CSV}, line {reader.line_num}: {name} is named a second time: keep one line"
            )
        known = next((known for known in ALL_SPLITS if known == split), None)
        lines[name] = _Line((row.get("patient") or "").strip() or None, known)
    return lines


def _fields(row: dict[Any, Any]) -> list[str]:
    """The fields of all columns, also of those beyond the header's, without surrounding blanks."""
    values = [part for value in row.values() for part in (value if isinstance(value, list) else [value])]
    return [part.strip() for part in values if part is not None]
