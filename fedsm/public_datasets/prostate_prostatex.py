"""PROSTATEx with the zone masks of PROSTATEx-Seg-Zones: DICOM series and DICOM segmentations."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fedsm.public_datasets.base import LeftOut, PublicDataset, SourceCase, SourceSite, Unusable, Volume
from fedsm.public_datasets.dicom import Series, find_series, read_segments
from fedsm.public_datasets.prostate import ONE_TASK, PERIPHERAL, T2_MR, TRANSITION, ZONES
from fedsm.public_datasets.volumes import on_grid, read_series, relabelled

SITE = "prostatex"
#: What a segment's name contains, in lower case. All but the peripheral zone is the central gland of other sets.
_ZONES = (
    *(("peripheral", PERIPHERAL), ("transition", TRANSITION)),
    *(("stroma", TRANSITION), ("urethra", TRANSITION)),
)


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    """By the headers: each segmentation names the series that it outlines."""
    series = {found.uid: found for found in find_series(source)}
    for mask in sorted((s for s in series.values() if s.modality == "SEG"), key=lambda s: (s.patient, s.uid)):
        image = series.get(mask.referenced_uid or "")
        if image is None:
            yield LeftOut(
                SITE, mask.patient, "no_image", f"the series {mask.referenced_uid} that it outlines is missing"
            )
        else:
            yield SourceCase(SITE, mask.patient, mask.patient, partial(_read, image, mask.paths[0]))


def _read(series: Series, mask: Path) -> Volume:
    volume = read_series(list(series.paths), list(series.spacings_mm))
    segments, names = read_segments(mask)
    values = {number: _zone(name, mask) for number, name in names.items()}
    return on_grid(relabelled(segments, values, mask), volume, series.patient)


def _zone(name: str, mask: Path) -> int:
    for word, label in _ZONES:
        if word in name:
            return label
    raise Unusable("unknown_label", f"{mask.name} has a segment {name!r}, which is none of the four zones")


PROSTATEX = PublicDataset(
    name="prostatex",
    title="PROSTATEx with zones",
    where=(
        "https://www.cancerimagingarchive.net/analysis-result/prostatex-seg-zones/ (masks) and "
        "https://www.cancerimagingarchive.net/collection/prostatex/ (images)"
    ),
    terms="CC BY 3.0, and the TCIA data usage policy.",
    citation=(
        "Meyer et al., PROSTATEx Zone Segmentations, The Cancer Imaging Archive, 2020, doi:10.7937/tcia.nbb4-4655; "
        "Litjens et al., SPIE-AAPM PROSTATEx Challenge Data, The Cancer Imaging Archive, 2017, "
        "doi:10.7937/K9TCIA.2017.MURS5CL"
    ),
    modality=T2_MR,
    num_channels=1,
    dimensions=3,
    structures=ZONES,
    sites=(SourceSite(SITE, "PROSTATEx (Radboud, Nijmegen)", 98),),
    expected_source="the page of PROSTATEx-Seg-Zones at TCIA: 98 cases",
    layout="""\
  Image/manifest-*/PROSTATEx/ProstateX-0004/.../*.dcm
  Mask/manifest-*/PROSTATEx/ProstateX-0004/.../1-1.dcm""",
    layout_source="data preparation of NVIDIA FLARE's prostate example, which takes the same masks",
    find=find,
    notes=(
        "Of the public masks of PROSTATEx these are taken, because the FedSM reference code takes them: 98 of the 346 "
        "patients, outlined by PROSTATEx-Seg-Zones. Other masks (PROSTATEx-Seg-HiRes, github.com/rcuocolo/"
        "PROSTATEx_masks) are not read.",
        "The four zones become two: peripheral zone 1; transition zone, anterior stroma and urethra 2.",
        "All headers below the source are read once, which takes minutes for the whole collection; only the T2 series "
        "that a segmentation names are needed.",
        ONE_TASK,
    ),
)
