"""Two sites whose files hold marks wherever a person can be named, and where of a recorded traffic a mark stands."""

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.worker.datasets.readers.medical_files import ULTRASOUND_IMAGE, ct_slice, save

#: In the names of files, folders, patients, and in the tags of PNG and DICOM.
NAME = "Mueller_19570314"
FOLDER = "Klinikum_Sued_Archiv"
PATIENT = "PID-4711-0815"
STUDY_UID = "1.2.826.0.1.3680043.8.498.19570314"
WORDS = (NAME, NAME.replace("_", "^"), FOLDER, PATIENT, STUDY_UID)
#: Bytes of an image in a row that are no accident.
RUN_BYTES = 24


def write_marked_sites(folder: Path, sites: dict[str, Path]) -> dict[str, Path]:
    """The first two of tiny sites with marks: the first has PNG files, the second DICOM; one of each is damaged."""
    marked = {}
    for number, (slug, source) in enumerate(list(sites.items())[:2]):
        target = folder / FOLDER / slug
        for kind in ("images", "masks"):
            (target / kind).mkdir(parents=True)
        for path in sorted((source / "images").iterdir()):
            name = f"{NAME}-{path.stem}"
            _write_image(path, target / "images" / name, is_dicom=number == 1)
            (target / "masks" / f"{name}.png").write_bytes((source / "masks" / path.name).read_bytes())
        suffix = (".png", ".dcm")[number]
        (target / "images" / f"{NAME}-damaged{suffix}").write_bytes(f"{NAME}: no image at all".encode())
        (target / "masks" / f"{NAME}-damaged.png").write_bytes((source / "masks" / path.name).read_bytes())
        marked[slug] = target
    return marked


def _write_image(source: Path, stem: Path, is_dicom: bool) -> None:
    with Image.open(source) as image:
        pixels = np.asarray(image)
        if not is_dicom:
            tags = PngInfo()
            tags.add_text("PatientName", WORDS[1])
            tags.add_text("Comment", f"{PATIENT} {STUDY_UID}")
            image.save(stem.with_name(f"{stem.name}.png"), pnginfo=tags)
            return
    marks = {
        "PatientID": f"{PATIENT}-{source.stem}",
        "PatientName": WORDS[1],
        "StudyInstanceUID": STUDY_UID,
        "ReferringPhysicianName": NAME,
    }
    plain = {"ImagePositionPatient": None, "ImageOrientationPatient": None, "PixelSpacing": None, "RescaleIntercept": 0}
    dataset = ct_slice(pixels, (0, 0, 0), SOPClassUID=ULTRASOUND_IMAGE, **plain, **marks)
    save(dataset, stem.with_name(f"{stem.name}.dcm"))


def leaks(traffic: bytes, folder: Path) -> Iterator[str]:
    """What of the marked files stands in it: words in UTF-8 and UTF-16, and runs of the files' bytes and pixels, plain
    or in base64."""
    for word in (*WORDS, str(folder)):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            if word.encode(encoding) in traffic:
                yield f"{word} in {encoding}"
    for path in sorted(folder.rglob("images/*")):
        for what, content in _contents(path):
            for start in range(0, len(content) - RUN_BYTES, max(1, len(content) // 8)):
                run = content[start : start + RUN_BYTES]
                if len(set(run)) > 4 and any(form in traffic for form in (run, *_base64_of(run))):
                    yield f"{what} of {path.name} at byte {start}"


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    content = path.read_bytes()
    yield "bytes", content
    if path.suffix == ".png" and "damaged" not in path.name:
        with Image.open(path) as image:
            yield "pixels", np.asarray(image).tobytes()


def _base64_of(run: bytes) -> Iterator[bytes]:
    """At each of the three places at which a run may begin in a group of three bytes."""
    for skipped in range(3):
        part = run[skipped : skipped + (len(run) - skipped) // 3 * 3]
        yield base64.b64encode(part)
        yield base64.urlsafe_b64encode(part)
