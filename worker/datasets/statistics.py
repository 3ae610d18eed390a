"""A data set's statistics, computed at its site: sums over the cases of each split, which name no case."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.contracts.data_statistics import DatasetStatistics, Moments, SplitStatistics, StructureMoments
from backend.contracts.datasets import CheckedCase
from worker.datasets.split import SPLITS

#: Case name to the number of its pixels in each bin of grey value.
Histograms = Mapping[str, NDArray[np.int64]]


def dataset_statistics(cases: Sequence[CheckedCase], histograms: Histograms) -> DatasetStatistics:
    """The statistics of the used cases; a split without any is absent. histograms: of every used case."""
    by_split = {split: [case for case in cases if case.split == split] for split in SPLITS}
    return {split: _of_split(members, histograms) for split, members in by_split.items() if members}


def _of_split(cases: Sequence[CheckedCase], histograms: Histograms) -> SplitStatistics:
    shares: NDArray[Any] = np.sum([_shares(histograms[case.name]) for case in cases], axis=0)
    return SplitStatistics(
        num_cases=len(cases),
        spacing=_of_axes([case.spacing for case in cases if case.spacing is not None]),
        size=_of_axes([_size(case) for case in cases]),
        intensity_histogram=tuple(float(share) for share in shares),
        structures={name: _of_structure(name, cases) for name in cases[0].structure_sizes},
    )


def _of_axes(values: Sequence[Sequence[float]]) -> tuple[Moments, ...]:
    return tuple(Moments.of([float(value) for value in axis]) for axis in zip(*values, strict=True))


def _size(case: CheckedCase) -> tuple[int, ...]:
    return tuple(length for length in (case.depth, case.height, case.width) if length is not None)


def _of_structure(name: str, cases: Sequence[CheckedCase]) -> StructureMoments:
    present = [case for case in cases if case.structure_shares[name] > 0]
    return StructureMoments(
        size=Moments.of([case.structure_sizes[name] for case in present]),
        share=Moments.of([case.structure_shares[name] for case in present]),
    )


def _shares(histogram: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(histogram / histogram.sum(), dtype=np.float64)
