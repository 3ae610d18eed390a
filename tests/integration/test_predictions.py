"""An image of nobody's data set through a real worker: the masks are those of the evaluation."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import slicerio
from PIL import Image

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.status import RunStatus, TaskStatus
from backend.predictions.schemas import PredictionRecord
from backend.runs.schemas import RunRecord
from tests.conftest import wait_until
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.test_cli import fedsm
from tests.integration.tiny_data import HEIGHT, SITES, TASK, WIDTH, tiny_config

STRATEGIES = (FedSMConfig(selector=LdaSelector(minimum_cases=2)), FedAvgConfig())


@pytest.fixture(scope="module")
def runs(platform: LivePlatform, sites: dict[str, Path]) -> dict[str, RunRecord]:
    federation = platform.add_federation("Predictions", TASK, sites)
    done = await_experiment(platform, platform.start_experiment(federation, "Models", tiny_config(*STRATEGIES)))
    assert all(run.status == RunStatus.COMPLETED for run in done.runs)
    return {run.strategy.name: run for run in done.runs}


def predict(platform: LivePlatform, run: RunRecord, path: Path) -> PredictionRecord:
    started = platform.client.predict(run.id, path)
    over = (TaskStatus.COMPLETED, TaskStatus.FAILED)
    wait_until(lambda: platform.client.prediction(started.id).status in over, 60, f"the prediction of {path.name}")
    return platform.client.prediction(started.id)


def nifti(platform: LivePlatform, url: str) -> np.ndarray:
    return np.asarray(nibabel.Nifti1Image.from_bytes(gzip.decompress(platform.client.artifact(url))).dataobj)


def test_a_test_case_gets_the_masks_of_its_evaluation(
    platform: LivePlatform, runs: dict[str, RunRecord], sites: dict[str, Path]
) -> None:
    run = runs["fedsm"]
    case = next(case for case in platform.client.run_cases(run.id).cases if case.site_slug == "site-b")
    done = predict(platform, run, sites["site-b"] / "images" / f"{case.name}.png")
    assert done.status == TaskStatus.COMPLETED, done.error
    assert done.chosen_model == case.chosen_model
    assert done.probabilities == pytest.approx(case.probabilities)
    assert done.masks[0].model == done.chosen_model
    assert {mask.model for mask in done.masks} == {"global", *(f"personalized/{site}" for site in SITES)}
    for mask in done.masks:
        shown = case.predictions.get(mask.model)
        assert shown is None or platform.client.artifact(mask.mask_url) == platform.client.artifact(shown)
    assert done.image_url == case.image_url


def test_each_structure_is_a_file_of_the_images_size(
    platform: LivePlatform, runs: dict[str, RunRecord], sites: dict[str, Path]
) -> None:
    done = predict(platform, runs["fedavg"], next((sites["site-a"] / "images").iterdir()))
    assert (done.chosen_model, done.probabilities, done.gamma, done.unit) == ("global", None, None, "px")
    (mask,) = done.masks
    bits = nifti(platform, mask.mask_url)
    assert bits.shape == (WIDTH, HEIGHT, 1)
    for position, structure in enumerate(TASK.structures):
        plane = np.asarray(Image.open(io.BytesIO(platform.client.artifact(mask.file_urls[structure.name]))))
        np.testing.assert_array_equal(plane > 0, (bits[:, ::-1, 0].T >> position) & 1)
        size = next(size.size for size in mask.sizes if size.structure == structure.name)
        assert size == (plane > 0).sum()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.txt", b"no image", "notes.txt"),
        ("cut.png", b"\x89PNG\r\n\x1a\n", "cut.png"),
        ("grey.png", None, "1 channel"),
    ],
)
def test_what_is_no_image_of_the_task_is_refused_with_the_remedy(
    platform: LivePlatform,
    runs: dict[str, RunRecord],
    tmp_path: Path,
    name: str,
    content: bytes | None,
    words: str,
) -> None:
    path = tmp_path / name
    if content is None:
        Image.fromarray(np.zeros((HEIGHT, WIDTH), dtype=np.uint8)).save(path)
    else:
        path.write_bytes(content)
    done = predict(platform, runs["fedavg"], path)
    assert done.status == TaskStatus.FAILED
    assert done.error is not None
    assert words in done.error
    assert "/tmp" not in done.error


def test_the_command_saves_the_masks_and_leaves_nothing_behind(
    platform: LivePlatform, runs: dict[str, RunRecord], sites: dict[str, Path], tmp_path: Path
) -> None:
    run, image = runs["fedsm"], sites["site-c"] / "images" / "case-00.png"
    before = platform.client.predictions(run.id)
    done = fedsm(platform, "predict", run.id, str(image), "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "most like site-c" in done.stdout
    names = [f"case-00.{structure.name.replace(' ', '-')}.png" for structure in TASK.structures]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    assert Image.open(tmp_path / names[0]).size == (WIDTH, HEIGHT)
    assert platform.client.predictions(run.id) == before
    text = tmp_path / "notes.txt"
    text.write_text("no image")
    refused = fedsm(platform, "predict", run.id, str(text))
    assert refused.returncode == 1
    assert "notes.txt" in refused.stderr
    assert platform.client.predictions(run.id) == before


@pytest.mark.parametrize(("name", "turn"), [("as_seen.nii.gz", -1.0), ("turned.nii.gz", 1.0), ("pair.mhd", -1.0)])
def test_the_mask_of_an_image_with_a_geometry_lies_on_its_file(
    platform: LivePlatform, runs: dict[str, RunRecord], sites: dict[str, Path], tmp_path: Path, name: str, turn: float
) -> None:
    """As a slice of a volume, whichever way up: the same array and affine as the file that was sent."""
    picture = sites["site-a"] / "images" / "case-00.png"
    pixels = np.asarray(Image.open(picture))
    affine = np.diag([turn * 0.5, turn * 0.25, 2.0, 1.0])
    affine[:3, 3] = 7, -8, 9
    if name.endswith(".mhd"):
        volume = sitk.GetImageFromArray(pixels[None], isVector=True)
        volume.SetSpacing((0.5, 0.25, 2))
        volume.SetOrigin((-7, 8, 9))
        sitk.WriteImage(volume, tmp_path / name)
    else:
        nibabel.save(nibabel.Nifti1Image(pixels.transpose(1, 0, 2)[:, :, None], affine), tmp_path / name)
    run, out = runs["fedavg"], tmp_path / "out"
    done = fedsm(platform, "predict", run.id, str(tmp_path / name), "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    plain = predict(platform, run, picture)
    for structure in TASK.structures:
        mask = nibabel.load(out / f"{name.split('.')[0]}.{structure.name.replace(' ', '-')}.nii.gz")
        assert mask.shape == (WIDTH, HEIGHT, 1)
        assert mask.affine == pytest.approx(affine)
        if turn < 0:  # the picture as the platform sees it, so the model sees the same
            content = platform.client.artifact(plain.masks[0].file_urls[structure.name])
            np.testing.assert_array_equal(
                np.asarray(mask.dataobj)[:, :, 0].T > 0, np.asarray(Image.open(io.BytesIO(content))) > 0
            )


def test_many_images_are_tried_at_once_and_saved_as_segmentations(
    platform: LivePlatform, runs: dict[str, RunRecord], sites: dict[str, Path], tmp_path: Path
) -> None:
    """One that has no such form says so, and stops no other."""
    picture = sites["site-a"] / "images" / "case-00.png"
    volume = sitk.GetImageFromArray(np.asarray(Image.open(picture))[None], isVector=True)
    volume.SetSpacing((0.5, 0.25, 2))
    sitk.WriteImage(volume, tmp_path / "pair.mhd")
    before = platform.client.predictions(runs["fedavg"].id)
    out, paths = tmp_path / "out", [tmp_path / "pair.mhd", tmp_path / "pair.raw", picture]
    done = fedsm(
        platform, "predict", runs["fedavg"].id, *map(str, paths), "--out", str(out), "--form", "seg-nrrd", "--json"
    )
    assert done.returncode == 1
    assert [record["file_name"] for record in json.loads(done.stdout)] == ["pair.zip", "case-00.png"]
    for said in ("sends 2 of 2: case-00", "1 of 2: pair.zip is completed", "1 of 2 images have no mask"):
        assert said in done.stderr
    assert "case-00.png has no masks as seg-nrrd, which needs an image with a position" in done.stderr
    (saved,) = out.iterdir()
    names = [segment["name"] for segment in slicerio.read_segmentation(str(saved))["segments"]]
    assert (saved.name, names) == ("pair.seg.nrrd", [structure.name for structure in TASK.structures])
    assert platform.client.predictions(runs["fedavg"].id) == before, "the server forgot them"


def test_images_are_sent_as_a_batch_and_fetched_later(
    platform: LivePlatform, runs: dict[str, RunRecord], sites: dict[str, Path], tmp_path: Path
) -> None:
    run, client = runs["fedavg"].id, platform.client
    before, images = client.predictions(run), sorted((sites["site-a"] / "images").iterdir())[:2]
    sent = fedsm(platform, "predict", run, *map(str, images), "--detach")
    assert sent.returncode == 0, sent.stderr
    batch = sent.stdout.strip()
    wait_until(lambda: client.prediction_batch(batch).num_done == 2, 60, "the masks of both images")
    assert [row.batch_id for row in client.predictions(run)][:2] == [batch, batch]
    out = tmp_path / "out"
    saved = fedsm(platform, "predict", run, "--batch", batch, "--out", str(out), "--json")
    assert saved.returncode == 0, saved.stderr
    assert [record["file_name"] for record in json.loads(saved.stdout)] == [path.name for path in images]
    words = [structure.name.replace(" ", "-") for structure in TASK.structures]
    expected = {f"{image.stem}.{word}.png" for image in images for word in words}
    assert {path.name for path in out.iterdir()} == expected
    assert client.predictions(run) == before, "the server forgot them"


def test_a_zip_that_is_no_image_is_refused_with_the_remedy(
    platform: LivePlatform, runs: dict[str, RunRecord], tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.png", b"x")
        archive.writestr("../b.png", b"y")
    done = predict(platform, runs["fedavg"], tmp_path / "two.zip")
    assert done.status == TaskStatus.FAILED
    assert done.error is not None
    assert "two.zip holds a file with the name '../b.png', which is no path within it: make it again" in done.error


def test_an_image_to_be_looked_at_is_predicted_with_a_warning(
    platform: LivePlatform, runs: dict[str, RunRecord], tmp_path: Path
) -> None:
    """Neither which way up the patient lies is known, nor is there anything to see."""
    image = nibabel.Nifti1Image(np.full((WIDTH, HEIGHT, 1, 3), 7, dtype=np.uint8), None)
    image.set_sform(None, 0)
    image.set_qform(None, 0)
    nibabel.save(image, tmp_path / "flat.nii.gz")
    done = predict(platform, runs["fedavg"], tmp_path / "flat.nii.gz")
    assert done.status == TaskStatus.COMPLETED, done.error
    assert [warning.code for warning in done.warnings] == ["unknown_orientation", "constant_image"]
    assert done.warnings[0].message.startswith("flat.nii.gz does not say how the patient lies")
    printed = fedsm(platform, "predict", runs["fedavg"].id, str(tmp_path / "flat.nii.gz"))
    assert "flat.nii.gz holds a single value (7, 7, 7)" in " ".join(printed.stdout.split())
