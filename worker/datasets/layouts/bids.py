"""BIDS-like trees: sub-01/[ses-1/]anat/sub-01_T2w.nii.gz with masks below derivatives/*/sub-01/.

Source: Brain Imaging Data Structure 1.10, "Common derivatives": masks end in _mask, segmentations in _dseg; entities
are key-value pairs joined by underscores. A mask belongs to the image whose entities it repeats; entities that only
describe the mask (label, desc, seg, ...) are not compared. `space` and `res` say on which grid a mask lies: they must
be the image's, or name the image itself (space-orig, space-T1w). A mask that matches several images belongs to none of
them, and is named. Several masks that differ in `label` are the structures of one case.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from worker.datasets.layouts.entries import name_of
from worker.datasets.layouts.model import ListedCase, Listing, Skip
from worker.datasets.readers import is_companion_name, is_image_name, is_litter

MASK_SUFFIXES = ("mask", "dseg", "seg", "label", "labels", "roi", "segmentation")
#: Suffixes of segmentations in which each integer is a structure, whatever `label` says.
OF_INTEGERS = ("dseg", "seg", "segmentation")
OF_MASKS = frozenset({"label", "desc", "space", "res", "seg", "den", "hemi", "atlas", "from", "to"})
#: Entities that say on which grid a mask lies.
OF_GRIDS = ("space", "res", "den")
#: `space-orig` is the image's own, whatever image that is.
OWN_SPACES = frozenset({"orig"})


@dataclass(frozen=True)
class _Entry:
    """entities: such as {("sub", "01"), ("acq", "ax")}. words: parts that are no entities, such as ("T2w", "mask")."""

    path: str
    entities: frozenset[tuple[str, str]]
    words: tuple[str, ...]

    def entity(self, key: str) -> str | None:
        return dict(self.entities).get(key)


@dataclass(frozen=True)
class _Masks:
    """The masks of one image. own: it alone matches. shared: other images match, too. elsewhere: on another grid."""

    own: Sequence[_Entry]
    shared: Sequence[_Entry]
    elsewhere: Sequence[_Entry]


def is_bids(root: Path) -> bool:
    return any(path.is_dir() for path in root.glob("sub-*"))


def list_bids(root: Path) -> Listing:
    """The cases. Raises ValueError where there is no subject or no derivative."""
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
    homes = {mask.path: [image.path for image in images if _belongs(mask, image)] for mask in masks}
    by_image = {image.path: _masks_of(image, masks, homes) for image in images}
    several = any(len(found.own) > 1 and _are_parts(found.own) for found in by_image.values())
    cases = [_case(root, image, by_image[image.path], homes, several) for image in images]
    return Listing("bids", tuple(sorted(cases, key=lambda case: case.name)), warnings=_left_out(masks, images, homes))


def _masks_of(image: _Entry, masks: Sequence[_Entry], homes: Mapping[str, Sequence[str]]) -> _Masks:
    near = [mask for mask in masks if image.path in homes[mask.path]]
    return _Masks(
        own=[mask for mask in near if len(homes[mask.path]) == 1],
        shared=[mask for mask in near if len(homes[mask.path]) > 1],
        elsewhere=[mask for mask in masks if _repeats(mask, image) and not _is_on_grid(mask, image)],
    )


def _case(
    root: Path, image: _Entry, found: _Masks, homes: Mapping[str, Sequence[str]], several_parts: bool
) -> ListedCase:
    """A case. several_parts: cases of this data set have one mask for each structure, so every labelled mask is one."""
    name, patient = name_of(root, image.path), image.entity("sub")
    paths = sorted(mask.path for mask in found.own)
    if not paths:
        return ListedCase(name, image.path, None, _no_mask(image, found, homes), patient)
    if not _are_parts(found.own):
        skip = None
        if len(paths) > 1:
            skip = Skip("duplicate", f"{' and '.join(paths)} are masks of {image.path}: keep one of them")
        return ListedCase(name, image.path, paths[0], skip, patient)
    parts = {str(mask.entity("label")): mask.path for mask in sorted(found.own, key=lambda mask: mask.path)}
    mask = str(PurePosixPath(paths[0]).parent) if several_parts else paths[0]
    return ListedCase(name, image.path, mask, None, patient, parts=parts)


def _no_mask(image: _Entry, found: _Masks, homes: Mapping[str, Sequence[str]]) -> Skip:
    if found.shared:
        mask = found.shared[0].path
        rest = [path for path in homes[mask] if path != image.path]
        others = ", ".join(rest[:3]) + (f" and {len(rest) - 3} more" if len(rest) > 3 else "")
        return Skip(
            "no_mask",
            f"{mask} could be the mask of {image.path} and of {others}, so it is used for none: give its name the "
            "entities (ses, acq, run, ...) of the image that it was drawn on",
        )
    if found.elsewhere:
        mask_entry = found.elsewhere[0]
        return Skip(
            "no_mask",
            f"{mask_entry.path} lies on another grid ({_grid_in_words(mask_entry)}) than {image.path} "
            f"({_grid_in_words(image)}): add the mask on the image's own grid",
        )
    return Skip("no_mask", f"{image.path} has no mask below derivatives/: add one with the same entities and _mask")


def _left_out(masks: Sequence[_Entry], images: Sequence[_Entry], homes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    by_cause: defaultdict[str, list[str]] = defaultdict(list)
    for mask in masks:
        if len(homes[mask.path]) > 1:
            by_cause["several images match them"].append(mask.path)
        elif not homes[mask.path]:
            elsewhere = any(_repeats(mask, image) for image in images)
            by_cause["they lie on another grid (space, res)" if elsewhere else "no image matches them"].append(
                mask.path
            )
    return tuple(
        f"{len(paths)} mask(s) below derivatives/ are left out, because {cause}, as {min(paths)}."
        for cause, paths in sorted(by_cause.items())
    )


def _are_parts(masks: Sequence[_Entry]) -> bool:
    """Whether each mask is of another structure."""
    labels = Counter(mask.entity("label") for mask in masks if mask.words[-1].lower() not in OF_INTEGERS)
    return None not in labels and len(labels) == len(masks)


def _belongs(mask: _Entry, image: _Entry) -> bool:
    return _repeats(mask, image) and _is_on_grid(mask, image)


def _repeats(mask: _Entry, image: _Entry) -> bool:
    """Whether the image has everything that the mask's name says of an image."""
    compared = {(key, value) for key, value in mask.entities if key not in OF_MASKS}
    modality = set(mask.words[:-1])  # `T2w` of sub-01_T2w_mask
    return compared <= image.entities and ("sub", image.entity("sub")) in compared and modality <= set(image.words)


