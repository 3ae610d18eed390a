"""One split for cases that a person confirmed to be of one patient."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from backend.contracts.datasets import CaseWarning, CheckedCase
from backend.contracts.likeness import JoinedCases, joined_split
from backend.contracts.metrics import Split


@dataclass(frozen=True)
class _Patient:
    """Cases of this data set, and the splits of the patient's cases in others."""

    names: frozenset[str]
    elsewhere: tuple[Split, ...]


def with_joined_splits(cases: Sequence[CheckedCase], joined: Sequence[JoinedCases]) -> list[CheckedCase]:
    """The cases with those of each confirmed patient, and of the patients that they join, in one split.

    All others stay in theirs, so a decision moves nothing else.
    """
    result = {case.name: case for case in cases}
    for patient in _patients(cases, joined):
        splits = [split for name in sorted(patient.names) if (split := result[name].split) is not None]
        split = joined_split([*splits, *patient.elsewhere])
        for name in patient.names:
            if result[name].split != split:
                text = f"It was confirmed to be of one patient with cases of another split, so it was moved to {split}."
                warning = CaseWarning(code="split_conflict", message=text)
                case = result[name]
                result[name] = case.model_copy(update={"split": split, "warnings": (*case.warnings, warning)})
    return list(result.values())


def _patients(cases: Sequence[CheckedCase], joined: Sequence[JoinedCases]) -> list[_Patient]:
    """Disjoint patients. Groups that were confirmed apart may meet in a patient that only this check knows, as by a new
    pattern; then all of them are one."""
    used = {case.name: case for case in cases if case.split is not None}
    by_patient: defaultdict[str, set[str]] = defaultdict(set)
    for case in used.values():
        if case.patient is not None:
            by_patient[case.patient].add(case.name)
    found: list[_Patient] = []
    for group in joined:
        names = {name for name in group.names if name in used}
        names = names.union(*(by_patient.get(str(used[name].patient), ()) for name in names))
        met = [patient for patient in found if patient.names & names]
        elsewhere = (*group.elsewhere, *(split for patient in met for split in patient.elsewhere))
        together = _Patient(frozenset(names.union(*(patient.names for patient in met))), elsewhere)
        found = [patient for patient in found if patient not in met] + [together]
    return found
