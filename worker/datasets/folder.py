"""A data set at its site: the readiness check of all its cases, and reading a checked case again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.contracts.data_statistics import NUM_HISTOGRAM_BINS, DatasetStatistics
from backend.contracts.datasets import (
    NEAR_DUPLICATE_BITS,
    CaseWarning,
    CheckedCase,
    Layout,
    ManifestCase,
    Reading,
    SplitFractions,
)
from backend.contracts.likeness import Alike, JoinedCases
from backend.contracts.metrics import Split
from backend.contracts.repairs import OF_ONE_STRUCTURE, repair_problem
from backend.contracts.task_definition import SegmentationTask
from worker.datasets.check import DecodedCase, Readable, check_case
from worker.datasets.data_problem import DataProblem
from worker.datasets.duplicates import near_duplicates
from worker.datasets.files import UnsafeFile
from worker.datasets.joined import with_joined_splits
from worker.datasets.labels import label_map_from_names
from worker.datasets.layouts import IMAGES, MASKS, FoundLayout, ListedCase, Listing, Skip, list_cases, root_of
from worker.datasets.likeness import alike_cases
from worker.datasets.names import showable
from worker.datasets.patients import about_patients, with_patients
from worker.datasets.pseudonyms import PseudonymKey
from worker.datasets.readers import content_sha256
from worker.datasets.reading import ReadCase, mask_sha256, read_files
from worker.datasets.remedies import skipped_with_remedies
from worker.datasets.repaired_labels import with_largest_value
from worker.datasets.seen_masks import SeenMasks
from worker.datasets.split import SplitCase, require_fractions, split_cases
from worker.datasets.statistics import Histograms, dataset_statistics
from worker.process.signs import pulse

__all__ = ["IMAGES", "MASKS", "CheckOptions", "FolderCheck", "ReadCase", "check_folder", "read_case", "root_of"]

#: Called with each used case while it is decoded; raises to stop the check.
Visit = Callable[[DecodedCase], None]


@dataclass(frozen=True)
class CheckOptions:
    """pseudonyms: the key of patients' pseudonyms; None for one that is forgotten after the check."""

    layout: Layout = "auto"
    reading: Reading = field(default_factory=Reading)
    patient_pattern: str | None = None
    pseudonyms: PseudonymKey | None = None
    may_send_hashes: bool = True
    joined: tuple[JoinedCases, ...] = ()


@dataclass(frozen=True)
class FolderCheck:
    """Every case in name order, used or not, and the share of used pixels in each bin of grey value.

    reading: as requested, completed by the data set's own names of labels. warnings: about the data set as a whole.
    pseudonym_key: the name of the key of patients' pseudonyms; None where it is forgotten.
    """

    cases: tuple[CheckedCase, ...]
    intensity_histogram: tuple[float, ...]
    layout: FoundLayout
    reading: Reading
    warnings: tuple[str, ...]
    statistics: DatasetStatistics
    pseudonym_key: str | None
    alike: Alike


def check_folder(
    folder: str | Path,
    task: SegmentationTask,
    fractions: SplitFractions,
    seed: int,
    visit: Visit | None = None,
    options: CheckOptions | None = None,
) -> FolderCheck:
    """The check of all cases; every file is read once. Of several cases with the same pixels the first is used, and the
    others are duplicates.

    Raises ValueError, with the path and the remedy, where there is no such folder or nothing in it.
    """
    options = options or CheckOptions()
    _require_possible(options.reading, task)
    require_fractions(fractions)  # bad fractions are refused before an hour of reading
    listing = list_cases(folder, options.layout, options.reading.channel)
    listing, unmatched = with_patients(listing, options.patient_pattern)
    reading, label_warnings = _completed(options.reading, listing, task)
    reading = with_largest_value(root_of(folder), listing, reading)
    found, histograms = _check_together(root_of(folder), listing, task, reading, visit)
    open_splits = {case.name: case.splits for case in listing.cases}
    cases = _with_splits(found, open_splits, fractions, seed)
    cases = with_joined_splits(cases, options.joined)
    warnings = (*listing.warnings, *unmatched, *label_warnings, *_about_cases(cases, task), *about_patients(cases))
    key = options.pseudonyms or PseudonymKey.of_this_process()
    return FolderCheck(
        cases=tuple(_as_may_leave(case, options, key) for case in cases),
        intensity_histogram=_shares(histograms),
        layout=listing.layout,
        reading=reading,
        warnings=tuple(showable(warning) for warning in warnings),
        statistics=dataset_statistics(cases, histograms),
        pseudonym_key=key.name if options.pseudonyms else None,
        alike=_alike(cases),
    )


