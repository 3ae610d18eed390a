"""I2CVB: multi-parametric prostate MR of a 1.5 T and a 3 T scanner, as DICOM slices of images and of masks."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fedsm.public_datasets.base import LeftOut, PublicDataset, SourceCase, SourceSite, Unusable, Volume
from fedsm.public_datasets.dicom import Series, find_series
from fedsm.public_datasets.files import find_folders
from fedsm.public_datasets.prostate import GLAND, ONE_TASK, T2_MR
from fedsm.public_datasets.volumes import on_grid, read_series, simpleitk

GE, SIEMENS = "i2cvb-ge", "i2cvb-siemens"


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    for folder_name, site in (("GE", GE), ("Siemens", SIEMENS)):
        for scanner in find_folders(source, folder_name):
            for patient in sorted(path for path in scanner.iterdir() if path.is_dir()):
                yield _entry(site, patient)


def _entry(site: str, patient: Path) -> SourceCase | LeftOut:
    image, mask = patient / "T2W", patient / "GT" / "prostate"
    if not image.is_dir():
        return LeftOut(site, patient.name, "no_image", f"{patient.name}/T2W is missing")
    if not mask.is_dir():
        return LeftOut(site, patient.name, "no_mask", f"{patient.name}/GT/prostate is missing")
    return SourceCase(site, patient.name, f"{site}-{patient.name}", partial(_read, image, mask))


def _read(image: Path, mask: Path) -> Volume:
    """Mask slices are pictures of 0 and a high value; they lie where the slices of the image lie."""
    slices, outlines = _only(image), _only(mask)
    if len(slices.paths) != len(outlines.paths):
        raise Unusable("incomplete", f"{len(outlines.paths)} mask slices for {len(slices.paths)} of the image")
    sitk = simpleitk()
    volume = read_series(list(slices.paths), list(slices.spacings_mm))
    labels = sitk.Cast(read_series(list(outlines.paths), list(outlines.spacings_mm)) > 0, sitk.sitkUInt8)
    return on_grid(labels, volume, image.parent.name)


def _only(folder: Path) -> Series:
    series = find_series(folder)
    if len(series) != 1:
        raise Unusable("ambiguous", f"{folder.parent.name}/{folder.name} holds {len(series)} DICOM series, not one")
    return series[0]


I2CVB = PublicDataset(
    name="i2cvb",
    title="I2CVB prostate",
    where="https://i2cvb.github.io and https://zenodo.org/record/162231",
    terms="Those of the Zenodo record. Read them there.",
    citation=(
        "Lemaitre et al., Computer-Aided Detection and diagnosis for prostate cancer based on mono and "
        "multi-parametric MRI: A review, Computers in Biology and Medicine 60:8-31, 2015"
    ),
    modality=T2_MR,
    num_channels=1,
    dimensions=3,
    structures=GLAND,
    sites=(SourceSite(GE, "I2CVB GE 1.5 T", None), SourceSite(SIEMENS, "I2CVB Siemens 3 T", None)),
    expected_source=(
        "not verified at the official source; NVIDIA FLARE's preparation of the same data counts 21 (GE) and 19 "
        "(Siemens)"
    ),
    layout="""\
  GE/Patient N/T2W/*.dcm
  GE/Patient N/GT/prostate/*.dcm
  Siemens/Patient N/...""",
    layout_source="data preparation of NVIDIA FLARE's prostate example (join the .aa, .ab, ... parts, then unpack)",
    find=find,
    notes=(
        "The two scanners are two sites. The FedSM reference code joins them into one.",
        "A patient whose masks have another number of slices than the images is left out; of one (428260) the FedSM "
        "reference code says so too.",
        ONE_TASK,
    ),
)
