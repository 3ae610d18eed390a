"""Which patient a case is of: by a pattern on the cases' names. And what looks wrong about it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from backend.contracts.datasets import CheckedCase
from backend.contracts.patient_patterns import compile_patient_pattern, means_ascii_only
from worker.datasets.layouts.model import Listing

#: Minimum number of cases from which a patient with more than half of them is warned about.
_MANY = 6


def with_patients(listing: Listing, pattern: str | None) -> tuple[Listing, tuple[str, ...]]:
    """The cases with their patients, and warnings. A pattern overrides what the data set says; a case whose name it
    does not match is its own patient.

    Raises ValueError where the pattern cannot be used, as one from before patterns were matched by RE2.
    """
    if pattern is None:
        return listing, ()
    compiled = compile_patient_pattern(pattern)
    matches = {case.name: compiled.search(case.name) for case in listing.cases}
    patients = {name: match.group(1) if match else None for name, match in matches.items()}
    cases = tuple(replace(case, patient=patients[case.name] or case.name) for case in listing.cases)
    unmatched = sorted(name for name, patient in patients.items() if not patient)
    warnings = []
    if unmatched:
        text = f"The patient pattern {pattern} does not match {len(unmatched)} case(s), each taken as its own patient"
        warnings.append(f"{text}, as {unmatched[0]}.")
    others = sorted(name for name in patients if not name.isascii())
    if others and means_ascii_only(pattern):
        warnings.append(
            f"In the patient pattern {pattern}, \\w, \\d and \\b mean letters and digits of ASCII only, and "
            f"{len(others)} case(s) have others in their names, as {others[0]}: [^_] or \\pL takes them, too."
        )
    return replace(listing, cases=cases), tuple(warnings)


def about_patients(cases: Sequence[CheckedCase]) -> list[str]:
    """Warnings about the patients. cases: with the patients as the files name them.

    A patient that most cases have is rather a word that a program wrote for all, and it puts all of them in one split.
    The warning does not repeat the patient's identifier, which must not leave.
    """
    used = [case for case in cases if case.reason_code is None]
    counts = Counter(case.patient for case in used if case.patient is not None)
    if len(used) < 2 or not counts:
        return []
    patient, count = counts.most_common(1)[0]
    is_all = count == len(used)
    if not is_all and (len(used) < _MANY or count * 2 <= len(used)):
        return []
    splits = sorted({str(case.split) for case in used if case.patient == patient})
    whole = f"All {count} used cases are" if is_all else f"{count} of {len(used)} used cases are"
    return [
        f"{whole} of one patient, so they are all in {' and '.join(splits)}. If they are not (DICOM's PatientID may be "
        "one word for all), set a patient pattern, such as ^(.+)$ where each case is a patient of its own, or name the "
        "patients in cases.csv."
    ]
