"""A mask of one file for each structure; each file holds background and one other value, whatever that is."""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from backend.contracts.repairs import Repair, repairs_in_order
from worker.datasets.layouts.model import Skip
from worker.datasets.palettes import shown_labels
from worker.datasets.readers import (
    DecodedImage,
    LabelMask,
    NamedMask,
    Note,
    content_sha256,
    cut_at_half,
    read_mask,
)
from worker.datasets.readers.placing import Wanted
from worker.datasets.seen_masks import SeenMasks, holds_a_value_beside_white


def are_parts(mask_path: str, parts: Mapping[str, str], wanted: Wanted) -> bool:
    """Whether the names count: that of a single file, which is then the mask's path, counts where it is wanted."""
    return bool(parts) and (mask_path not in parts.values() or any(wanted(_known(name, wanted)) for name in parts))


def read_parts(
    root: Path,
    parts: Mapping[str, str],
    image: DecodedImage,
    wanted: Wanted,
    repairs: Collection[Repair] = (),
    seen: SeenMasks | None = None,
) -> NamedMask:
    """The planes by name, as of a file with named structures; files whose names are not wanted are not read.

    repairs: those that may be applied to each file that cannot be used otherwise; `largest_value` never is. seen:
    learns what the files hold while a data set is checked.

    Raises Skip, or `PartProblem`, which names the file in question.
    """
    names = {path: _known(name, wanted) for name, path in parts.items()}
    planes: dict[str, np.ndarray] = {}
    notes: list[Note] = []
    digests: dict[str, str] = {}
    turns: dict[str, int] = {}
    used: list[Repair] = []
    for path, name in names.items():
        if not wanted(name):
            continue
        try:
            mask = read_mask(root, path, image, repairs=repairs)
        except ValueError as error:
            raise PartProblem(path, error) from None
        if isinstance(mask, NamedMask):
            raise Skip(
                "unreadable_mask", f"{path} holds structures by name: put it next to masks/ as the case's only file"
            )
        plane, of_values = _plane(path, name, mask, repairs, seen)
        turns[path] = mask.turn
        used += (*mask.repairs, *of_values)
        planes[name] = planes[name] | plane if name in planes else plane
        digests[name] = f"{digests.get(name, '')}{mask.sha256}"
        notes += mask.notes
    return NamedMask(
        planes,
        tuple(dict.fromkeys(names.values())),
        _sha256(digests),
        tuple(notes),
        turns=turns,
        repairs=repairs_in_order(tuple(used)),
    )


def _known(name: str, wanted: Wanted) -> str:
    """The structure's name for a file's name, which has _ or - where structures have blanks, where that structure is
    wanted."""
    blanks = name.replace("_", " ").replace("-", " ")
    return blanks if not wanted(name) and wanted(blanks) else name


class PartProblem(Exception):
    """A problem of one of the files; `cause` is UnsafeFile or CannotRead."""

    def __init__(self, path: str, cause: ValueError) -> None:
        super().__init__(f"{path} {cause}")
        self.cause = cause


def parts_sha256(root: Path, parts: Mapping[str, str], wanted: Wanted) -> str:
    """The SHA-256 as `read_parts` gives it. Raises UnsafeFile."""
    digests: dict[str, str] = {}
    for part, path in parts.items():
        if wanted(name := _known(part, wanted)):
            digests[name] = f"{digests.get(name, '')}{content_sha256(root, path)}"
    return _sha256(digests)


def _plane(
    path: str, name: str, mask: LabelMask, repairs: Collection[Repair], seen: SeenMasks | None
) -> tuple[np.ndarray, tuple[Repair, ...]]:
    """The structure, and the repairs that its values needed. Raises Skip."""
    if "cut_at_half" in mask.repairs:
        return mask.labels == 1, ()
    labels = mask.labels if mask.picture_format == "JPEG" else shown_labels(path, mask, range(256), None)
    values = [int(value) for value in np.unique(labels) if value]
    if seen is not None and not mask.is_black_and_white and mask.picture_format != "JPEG":
        seen.saw_part(path, name, values)
    if mask.picture_format != "JPEG" and len(values) <= 1:
        return labels > 0, ()
    if "cut_at_half" in repairs and not holds_a_value_beside_white(values):
        cut = cut_at_half(labels)
        if cut is not None:
            if seen is not None:
                seen.saw_repair(path)
            return cut == 1, ("cut_at_half",)
    if mask.picture_format == "JPEG":
        raise Skip(
            "unknown_label", f"{path} is a JPEG, which loses exact values: export the mask as PNG from its source"
        )
    listed = ", ".join(map(str, values[:8]))
    raise Skip(
        "unknown_label",
        f"{path} holds the values {listed} besides 0, but a file of one structure has one: save the structure alone",
    )


def _sha256(digests: Mapping[str, str]) -> str:
    """SHA-256 of contents and names, because files that exchange their names are another mask."""
    lines = [f"{name}\0{sha256}" for name, sha256 in sorted(digests.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
