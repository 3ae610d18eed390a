"""One split for cases that somebody confirmed to be one patient's."""

from collections import defaultdict
from collections.abc import Sequence

from backend.contracts.datasets import CaseWarning, CheckedCase
from backend.contracts.likeness import JoinedCases, joined_split


def with_joined_splits(cases: Sequence[CheckedCase], joined: Sequence[JoinedCases]) -> list[CheckedCase]:
    """The cases, those of a confirmed patient and of the patients that they join in one split, and all others in
    theirs: a decision moves nothing else."""
    by_patient: defaultdict[str, set[str]] = defaultdict(set)
    for case in cases:
        if case.patient is not None and case.reason_code is None:
            by_patient[case.patient].add(case.name)
    result = {case.name: case for case in cases}
    for group in joined:
        names = {name for name in group.names if name in result and result[name].split is not None}
        for name in list(names):
            names |= by_patient.get(str(result[name].patient), set())
        splits = [split for name in sorted(names) if (split := result[name].split) is not None]
        if len(names) + len(group.elsewhere) < 2:
            continue
        split = joined_split([*splits, *group.elsewhere])
        for name in names:
            if result[name].split != split:
                text = f"It was confirmed to be of one patient with cases of another split, so it was moved to {split}."
                warning = CaseWarning(code="split_conflict", message=text)
                case = result[name]
                result[name] = case.model_copy(update={"split": split, "warnings": (*case.warnings, warning)})
    return list(result.values())
