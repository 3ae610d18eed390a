"""JSON documents of data sets, and the label names that they give."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from worker.datasets.files import MAX_TEXT_BYTES, UnsafeFile, read_bytes_inside

_IGNORE = "ignore"
_MAX_DIGITS = 9
#: Of objects and lists: `[[]]` takes some forty times its bytes as Python's, text and numbers ten times.
_MAX_OBJECTS = 1_000_000


def read_document(root: Path, name: str) -> dict[str, Any]:
    """The document as a dictionary. Raises ValueError where it is no JSON object, or would take too much memory."""
    try:
        text = read_bytes_inside(root, name, MAX_TEXT_BYTES)
    except UnsafeFile as error:
        raise ValueError(f"{root / name} {error}") from None
    num_objects = text.count(b"{") + text.count(b"[")
    if num_objects > _MAX_OBJECTS:
        held = f"holds {num_objects} objects and lists, more than {_MAX_OBJECTS}"
        raise ValueError(f"{root / name} {held}: keep the lists of cases alone, or split the data set")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{root / name} is no JSON ({error}): mend or export it again") from None
    if not isinstance(content, dict):
        raise ValueError(f"{root / name} holds a JSON {type(content).__name__}, not an object: mend or export it again")
    return content


def label_names(document: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The labels of Decathlon ({"1": "prostate"}) and nnU-Net ({"prostate": 1, "whole": [1, 2]}), without
    background."""
    labels = document.get("labels")
    found: dict[str, tuple[int, ...]] = {}
    for key, value in labels.items() if isinstance(labels, dict) else ():
        name, numbers = (value, _integers(key)) if isinstance(value, str) else (key, _integers(value))
        if numbers:
            found[str(name)] = numbers
    return found


def about_ignored(names: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    """A warning of nnU-Net's label of areas that count neither for the loss nor for the scores."""
    for name, values in names.items():
        if name.casefold() == _IGNORE:
            listed = ", ".join(map(str, values))
            yield (
                f"The data set names the label {listed} `{name}`, an area that nnU-Net leaves out of loss and scores. "
                "That is not possible here: cases with it are skipped, and the label in a label map's ignored_values "
                "would count as background in both."
            )


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= _MAX_DIGITS


def _integers(value: object) -> tuple[int, ...]:
    """The positive integers; empty where it is something else."""
    parts = value if isinstance(value, list) else [value]
    numbers = [int(part) for part in parts if isinstance(part, int) or (isinstance(part, str) and _is_number(part))]
    return tuple(number for number in numbers if 1 <= number <= 65535)
