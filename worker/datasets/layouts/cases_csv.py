"""`cases.csv` at the data set's root: name[,patient][,split], one line a case; an empty field leaves it open."""

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path

from backend.contracts.metrics import Split
from worker.datasets.files import UnsafeFile, read_bytes_inside
from worker.datasets.layouts.model import ALL_SPLITS, Listing

CASES_CSV = "cases.csv"


@dataclass(frozen=True)
class _Line:
    patient: str | None
    split: Split | None


def with_cases_csv(listing: Listing, root: Path) -> Listing:
    """The listing with the file's patients and splits, where there is one. Raises ValueError naming the line."""
    if not (root / CASES_CSV).is_file():
        return listing
    lines = _read(root)
    cases = []
    for case in listing.cases:
        line = lines.get(case.name, _Line(None, None))
        splits = case.splits if line.split is None else (line.split,)
        cases.append(replace(case, patient=line.patient or case.patient, splits=splits))
    names = {case.name for case in listing.cases}
    return replace(listing, cases=tuple(cases), warnings=(*listing.warnings, *_differences(set(lines), names)))


def _differences(listed: set[str], found: set[str]) -> list[str]:
    absent, unlisted = sorted(listed - found), sorted(found - listed)
    warnings = []
    if absent:
        warnings.append(f"{CASES_CSV} names {len(absent)} case(s) that are not there, as {absent[0]}.")
    if unlisted:
        warnings.append(f"{CASES_CSV} does not name {len(unlisted)} case(s) that are there, as {unlisted[0]}.")
    return warnings


def _read(root: Path) -> dict[str, _Line]:
    try:
        text = read_bytes_inside(root, CASES_CSV).decode("utf-8-sig")
    except UnsafeFile as error:
        raise ValueError(f"{root / CASES_CSV} {error}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{root / CASES_CSV} is no UTF-8 text: save it as UTF-8") from None
    reader = csv.DictReader(io.StringIO(text))
    columns = reader.fieldnames or []
    unknown = [column for column in columns if column not in ("name", "patient", "split")]
    if "name" not in columns or unknown:
        raise ValueError(
            f"{root / CASES_CSV} has the columns {', '.join(columns) or 'none'}: give name, patient, split"
        )
    lines: dict[str, _Line] = {}
    for row in reader:
        name, split = (row["name"] or "").strip(), (row.get("split") or "").strip()
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
