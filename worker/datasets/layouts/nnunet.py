"""nnU-Net's raw folders: imagesTr/NAME_0000.nii.gz, labelsTr/NAME.nii.gz and dataset.json.

Source: nnU-Net, documentation/dataset_format.md. Channel files are numbered _0000, _0001, ...; one of them is a case's
image. Four digits that the label's name has, too, are part of the case's name. Cases of imagesTs/ are test cases where
labelsTs/ holds their labels, else they are left out.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from backend.contracts.metrics import Split
from worker.datasets.layouts.documents import about_ignored, label_names, read_document
from worker.datasets.layouts.entries import PathsByName, list_entries, pair
from worker.datasets.layouts.model import ALL_SPLITS, ListedCase, Listing, Skip
from worker.datasets.readers import stem_of

CHANNEL = re.compile(r"^(.+)_([0-9]{4})$", re.DOTALL)


def list_nnunet(root: Path, channel: int | None) -> Listing:
    """The cases. channel: which of several channel files is the image. Raises ValueError where a folder is missing."""
    for name in ("imagesTr", "labelsTr"):
        if not (root / name).is_dir():
            raise ValueError(
                f"{root} has no folder {name}/: nnU-Net's raw data have imagesTr/, labelsTr/, dataset.json"
            )
    has_test_labels = (root / "labelsTs").is_dir() and (root / "imagesTs").is_dir()
    cases = _cases(root, "Tr", channel, ("train", "val") if has_test_labels else ALL_SPLITS)
    warnings: tuple[str, ...] = ()
    if has_test_labels:
        test = _cases(root, "Ts", channel, ("test",))
        names = {case.name for case in cases}
        cases += [_unlike(case, names) for case in test]
    elif (root / "imagesTs").is_dir():
        warnings = ("imagesTs/ has no labels in labelsTs/, so it is left out; test cases are drawn from imagesTr/.",)
    document = read_document(root, "dataset.json") if (root / "dataset.json").is_file() else {}
    labels = label_names(document)
    return Listing(
        "nnunet", tuple(sorted(cases, key=lambda case: case.name)), labels, (*warnings, *about_ignored(labels))
    )


def is_first_version(root: Path, document: Mapping[str, Any]) -> bool:
    """Whether this is nnU-Net 1, whose dataset.json lists the images without the numbers of channels in their files'
    names."""
    training = document.get("training")
    if not (root / "imagesTr").is_dir() or not isinstance(training, list) or not training:
        return False
    images = [item["image"] for item in training if isinstance(item, dict) and isinstance(item.get("image"), str)]
    found = set(list_entries(root, "imagesTr"))
    listed = {stem_of(PurePosixPath(image.replace("\\", "/")).name) for image in images}
    return not listed & found and any(f"{stem}_0000" in found for stem in listed)


def _cases(root: Path, part: str, channel: int | None, splits: tuple[Split, ...]) -> list[ListedCase]:
    masks = list_entries(root, f"labels{part}")
    channels = _by_case(list_entries(root, f"images{part}"), masks)
    return [_case(name, channels, masks, part, channel, splits) for name in sorted(channels.keys() | masks.keys())]


def _by_case(files: PathsByName, masks: PathsByName) -> dict[str, dict[int, list[str]]]:
    """Case to channel to paths; a name without a number is channel 0."""
    cases: dict[str, dict[int, list[str]]] = {}
    numbered = {match[1] for name in files if (match := CHANNEL.match(name))}
    # Where no label has a name without its four digits, the digits are no channel but part of every case's name.
    are_names = not any(name in masks for name in numbered)
    for name, paths in files.items():
        match = CHANNEL.match(name)
        is_name = name not in numbered and (name in masks or are_names)
        case, number = (match[1], int(match[2])) if match and not is_name else (name, 0)
        cases.setdefault(case, {}).setdefault(number, []).extend(paths)
    return cases


def _case(
    name: str,
    channels: dict[str, dict[int, list[str]]],
    masks: PathsByName,
    part: str,
    channel: int | None,
    splits: tuple[Split, ...],
) -> ListedCase:
    of_case = channels.get(name, {})
    if len(of_case) > 1 and channel not in of_case:
        first = of_case[min(of_case)][0]
        mask = masks[name][0] if name in masks else None
        numbers = ", ".join(map(str, sorted(of_case)))
        reason = f"{first} is one of the channels {numbers} of {name}: choose one of them as `channel`"
        return ListedCase(name, first, mask, Skip("wrong_channels", reason), splits=splits)
    chosen = of_case.get(channel) if channel is not None and len(of_case) > 1 else next(iter(of_case.values()), None)
    images = {name: chosen} if chosen else {}
    found = pair(name, images, masks, f"images{part}", f"labels{part}")
    return ListedCase(name, found.image, found.mask, found.skip, splits=splits)


def _unlike(case: ListedCase, names: set[str]) -> ListedCase:
    """A test case under another name, where a training case has its name, too."""
    if case.name not in names:
        return case
    return replace(case, name=f"{case.name} (test)")
