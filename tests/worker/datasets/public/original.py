"""Miniatures of originals, and what their preparation must give whatever the data set."""

from collections.abc import Sequence
from csv import DictReader
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from backend.contracts.task_definition import SegmentationTask
from fedsm.public_datasets import dataset_named
from fedsm.public_datasets.prepare import prepare
from fedsm.public_datasets.report import Prepared

HEIGHT, WIDTH = 24, 32


def photograph(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def box(top: int, bottom: int, left: int, right: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """[H, W] bool."""
    plane = np.zeros((height, width), dtype=bool)
    plane[top:bottom, left:right] = True
    return plane


#: 8 x 12 = 96 pixels of disc, of which 4 x 6 = 24 are cup.
DISC, CUP = box(6, 14, 8, 20), box(8, 12, 10, 16)
DISC_LABELS = DISC.astype(np.uint8) + CUP


def save(path: Path, pixels: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8) if pixels.dtype != bool else pixels).save(path, **options)
    return path


def prepare_miniature(name: str, source: Path, output: Path) -> Prepared:
    """Prepares twice; the second, elsewhere, must give the same bytes; the source must stay as it was."""
    dataset = dataset_named(name)
    before = contents(source)
    prepared = prepare(dataset, source, output)
    prepare(dataset, source, output.parent / f"{output.name}-again")
    assert contents(output) == contents(output.parent / f"{output.name}-again")
    assert contents(source) == before
    written = yaml.safe_load((output / "federation.yaml").read_text())
    task = SegmentationTask.model_validate(written["task"])
    assert (task.structures, task.dimensions) == (dataset.structures, dataset.dimensions)
    assert [site["slug"] for site in written["sites"]] == [site.slug for site in prepared.sites if site.num_found]
    report = (output / "PREPARED.md").read_text()
    assert dataset.terms in report
    assert dataset.citation in report
    assert all(entry.reason in report for entry in prepared.left_out)
    return prepared


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def labels(output: Path, site: str, name: str) -> np.ndarray:
    return np.asarray(Image.open(output / site / "masks" / f"{name}.png"))


def image(output: Path, site: str, name: str) -> np.ndarray:
    return np.asarray(Image.open(output / site / "images" / f"{name}.png"))


def cases(output: Path, site: str) -> dict[str, tuple[str, str]]:
    """Name to patient and split, as in `cases.csv`, which lists exactly the files there are."""
    with (output / site / "cases.csv").open() as file:
        rows = list(DictReader(file))
    names = [row["name"] for row in rows]
    for kind in ("images", "masks"):
        assert [path.name.split(".")[0] for path in sorted((output / site / kind).iterdir())] == sorted(names)
    return {row["name"]: (row["patient"], row["split"]) for row in rows}


def counts(prepared: Prepared) -> dict[str, str]:
    return {site.slug: site.in_words for site in prepared.sites}


def left_out(prepared: Prepared) -> Sequence[tuple[str, str, str]]:
    return [(entry.site, entry.name, entry.code) for entry in prepared.left_out]
