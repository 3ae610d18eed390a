"""Polyps in colonoscopy: Kvasir-SEG, CVC-ClinicDB, CVC-ColonDB and ETIS-LaribPolypDB. Masks are white on black."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

from fedsm.public_datasets.base import COLONOSCOPY, POLYP, LeftOut, Picture, PublicDataset, SourceCase, SourceSite
from fedsm.public_datasets.files import PICTURES, by_stem, files_below, find_folders
from fedsm.public_datasets.pairs import paired
from fedsm.public_datasets.pictures import one_structure, read_colour, read_grey, white

#: Last frame of each of CVC-ClinicDB's 29 sequences, whose frames are numbered through from 1 to 612: the table of
#: polyp.grand-challenge.org/CVCClinicDB, as two public projects transcribed it alike.
CLINIC_SEQUENCE_ENDS = (
    *(25, 50, 67, 78, 103, 126, 151, 177, 199, 205, 227, 252, 277, 297, 317),
    *(342, 363, 383, 408, 428, 447, 466, 478, 503, 528, 546, 571, 591, 612),
)


def _read(image: Path, mask: Path) -> Picture:
    return one_structure(read_colour(image), white(read_grey(mask)), mask)


def _pictures(source: Path, *names: str) -> list[Path]:
    return [path for name in names for folder in find_folders(source, name) for path in files_below(folder, PICTURES)]


def find_kvasir(source: Path) -> Iterator[SourceCase | LeftOut]:
    images, masks = by_stem(_pictures(source, "images")), by_stem(_pictures(source, "masks"))
    yield from paired("kvasir-seg", images, masks, _read)


def find_clinic(source: Path) -> Iterator[SourceCase | LeftOut]:
    """The TIF files where they are there, else the PNG copies of a repack."""
    images, masks = by_number(_pictures(source, "Original")), by_number(_pictures(source, "Ground Truth"))
    for entry in paired("cvc-clinicdb", images, masks, _read, patient=_sequence):
        if entry.name.isdigit() and 1 <= int(entry.name) <= CLINIC_SEQUENCE_ENDS[-1]:
            yield entry
        else:
            yield LeftOut(
                "cvc-clinicdb", entry.name, "ambiguous", "frames are numbered 1 to 612: its sequence is unknown"
            )


def _sequence(number: str) -> str:
    return f"sequence{bisect_left(CLINIC_SEQUENCE_ENDS, int(number)) + 1:02d}" if number.isdigit() else number


def by_number(paths: list[Path]) -> dict[str, Path]:
    """By the name without leading zeros and without the p of masks, TIF before PNG where there are both."""
    ordered = sorted(paths, key=lambda path: (path.suffix.lower() not in (".tif", ".tiff"), path))
    found: dict[str, Path] = {}
    for path in ordered:
        found.setdefault(path.stem.lower().removeprefix("p").lstrip("0"), path)
    return found


def find_colon(source: Path) -> Iterator[SourceCase | LeftOut]:
    """The official BMP files lie in one folder: 1.bmp with p1.bmp; c1.bmp and s1.bmp are contours and other regions."""
    official = files_below(source, (".bmp",))
    if official:
        images = by_number([path for path in official if path.stem.isdigit()])
        masks = by_number([path for path in official if re.fullmatch(r"p\d+", path.stem, re.IGNORECASE)])
    else:
        images, masks = by_number(_pictures(source, "images")), by_number(_pictures(source, "masks"))
    yield from paired("cvc-colondb", images, masks, _read)


def find_etis(source: Path) -> Iterator[SourceCase | LeftOut]:
    masks = _pictures(source, "Ground Truth", "masks")
    images = [path for path in _pictures(source, "ETIS-LaribPolypDB", "images") if path not in masks]
    yield from paired("etis-larib", by_number(images), by_number(masks), _read)


_FRAMES = (
    "Frames of one video are near copies of one another, and the files do not say which belong together: each frame "
    "counts as its own patient here, so one polyp falls into several splits. Use it as a site for testing only, or "
    "give the groups in cases.csv."
)
KVASIR_SEG = PublicDataset(
    name="kvasir-seg",
    title="Kvasir-SEG",
    where="https://datasets.simula.no/kvasir-seg/",
    terms="Open for research and education, as its download page says; read there what else it asks.",
    citation="Jha et al., Kvasir-SEG: A segmented polyp dataset, MultiMedia Modeling (MMM) 2020, pp. 451-462",
    modality=COLONOSCOPY,
    num_channels=3,
    dimensions=2,
    structures=POLYP,
    sites=(SourceSite("kvasir-seg", "Kvasir-SEG (Norway)", 1000),),
    expected_source="the paper: 1000 polyp images",
    layout="  Kvasir-SEG/images/cju0qkwl35piu0993l0dewei2.jpg\n  Kvasir-SEG/masks/cju0qkwl35piu0993l0dewei2.jpg",
    layout_source="public loaders of the archive (torch_em)",
    find=find_kvasir,
    notes=(
        "The original's masks are JPEG, so their borders are blurred by compression: above 127 is polyp.",
        "The files do not name patients: each image counts as its own patient.",
    ),
)
CVC_CLINICDB = PublicDataset(
    name="cvc-clinicdb",
    title="CVC-ClinicDB",
    where="https://polyp.grand-challenge.org/CVCClinicDB/",
    terms="Stated on the download page, for research; not verified here: read them there.",
    citation=(
        "Bernal et al., WM-DOVA maps for accurate polyp highlighting in colonoscopy, Computerized Medical Imaging and "
        "Graphics 43:99-111, 2015"
    ),
    modality=COLONOSCOPY,
    num_channels=3,
    dimensions=2,
    structures=POLYP,
    sites=(SourceSite("cvc-clinicdb", "CVC-ClinicDB (Hospital Clinic, Barcelona)", 612),),
    expected_source="CVC-ClinicDB's description: 612 frames of 29 sequences",
    layout="  Original/1.tif\n  Ground Truth/1.tif",
    layout_source="public descriptions of the archive (openmedlab)",
    find=find_clinic,
    notes=(
        "A frame's patient is its sequence, by the table of polyp.grand-challenge.org: frames of one sequence stay in "
        "one split. Two sequences may still be of one person, which is not published.",
    ),
)
CVC_COLONDB = PublicDataset(
    name="cvc-colondb",
    title="CVC-ColonDB",
    where="http://mv.cvc.uab.es/projects/colon-qa/cvccolondb",
    terms="Stated on the download page, for research; not verified here: read them there.",
    citation=(
        "Bernal, Sanchez, Vilarino, Towards automatic polyp detection with a polyp appearance model, Pattern "
        "Recognition 45(9):3166-3182, 2012"
    ),
    modality=COLONOSCOPY,
    num_channels=3,
    dimensions=2,
    structures=POLYP,
    sites=(SourceSite("cvc-colondb", "CVC-ColonDB (Barcelona)", 300),),
    expected_source="the download page: 300 frames of 15 sequences",
    layout="  1.bmp, p1.bmp (or the repack's images/1.png, masks/1.png)",
    layout_source="the download page: p(number).bmp are the polyp masks",
    find=find_colon,
    notes=(
        "The repack that papers on polyp segmentation use has 380 frames, not the official 300: the report then says "
        "380 of 300.",
        _FRAMES,
    ),
)
ETIS_LARIB = PublicDataset(
    name="etis-larib",
    title="ETIS-LaribPolypDB",
    where="https://polyp.grand-challenge.org/EtisLarib/",
    terms="Stated on the download page, for research; not verified here: read them there.",
    citation=(
        "Silva et al., Toward embedded detection of polyps in WCE images for early diagnosis of colorectal cancer, "
        "International Journal of Computer Assisted Radiology and Surgery 9(2):283-293, 2014"
    ),
    modality=COLONOSCOPY,
    num_channels=3,
    dimensions=2,
    structures=POLYP,
    sites=(SourceSite("etis-larib", "ETIS-LaribPolypDB (Lariboisiere, Paris)", 196),),
    expected_source="ETIS-LaribPolypDB's description: 196 frames of 34 sequences",
    layout="  ETIS-LaribPolypDB/1.tif\n  Ground Truth/p1.tif (or the repack's images/1.png, masks/1.png)",
    layout_source="public users of the archive",
    find=find_etis,
    notes=(_FRAMES,),
)
