"""The rules of preparation that hold for every data set, and the description of each."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from backend.contracts.task_definition import Structure
from fedsm.public_datasets import DATASETS
from fedsm.public_datasets.base import PublicDataset, SourceCase, SourceSite, Volume, WrongSource
from fedsm.public_datasets.fundus_refuge import REFUGE
from fedsm.public_datasets.prepare import MARKER, WrongOutput, prepare
from tests.worker.datasets.public.original import DISC, cases, contents, photograph, save

MASK = np.where(DISC, 128, 255)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for number in (1, 2, 3):
        save(tmp_path / "original" / f"g000{number}.jpg", photograph(number))
        save(tmp_path / "original" / f"g000{number}.bmp", MASK)
    return tmp_path / "original"


def test_a_folder_that_is_not_empty_is_refused(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / "thesis.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(WrongOutput, match="give a new folder"):
            prepare(REFUGE, source, output, force=force)
    assert contents(output) == {"thesis.txt": b"mine"}


def test_force_replaces_an_earlier_preparation(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    prepare(REFUGE, source, output)
    with pytest.raises(WrongOutput, match="--force"):
        prepare(REFUGE, source, output)
    (source / "g0003.bmp").unlink()
    prepare(REFUGE, source, output, force=True)
    assert list(cases(output, "refuge-zeiss")) == ["g0001", "g0002"]


@pytest.mark.parametrize("inside", ["", "out"])
def test_the_original_is_never_written_to(source: Path, inside: str) -> None:
    before = contents(source)
    with pytest.raises(WrongOutput, match="lie in one another"):
        prepare(REFUGE, source, source / inside, force=True)
    assert contents(source) == before


def test_an_interrupted_preparation_goes_on(source: Path, tmp_path: Path) -> None:
    output, whole = tmp_path / "out", tmp_path / "whole"
    prepare(REFUGE, source, whole)

    def stop(done: int, total: int) -> None:
        assert total == 3
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(REFUGE, source, output, progress=stop)
    assert (output / MARKER).is_file()
    first = output / "refuge-zeiss" / "images" / "g0001.png"
    written_at = first.stat().st_mtime_ns
    done: list[int] = []
    prepare(REFUGE, source, output, progress=lambda position, total: done.append(position))
    assert done == [1, 2, 3]
    assert first.stat().st_mtime_ns == written_at
    assert contents(output) == contents(whole)


def test_an_interrupted_preparation_leaves_nothing_stale(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(REFUGE, source, output, progress=stop)
    (output / "refuge-zeiss" / "masks" / ".g0002.png").write_bytes(b"half a file")
    (source / "g0001.jpg").unlink()
    (source / "g0001.bmp").unlink()
    prepare(REFUGE, source, output)
    assert list(cases(output, "refuge-zeiss")) == ["g0002", "g0003"]


def test_another_folder_is_told_what_to_look_like(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongSource, match=r"(?s)holds no case of REFUGE.*Annotation-Training400.*grand-challenge"):
        prepare(REFUGE, tmp_path / "empty", tmp_path / "out")
    with pytest.raises(WrongSource, match="is not there"):
        prepare(REFUGE, tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def volume_dataset(*volumes: Volume) -> PublicDataset:
    """A data set whose cases are these volumes, of patient p1."""
    return PublicDataset(
        name="volumes",
        title="Volumes",
        where="nowhere",
        terms="none",
        citation="none",
        modality="MR",
        num_channels=1,
        dimensions=3,
        structures=(Structure(name="prostate", label_values=(1,)),),
        sites=(SourceSite("scanner", "Scanner", None),),
        expected_source="unknown",
        layout="",
        layout_source="",
        find=lambda source: iter(
            [SourceCase("scanner", f"case.{i}", "p1", lambda v=v: v, "test") for i, v in enumerate(volumes)]
        ),
    )


def volume(shift: float = 0.0, label: int = 1) -> Volume:
    """3 x 4 x 5 voxels (D, H, W), the middle slice labelled."""
    image = SimpleITK.GetImageFromArray(np.arange(60, dtype=np.int16).reshape(3, 4, 5))
    values = np.zeros((3, 4, 5), dtype=np.int16)
    values[1, 1:3, 1:4] = label
    labels = SimpleITK.GetImageFromArray(values)
    for grid, origin in ((image, 7.0), (labels, 7.0 + shift)):
        grid.SetSpacing((0.5, 0.5, 3.0))
        grid.SetOrigin((origin, 8.0, 9.0))
    return Volume(image, labels)


def test_volumes_keep_their_grid(tmp_path: Path) -> None:
    (tmp_path / "original").mkdir()
    dataset = volume_dataset(volume(), volume(shift=0.1), volume(label=2), volume(label=0))
    prepared = prepare(dataset, tmp_path / "original", tmp_path / "out")
    assert [(entry.name, entry.code) for entry in prepared.left_out] == [
        ("case_1", "size_mismatch"),
        ("case_2", "unknown_label"),
        ("case_3", "empty_mask"),
    ]
    assert [site.in_words for site in prepared.sites] == ["found 1 of an unknown number expected, left out 3"]
    assert cases(tmp_path / "out", "scanner") == {"case_0": ("p1", "test")}
    image = SimpleITK.ReadImage(tmp_path / "out" / "scanner" / "images" / "case_0.nii.gz")
    mask = SimpleITK.ReadImage(tmp_path / "out" / "scanner" / "masks" / "case_0.nii.gz")
    assert (image.GetSpacing(), image.GetOrigin()) == ((0.5, 0.5, 3.0), (7.0, 8.0, 9.0))
    assert (SimpleITK.GetArrayFromImage(image) == np.arange(60).reshape(3, 4, 5)).all()
    assert (mask.GetOrigin(), mask.GetPixelIDTypeAsString()) == ((7.0, 8.0, 9.0), "8-bit unsigned integer")
    assert SimpleITK.GetArrayFromImage(mask).sum() == 6


def test_volumes_are_written_as_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "original").mkdir()
    for name in ("a", "b"):
        prepare(volume_dataset(volume()), tmp_path / "original", tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_names_and_slugs_are_unique_and_fit_the_platform() -> None:
    names = [dataset.name for dataset in DATASETS]
    assert len(set(names)) == len(names)
    slugs = [site.slug for dataset in DATASETS for site in dataset.sites]
    assert len(set(slugs)) == len(slugs)
    # The pattern and lengths of a site in backend/federations/schemas.py.
    assert all(
        slug == slug.strip("-").lower() and slug.replace("-", "").isalnum() and len(slug) <= 40 for slug in slugs
    )
    assert all(1 <= len(site.name) <= 80 for dataset in DATASETS for site in dataset.sites)


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_each_description_is_complete(dataset: PublicDataset) -> None:
    for text in (dataset.title, dataset.where, dataset.terms, dataset.citation, dataset.layout, dataset.layout_source):
        assert text.strip()
    assert "http" in dataset.where
    if any(site.num_expected is not None for site in dataset.sites):
        assert dataset.expected_source.strip()
