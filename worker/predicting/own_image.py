"""An image that belongs to no data set, read as the images of data sets are."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from backend.contracts.datasets import CaseWarning
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import RunSpec
from worker.datasets.files import UnsafeFile
from worker.datasets.layouts.model import Skip
from worker.datasets.noteworthy import about_values
from worker.datasets.readers import CannotRead, DecodedImage, Frame
from worker.datasets.reading import OWN_CHANNELS, ReadCase, case_warnings, read_pixels
from worker.datasets.uploads import store_upload
from worker.engine.data import Case
from worker.engine.transforms import make_case
from worker.jobs.build import build_intensity, build_sampling

Unit = Literal["mm³", "mm²", "px"]


@dataclass(frozen=True, eq=False)
class OwnImage:
    """An image as read, with what its own file says.

    name: as people call it. read: no structure is known, so all planes are empty.
    """

    name: str
    read: ReadCase
    decoded: DecodedImage

    @property
    def frame(self) -> Frame | None:
        return self.decoded.frame

    @property
    def unit(self) -> Unit:
        """Of a structure's size."""
        if self.read.spacing is None:
            return "px"
        return "mm³" if len(self.read.spacing) == 3 else "mm²"

    @property
    def warnings(self) -> tuple[CaseWarning, ...]:
        return tuple(case_warnings(self.name, (*self.decoded.notes, *about_values(self.read.image))))

    def case(self, run: RunSpec) -> Case:
        """The image as the run's networks take it. Raises ValueError where the run's settings do not fit it."""
        data, read = run.config.data, self.read
        sampling, intensity = build_sampling(data), build_intensity(data)
        dims = run.config.network.spatial_dims
        return make_case(self.name, self.name, read.image, read.structures, read.spacing, sampling, intensity, dims)


@contextmanager
def opened_upload(name: str, content: bytes, task: SegmentationTask) -> Iterator[tuple[OwnImage, Path]]:
    """The image of a file as it came, or of a zip with the files of one image; and its source, which is there until the
    block ends: its file, or the folder of its series. Raises ValueError naming what the task takes."""
    with tempfile.TemporaryDirectory(prefix="fedsm-prediction-") as folder:
        try:
            root, path = store_upload(Path(folder), name, content)
        except (CannotRead, UnsafeFile) as problem:
            raise ValueError(f"{name} {problem}") from None
        yield _read(root, path, name, task), root / path


@contextmanager
def opened_file(path: Path, task: SegmentationTask) -> Iterator[tuple[OwnImage, Path]]:
    """As `opened_upload`, of a file, a zip, or the folder of a DICOM series."""
    if path.is_file() and path.suffix.lower() == ".zip":
        with opened_upload(path.name, path.read_bytes(), task) as opened:
            yield opened
        return
    whole = path.resolve()
    yield _read(whole.parent, whole.name, path.name or whole.name, task), whole


def read_own_file(path: Path, task: SegmentationTask) -> OwnImage:
    """The image alone."""
    with opened_file(path, task) as (image, _):
        return image


def _read(root: Path, path: str, name: str, task: SegmentationTask) -> OwnImage:
    try:
        pixels, image = read_pixels(root, path, task, None, OWN_CHANNELS)
    except Skip as problem:
        raise ValueError(str(problem) if path == name else f"{name}: {problem}") from None
    structures = np.zeros((len(task.structures), *pixels.shape[:-1]), dtype=bool)
    return OwnImage(name, ReadCase(pixels, structures, image.spacing, image.affine), image)