def _require_possible(reading: Reading, task: SegmentationTask) -> None:
    if problem := repair_problem(reading.repairs, task, reading.label_map is not None):
        message, remedy = problem
        raise ValueError(f"repairs {', '.join(reading.repairs)}: {message}; {remedy}")


def read_case(
    folder: str | Path, case: ManifestCase, task: SegmentationTask, reading: Reading | None = None
) -> ReadCase:
    """A case that was checked before, read as its manifest's `reading` says.

    Raises DataProblem where a file is gone, or is no longer the one that was checked.
    """
    root, reading = root_of(folder), reading or Reading()
    try:
        files = read_files(root, case.image, case.mask, task, reading, parts=case.mask_parts)
    except Skip as skip:
        image = _present(root, case.image, lambda: content_sha256(root, case.image))
        _require_unchanged(root, case.image, case.image_sha256, image)
        mask = _present(root, case.mask, lambda: mask_sha256(root, case.mask, case.mask_parts, task, reading))
        _require_unchanged(root, case.mask, case.mask_sha256, mask)
        raise DataProblem(f"case {case.name} in {root}: {skip}") from skip
    _require_unchanged(root, case.image, case.image_sha256, files.image_sha256)
    _require_unchanged(root, case.mask, case.mask_sha256, files.mask_sha256)
    return files.case


def _present(root: Path, path: str, sha256: Callable[[], str]) -> str:
    try:
        return sha256()
    except UnsafeFile as error:
        raise DataProblem(f"{root / path} {error}") from None


def _require_unchanged(root: Path, path: str, checked: str, present: str) -> None:
    if present != checked:
        raise DataProblem(
            f"{root / path} changed since the data set was checked (SHA-256 {present[:12]}..., was {checked[:12]}...): "
            "restore the file, or check the data set again and start a new experiment"
        )


def _completed(reading: Reading, listing: Listing, task: SegmentationTask) -> tuple[Reading, tuple[str, ...]]:
    """The reading with the label map of the data set's own names, where none is given."""
    if reading.label_map is not None or not listing.label_names:
        return reading, ()
    label_map = label_map_from_names(task, listing.label_names)
    names = "; ".join(f"{name} = {', '.join(map(str, values))}" for name, values in listing.label_names.items())
    if label_map is not None:
        return reading.model_copy(update={"label_map": label_map}), ()
    return reading, (f"The data set names its labels {names}; the task's structures have other names or integers, and "
                     "the task's integers were taken.",)  # fmt: skip


def _check_together(
    root: Path, listing: Listing, task: SegmentationTask, reading: Reading, visit: Visit | None
) -> tuple[list[CheckedCase], Histograms]:
    """The check of all cases; where masks contradict one another, all are read again without those that cannot be
    trusted, and without remedies that would contradict others."""
    seen = SeenMasks()
    found = _check_all(root, listing, task, reading, visit, seen)
    refused = seen.contradictions()
    no_values = seen.white_is_no_structure
    is_misled = no_values and any(remedy in OF_ONE_STRUCTURE for case in found[0] for remedy in case.remedies)
    if not refused and not is_misled:
        return found
    cases = tuple(replace(case, skip=case.skip or _refusal(case, refused)) for case in listing.cases)
    return _check_all(root, replace(listing, cases=cases), task, reading, visit, SeenMasks(), not no_values)


def _refusal(case: ListedCase, refused: Mapping[str, Skip]) -> Skip | None:
    return next((refused[path] for path in (str(case.mask), *case.parts.values()) if path in refused), None)


