"""NCI-ISBI 2013: T2 series of Prostate-3T and PROSTATE-DIAGNOSIS as DICOM, zones as NRRD."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fedsm.public_datasets.base import LeftOut, PublicDataset, SourceCase, SourceSite, Volume
from fedsm.public_datasets.dicom import Series, find_series
from fedsm.public_datasets.files import files_below
from fedsm.public_datasets.prostate import ONE_TASK, PERIPHERAL, T2_MR, TRANSITION, ZONES
from fedsm.public_datasets.volumes import on_grid, read_series, read_volume, relabelled

#: By the prefix of a patient's identifier.
SITES = {"Prostate3T": "nci-isbi-3t", "ProstateDx": "nci-isbi-dx"}
#: A mask's name starts with the patient's identifier; one ends in `_correctedLabels`.
_PATIENT = re.compile(r"(Prostate3T|ProstateDx)-\d{2}-\d{4}")


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    """Images by the patient identifier in their headers, masks by their names."""
    series: dict[str, list[Series]] = {}
    for found in find_series(source):
        if found.modality == "MR" and _PATIENT.fullmatch(found.patient):
            series.setdefault(found.patient, []).append(found)
    masks: dict[str, Path] = {}
    for path in files_below(source, (".nrrd",)):
        if matched := _PATIENT.match(path.name):
            masks.setdefault(matched[0], path)
    for patient in sorted(series.keys() | masks.keys()):
        yield _entry(patient, series.get(patient, []), masks.get(patient))


def _entry(patient: str, series: list[Series], mask: Path | None) -> SourceCase | LeftOut:
    site = SITES[patient.partition("-")[0]]
    if mask is None:
        return LeftOut(site, patient, "no_mask", f"no {patient}.nrrd in the challenge's three mask archives")
    if not series:
        return LeftOut(site, patient, "no_image", f"{mask.name} has no DICOM series of patient {patient}")
    if len(series) > 1:
        return LeftOut(site, patient, "ambiguous", f"{len(series)} DICOM series of {patient}; the challenge names one")
    return SourceCase(site, patient, patient, partial(_read, series[0], mask))


def _read(series: Series, mask: Path) -> Volume:
    volume = read_series(list(series.paths), list(series.spacings_mm))
    labels = relabelled(read_volume(mask, "unreadable_mask"), {1: PERIPHERAL, 2: TRANSITION}, mask)
    return on_grid(labels, volume, mask.name)


NCI_ISBI_2013 = PublicDataset(
    name="nci-isbi-2013",
    title="NCI-ISBI 2013 prostate challenge",
    where="https://doi.org/10.7937/K9/TCIA.2015.zF0vlOPv (images by NBIA Data Retriever, masks as three zip files)",
    terms="CC BY 3.0, and the TCIA data usage policy.",
    citation=(
        "Bloch et al., NCI-ISBI 2013 Challenge: Automated Segmentation of Prostate Structures, The Cancer Imaging "
        "Archive, 2015, doi:10.7937/K9/TCIA.2015.zF0vlOPv; Clark et al., Journal of Digital Imaging "
        "26(6):1045-1057, 2013"
    ),
    modality=T2_MR,
    num_channels=1,
    dimensions=3,
    structures=ZONES,
    sites=(
        SourceSite(SITES["Prostate3T"], "NCI-ISBI Prostate-3T (Radboud, 3 T)", 40),
        SourceSite(SITES["ProstateDx"], "NCI-ISBI PROSTATE-DIAGNOSIS (Boston, 1.5 T)", 40),
    ),
    expected_source=(
        "the challenge's page at TCIA: 60 training, 10 leaderboard and 10 test cases, half of them from each collection"
    ),
    layout="""\
  manifest-*/Prostate-3T/Prostate3T-01-0001/.../*.dcm
  manifest-*/PROSTATE-DIAGNOSIS/ProstateDx-01-0001/.../*.dcm
  Training/Prostate3T-01-0001.nrrd, ProstateDx-01-0006_correctedLabels.nrrd
  Leaderboard/*.nrrd, Test/*.nrrd""",
    layout_source="the challenge's page at TCIA; public preparation scripts (names of the masks)",
    find=find,
    notes=(
        "Labels: 1 peripheral zone, 2 central gland, which stands for the transition zone here.",
        "Masks are brought to the grid of the DICOM series by nearest voxels (some are stored on another one). Where "
        "that changes the outlined volume by more than 3 %, the case is left out; the FedSM reference code leaves out "
        "ProstateDx-01-0055.",
        "The challenge's parts (training, leaderboard, test) are not kept: each site is split anew.",
        ONE_TASK,
    ),
)