def _is_on_grid(mask: _Entry, image: _Entry) -> bool:
    own = OWN_SPACES | {word.casefold() for word in image.words}
    for key in OF_GRIDS:
        of_mask, of_image = mask.entity(key), image.entity(key)
        is_own = key == "space" and of_mask is not None and of_image is None and of_mask.casefold() in own
        if of_mask != of_image and not is_own:
            return False
    return True


def _grid_in_words(entry: _Entry) -> str:
    parts = [f"{key}-{value}" for key in OF_GRIDS if (value := entry.entity(key)) is not None]
    return ", ".join(parts) or "no space, no res"


def _is_mask(entry: _Entry) -> bool:
    return bool(entry.words) and entry.words[-1].lower() in MASK_SUFFIXES


def _subjects(folder: Path) -> Iterator[Path]:
    return (path for path in _folders(folder) if path.name.startswith("sub-"))


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not is_litter(path.name))


def _entries(root: Path, subject: Path) -> Iterator[_Entry]:
    """The images below a subject's folder, of files that carry the subject in their names."""
    for path in sorted(subject.rglob("*")):
        if any(is_litter(part) for part in path.relative_to(subject).parts):
            continue
        if is_companion_name(path.name) or not is_image_name(path.name) or not path.is_file():
            continue
        relative = path.relative_to(root).as_posix()
        parts = name_of(root, relative).split("_")
        entities = frozenset((key, value) for key, _, value in (p.partition("-") for p in parts if "-" in p))
        if "sub" in dict(entities):
            yield _Entry(relative, entities, tuple(part for part in parts if "-" not in part))