def _check_all(
    root: Path,
    listing: Listing,
    task: SegmentationTask,
    reading: Reading,
    visit: Visit | None,
    seen: SeenMasks,
    of_values: bool = True,
) -> tuple[list[CheckedCase], Histograms]:
    cases: list[CheckedCase] = []
    first_with_pixels: dict[str | None, str] = {}
    histograms: dict[str, NDArray[np.int64]] = {}
    for position, listed in enumerate(listing.cases):
        pulse()
        try:
            readable = check_case(root, listed, task, reading, seen)
            _require_new(readable, first_with_pixels)
        except Skip as skip:
            cases.append(skipped_with_remedies(root, listed, task, reading, skip, of_values))
            continue
        cases.append(readable.checked)
        histograms[listed.name] = readable.histogram
        if visit is not None:
            visit(
                DecodedCase(listed.name, readable.case, (position + 1) / len(listing.cases), readable.checked.repairs)
            )
    return cases, histograms


def _require_new(readable: Readable, first_with_pixels: dict[str | None, str]) -> None:
    name = readable.checked.name
    first = first_with_pixels.setdefault(readable.checked.pixel_sha256, name)
    if first != name:
        raise Skip(
            "duplicate",
            f"{readable.checked.image} has the same pixels as case {first}, which is used: remove one of the two, "
            "for one could train and the other test",
        )


def _with_splits(
    cases: Sequence[CheckedCase], open_splits: Mapping[str, tuple[Split, ...]], fractions: SplitFractions, seed: int
) -> list[CheckedCase]:
    used = {case.name: case for case in cases if case.reason_code is None}
    pairs = near_duplicates({name: str(case.perceptual_hash) for name, case in used.items()})
    wanted = [
        SplitCase(name, case.patient, tuple(case.structure_shares.values()), open_splits[name])
        for name, case in used.items()
    ]
    result = split_cases(wanted, pairs, fractions, seed)
    warnings = {name: list(case.warnings) for name, case in used.items()}
    for name in result.moved:
        text = f"Other cases of its patient are given to another split, so it was moved to {result.splits[name]}."
        warnings[name].append(CaseWarning(code="split_conflict", message=text))
    for pair in pairs:
        for name, other in (pair, pair[::-1]):
            where = f"in the split {result.splits[name]}"
            if result.splits[name] != result.splits[other]:
                where = f"here in {result.splits[name]}, there in {result.splits[other]}, as the data set gives them"
            text = f"{name} looks like {other} (at most {NEAR_DUPLICATE_BITS} of 256 bits differ), {where}."
            warnings[name].append(CaseWarning(code="near_duplicate", message=text))
    return [
        case.model_copy(update={"split": result.splits[case.name], "warnings": tuple(warnings[case.name])})
        if case.name in used
        else case
        for case in cases
    ]


def _alike(cases: Sequence[CheckedCase]) -> Alike:
    """Pairs of cases that are alike. They are compared at the site, so that this works where no hash may leave."""
    used = {case.name: case for case in cases if case.reason_code is None}
    hashes = {name: str(case.perceptual_hash) for name, case in used.items()}
    return alike_cases(hashes, {name: case.patient for name, case in used.items()})


def _about_cases(cases: Sequence[CheckedCase], task: SegmentationTask) -> list[str]:
    used = [case for case in cases if case.reason_code is None]
    if not used:
        return []
    warnings = [
        f"No used case has the structure {structure.name}: no score of it can be computed here."
        for structure in task.structures
        if not any(case.structure_shares[structure.name] for case in used)
    ]
    empty = [split for split in ("train", "val", "test") if not any(case.split == split for case in used)]
    if empty:
        warnings.append(f"No case is in the split {' and '.join(empty)}.")
    return warnings


def _as_may_leave(case: CheckedCase, options: CheckOptions, key: PseudonymKey) -> CheckedCase:
    """The case with the patient as a pseudonym, and with hashes of decoded images only where the site's policy allows
    it."""
    update: dict[str, object] = {}
    if case.patient is not None:
        update["patient"] = key.pseudonym(case.patient)
    if not options.may_send_hashes:
        update |= {"pixel_sha256": None, "perceptual_hash": None}
    return case.model_copy(update=update)


def _shares(histograms: Histograms) -> tuple[float, ...]:
    """The share of each bin among all pixels of the used cases; empty where no case is used."""
    histogram = sum(histograms.values(), np.zeros(NUM_HISTOGRAM_BINS, dtype=np.int64))
    total = int(histogram.sum())
    return tuple(float(count) / total for count in histogram) if total else ()
