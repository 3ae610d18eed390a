"""How a data set was read, and the fingerprint of what a run would work on."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from backend.contracts.datasets import (
    CheckedCase,
    Reading,
)
from backend.db.models import Case, Dataset

#: Settings of a reading that count in every fingerprint.
_ALWAYS_SHOWN = ("label_map", "channel")


def reading_of(dataset: Dataset) -> Reading:
    """As the check applied it; before the first check, as asked."""
    return dataset.found_reading or dataset.reading or Reading()


def fingerprint_of(used: Sequence[CheckedCase] | Sequence[Case], reading: Reading) -> str:
    """Of what a run trains and tests on: names, splits, contents of files, and how masks are read."""
    lines = [[case.name, case.split, case.image_sha256, case.mask_sha256] for case in used]
    content = {"cases": sorted(lines, key=lambda line: str(line[0])), "reading": _told_of(reading)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _told_of(reading: Reading) -> dict[str, Any]:
    """What a fingerprint is made of. Settings that came later count only where they are used, so that data sets that
    were checked before keep their fingerprints."""
    stored = reading.model_dump(mode="json")
    unused = Reading().model_dump(mode="json")
    return {name: value for name, value in stored.items() if name in _ALWAYS_SHOWN or value != unused[name]}
