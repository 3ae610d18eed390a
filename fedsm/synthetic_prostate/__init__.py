"""Four synthetic sites of T2-weighted prostate MR with gland and transition zone, which differ as real ones do.

No patient is in them or behind them: every voxel comes from the formulas here and a seed. They are for demonstrations,
tests and benchmarks; a score on them says nothing about a clinic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from backend.contracts.task_definition import SegmentationTask, Structure
from fedsm.synthetic_prostate.anatomy import draw_pelvis
from fedsm.synthetic_prostate.annotators import PERIPHERAL, TRANSITION, annotate
from fedsm.synthetic_prostate.scanner import SUBSLICES, Grid, place_grid, scan
from fedsm.synthetic_prostate.sites import SITES, ProstateSite
from fedsm.synthetic_prostate.tissue import render_pelvis
from worker.datasets.folder import IMAGES, MASKS

__all__ = ["PROSTATE_TASK", "SITES", "ProstateCase", "ProstateSite", "make_prostate_case", "write_prostate_sites"]

PROSTATE_TASK = SegmentationTask(
    modality="T2-weighted MR",
    dimensions=3,
    num_channels=1,
    structures=(
        Structure(name="prostate", label_values=(PERIPHERAL, TRANSITION)),
        Structure(name="transition zone", label_values=(TRANSITION,)),
    ),
)


@dataclass(frozen=True, eq=False)
class ProstateCase:
    """image int16 and mask uint8, [D, H, W] in LPS order, on one grid."""

    image: NDArray[np.int16]
    mask: NDArray[np.uint8]
    grid: Grid


def write_prostate_sites(
    out_dir: str | Path, seed: int, detail: float = 1.0, num_cases: Sequence[int] | None = None
) -> list[str]:
    """Writes `<slug>/images/*.nii.gz`, `<slug>/masks/*.nii.gz` and `<slug>/cases.csv` for each site; returns the slugs.

    detail: times the voxels in a row, over the same fields of view; 1 gives 80 to 128. num_cases: one number for each
    of the first sites, the others are not written; None: all sites as they are.

    Same arguments, same bytes (with the same versions of NumPy, SciPy and SimpleITK). Raises ValueError for a detail at
    which a gland is a handful of voxels, or for numbers of cases that the sites cannot have, and FileExistsError where
    a site's folder is there already.
    """
    if not 0.25 <= detail <= 4:
        raise ValueError(f"detail {detail} is out of range: choose 0.25 (20 to 32 voxels in a row) to 4")
    counts = [site.num_cases for site in SITES] if num_cases is None else list(num_cases)
    if not 1 <= len(counts) <= len(SITES) or min(counts) < 1:
        raise ValueError(f"num_cases {counts} must be 1 to {len(SITES)} numbers, each at least 1")
    written = SITES[: len(counts)]
    for site, count in zip(written, counts, strict=True):
        _write_site(Path(out_dir) / site.slug, site, count, seed, detail)
    return [site.slug for site in written]


def make_prostate_case(site: ProstateSite, index: int, seed: int, detail: float = 1.0) -> ProstateCase:
    """Each case has its own generators: more cases change no earlier one. The last `num_repeats` of a site's cases are
    further examinations of its first patients."""
    patient = patient_of(site, index)
    of_patient, of_tissue, of_scan, of_annotation = (
        np.random.default_rng([seed, SITES.index(site), number, purpose])
        for purpose, number in enumerate((patient, patient, index, index))
    )
    pelvis = draw_pelvis(of_patient, site.patients)
    grid = place_grid(of_scan, site.scanner, detail)
    tissue = render_pelvis(of_tissue, pelvis, grid.points(SUBSLICES))
    image = scan(of_scan, site.scanner, grid, pelvis, tissue)
    return ProstateCase(image, annotate(of_annotation, site.annotator, pelvis, grid.points()), grid)


def patient_of(site: ProstateSite, index: int) -> int:
    """From 0. Cases beyond the site's own number are patients of their own."""
    first_repeat = site.num_cases - site.num_repeats
    return index - first_repeat if first_repeat <= index < site.num_cases else index


def _write_site(folder: Path, site: ProstateSite, num_cases: int, seed: int, detail: float) -> None:
    for kind in (IMAGES, MASKS):
        (folder / kind).mkdir(parents=True)
    prefix = site.slug.split("-")[0]
    rows = ["name,patient"]
    for index in range(num_cases):
        case = make_prostate_case(site, index, seed, detail)
        name = f"{prefix}-{index + 1:03d}"
        for kind, voxels in ((IMAGES, case.image), (MASKS, case.mask)):
            _write_nifti(folder / kind / f"{name}.nii.gz", voxels, case.grid, site.orientation)
        rows.append(f"{name},{prefix}-p{patient_of(site, index) + 1:03d}")
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")


def _write_nifti(path: Path, voxels: NDArray[np.int16] | NDArray[np.uint8], grid: Grid, orientation: str) -> None:
    """In the site's own axis order, with an affine that says so; no voxel is interpolated."""
    sitk: Any = SimpleITK  # the library's own types are incomplete
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(grid.spacing[::-1])
    image.SetOrigin(grid.first[::-1])
    sitk.WriteImage(sitk.DICOMOrient(image, orientation), str(path), useCompression=True)
