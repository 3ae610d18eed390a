"""BIDS-like trees: sub-01/[ses-1/]anat/sub-01_T2w.nii.gz with masks below derivatives/*/sub-01/.

Source: Brain Imaging Data Structure 1.10, "Common derivatives": masks end on _mask, segmentations on _dseg; entities
are key-value pairs joined by underscores. A mask belongs to an image whose entities it repeats; entities that only
describe the mask (label, desc, space, res, seg, ...) are not compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from worker.datasets.layouts.entries import name_of
from worker.datasets.layouts.model import ListedCase, Listing, Skip
from worker.datasets.readers import is_companion_name, is_image_name, is_litter

MASK_SUFFIXES = ("mask", "dseg", "seg", "label", "labels", "roi", "segmentation")
OF_MASKS = frozenset({"label", "desc", "space", "res", "seg", "den", "hemi", "atlas", "from", "to"})


@dataclass(frozen=True)
class _Entry:
    """`entities`: as {("sub", "01"), ("acq", "ax")}. `words`: parts that are no entities, as ("T2w", "mask")."""

    path: str
    entities: frozenset[tuple[str, str]]
    words: tuple[str, ...]


def is_bids(root: Path) -> bool:
    return any(path.is_dir() for path in root.glob("sub-*"))


def list_bids(root: Path) -> Listing:
    """Raises ValueError where there is no subject or no derivative."""
    if not is_bids(root):
        raise ValueError(f"{root} has no folder sub-*: a BIDS tree has one for each subject")
    if not (root / "derivatives").is_dir():
        raise ValueError(f"{root} has no folder derivatives/: put the masks into derivatives/<name>/sub-*/")
    images = [entry for subject in _subjects(root) for entry in _entries(root, subject) if not _is_mask(entry)]
    derived = [
        entry
        for pipeline in _folders(root / "derivatives")
        for sub in _subjects(pipeline)
        for entry in _entries(root, sub)
    ]
    masks = [entry for entry in derived if _is_mask(entry)]
    if not images:
        raise ValueError(f"{root} has no image below sub-*: put them into sub-01/anat/ and so on")
    cases = [_case(root, image, masks) for image in images]
    return Listing("bids", tuple(sorted(cases, key=lambda case: case.name)))


def _case(root: Path, image: _Entry, masks: list[_Entry]) -> ListedCase:
    name = name_of(root, image.path)
    patient = dict(image.entities).get("sub")
    found = [mask.path for mask in masks if _belongs(mask, image)]
    skip = None
    if not found:
        skip = Skip("no_mask", f"{image.path} has no mask below derivatives/: add one with the same entities and _mask")
    elif len(found) > 1:
        skip = Skip("duplicate", f"{' and '.join(sorted(found))} are masks of {image.path}: keep one of them")
    return ListedCase(name, image.path, found[0] if found else None, skip, patient)


def _belongs(mask: _Entry, image: _Entry) -> bool:
    compared = {(key, value) for key, value in mask.entities if key not in OF_MASKS}
    modality = set(mask.words[:-1])  # `T2w` of sub-01_T2w_mask
    return (
        compared <= image.entities and ("sub", dict(image.entities)["sub"]) in compared and modality <= set(image.words)
    )


def _is_mask(entry: _Entry) -> bool:
    return bool(entry.words) and entry.words[-1].lower() in MASK_SUFFIXES


def _subjects(folder: Path) -> Iterator[Path]:
    return (path for path in _folders(folder) if path.name.startswith("sub-"))


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _entries(root: Path, subject: Path) -> Iterator[_Entry]:
    """Images below a subject's folder, of files that carry the subject in their names."""
    for path in sorted(subject.rglob("*")):
        if is_litter(path.name) or is_companion_name(path.name) or not is_image_name(path.name) or not path.is_file():
            continue
        relative = path.relative_to(root).as_posix()
        parts = name_of(root, relative).split("_")
        entities = frozenset((key, value) for key, _, value in (p.partition("-") for p in parts if "-" in p))
        if "sub" in dict(entities):
            yield _Entry(relative, entities, tuple(part for part in parts if "-" not in part))
