"""Volumes in a real browser: the mask lies on the right slice and the right side."""

import gzip
import re
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from scipy import ndimage

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.runs.schemas import RunRecord, ScoredCase
from benchmarks.next_case import BEGIN, WATCH
from fedsm.synthetic_prostate import PROSTATE_TASK, write_prostate_sites
from tests.e2e.pixels import Pixels, difference, settled
from tests.e2e.test_cases import rounds_known
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.worker.datasets.readers.medical_files import ct_series, write_series

pytestmark = pytest.mark.e2e

#: The viewer's first case, on a slow machine without a GPU.
LOAD_MS = 90_000
#: The first structure's colour, mixed with white as the viewer does for the reference.
REFERENCE_COLOUR = (189, 242, 250)
#: The reference of the first structure alone, filled and opaque.
REFERENCE_ONLY = "reference=fill&prediction=off&opacity=1&hidden=%5B1%5D"

#: Voxels along x, y and z of one case that is as large as they come, and its name.
LARGE = (256, 256, 32)
LARGE_NAME = "large"


@pytest.fixture(scope="module")
def run(platform: LivePlatform, tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """Two hospitals whose files are stored from other sides."""
    folder = tmp_path_factory.mktemp("volumes")
    slugs = write_prostate_sites(folder, 2, 0.4, (6, 5))
    add_large_case(folder / slugs[0])
    federation = platform.add_federation("Prostate", PROSTATE_TASK, {slug: folder / slug for slug in slugs})
    config = ExperimentConfig.model_validate(
        {
            "data": {"image_size": 32, "depth": 8, "intensity": "percentile"},
            "network": {"name": "unet", "spatial_dims": 3, "channels": [4, 8], "num_residual_units": 1},
            "schedule": {"rounds": 1, "batch_size": 2},
            "strategies": [FedAvgConfig().model_dump()],
        }
    )
    done = await_experiment(platform, platform.start_experiment(federation, "Volumes", config))
    assert done.runs[0].failure is None
    return done.runs[0]


def add_large_case(site: Path) -> None:
    """The site's first case with so many voxels as an examination of the prostate has, as a further test case."""
    first = (site / "cases.csv").read_text().splitlines()[1].split(",")[0]
    for kind, order in (("images", 1), ("masks", 0)):
        case: Any = nibabel.load(site / kind / f"{first}.nii.gz")
        factors = np.array(LARGE) / case.shape
        voxels = ndimage.zoom(np.asarray(case.dataobj), factors, order=order, mode="nearest", grid_mode=True)
        affine = case.affine @ np.diag([*(1 / factors), 1])
        nifti1: Any = nibabel.Nifti1Image  # the library's own types are incomplete
        nibabel.save(nifti1(voxels, affine), site / kind / f"{LARGE_NAME}.nii.gz")
    lines = (site / "cases.csv").read_text().splitlines()
    listed = ["name,patient,split", *(f"{line}," for line in lines[1:]), f"{LARGE_NAME},large,test"]
    (site / "cases.csv").write_text("\n".join(listed) + "\n")


def nifti(platform: LivePlatform, url: str) -> Any:
    """Voxels [x, y, z]: x to the patient's left, y to the back, z to the head."""
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(platform.client.artifact(url)))


def shown(page: Page, run: RunRecord, case_id: str, query: str) -> Pixels:
    page.goto(f"/runs/{run.id}/cases?case=%22{case_id}%22&{query}")
    expect(page.locator(f"[data-testid=viewer][data-state=ready][data-case='{case_id}']")).to_be_visible(
        timeout=LOAD_MS
    )
    rounds_known(page)
    return settled(page.get_by_test_id("viewer"))


def the_slice(viewer: Pixels, aspect: float) -> Pixels:
    """The part of the viewer that the slice fills, its middle. aspect: the slice's width over its height, in mm."""
    height, width = viewer.shape[:2]
    tall = min(height, round(width / aspect))
    wide = min(width, round(height * aspect))
    top, left = (height - tall) // 2, (width - wide) // 2
    return viewer[top : top + tall, left : left + wide]


def coloured(pixels: Pixels) -> NDArray[np.bool_]:
    distance = np.linalg.norm(pixels - np.array(REFERENCE_COLOUR, dtype=np.float32), axis=2)
    return np.asarray(distance < 40)


def centre(mask: NDArray[np.bool_]) -> tuple[float, float]:
    """Of a plane [rows, columns], as shares of its size."""
    rows, columns = np.nonzero(mask)
    return float((rows.mean() + 0.5) / mask.shape[0]), float((columns.mean() + 0.5) / mask.shape[1])


def test_the_reference_lies_on_its_slice_and_side(signed_in: Page, platform: LivePlatform, run: RunRecord) -> None:
    """As radiologists look: the patient's left on the right, front above. Of one case at each hospital."""
    cases = [case for case in platform.client.run_cases(run.id).cases if case.name != LARGE_NAME]
    by_site = {case.site_slug: case for case in cases}
    assert len(by_site) == 2
    for case in by_site.values():
        assert case.reference_url is not None
        volume = nifti(platform, case.reference_url)
        reference = (np.asarray(volume.dataobj) & 1).astype(bool)
        spacing = volume.header.get_zooms()
        aspect = float(reference.shape[0] * spacing[0] / (reference.shape[1] * spacing[1]))
        areas = reference.sum(axis=(0, 1))
        fullest, empty = int(areas.argmax()), int(areas.argmin())
        assert areas[empty] == 0
        viewer = shown(signed_in, run, case.case_id, f"{REFERENCE_ONLY}&slice={fullest}")
        drawn = coloured(the_slice(viewer, aspect))
        plane = reference[:, :, fullest].T
        assert drawn.mean() == pytest.approx(plane.mean(), rel=0.15)
        assert centre(drawn) == pytest.approx(centre(plane), abs=0.02)
        expect(signed_in.get_by_test_id("slice")).to_have_text(f"Slice {fullest + 1} of {reference.shape[2]}")
        none = coloured(shown(signed_in, run, case.case_id, f"{REFERENCE_ONLY}&slice={empty}"))
        assert none.mean() < 0.001


def test_a_case_opens_at_its_largest_error_and_keys_step(
    signed_in: Page, platform: LivePlatform, run: RunRecord
) -> None:
    case = platform.client.run_cases(run.id).cases[0]
    assert case.reference_url is not None
    reference, prediction = (
        np.asarray(nifti(platform, url).dataobj) for url in (case.reference_url, case.predictions["global"])
    )
    wrong = (reference != prediction).sum(axis=(0, 1))
    worst, count = int(wrong.argmax()), reference.shape[2]
    page = signed_in
    page.goto(f"/runs/{run.id}/cases?case=%22{case.case_id}%22")
    label = page.get_by_test_id("slice")
    expect(label).to_have_text(f"Slice {worst + 1} of {count}", timeout=LOAD_MS)
    step = -1 if worst == count - 1 else 1
    page.keyboard.press("ArrowUp" if step == 1 else "ArrowDown")
    expect(label).to_have_text(f"Slice {worst + step + 1} of {count}")
    page.keyboard.press("e")
    expect(label).to_have_text(f"Slice {worst + 1} of {count}")
    page.get_by_text("coronal", exact=True).click()
    expect(label).to_have_text(f"Slice {reference.shape[1] // 2 + 1} of {reference.shape[1]}")
    expect(page).to_have_url(re.compile("plane=coronal"))


#: Resolves when frames come one after the other: what the page did before is drawn, in software in another process. On
#: a machine that does much else they never do, and after so long it is drawn anyway.
REST = """async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const end = performance.now() + 15000;
  for (let calm = 0, last = performance.now(); calm < 20 && last < end; last = performance.now()) {
    await frame();
    calm = performance.now() - last < 50 ? calm + 1 : 0;
  }
}"""
#: Opens a case by a key, or by a click on its row; resolves with the milliseconds until it is drawn.
OPEN = """async ({ key, id, name }) => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const drawn = () => document.querySelector(`[data-testid=viewer][data-state=ready][data-case="${id}"]`);
  const row = [...document.querySelectorAll("nav[aria-label=Cases] button")].find((e) => e.textContent.includes(name));
  const begin = performance.now();
  if (key) document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  else row.click();
  while (!drawn()) await frame();
  await frame();
  return performance.now() - begin;
}"""
#: Steps up and down through the slices, as fast as frames come; resolves with the milliseconds from step to step. The
#: slice is drawn in the frame that shows its number.
STEP = """async (count) => {
  const label = () => document.querySelector("[data-testid=slice]").textContent;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const times = [];
  await frame();
  let last = performance.now();
  for (let step = 0; step < count; step += 1) {
    const [key, before] = [step < count / 2 ? "ArrowUp" : "ArrowDown", label()];
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    do await frame(); while (label() === before);
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  return times;
}"""
OPEN_LIMIT_MS = 1000.0
STEP_LIMIT_MS = 1000.0 / 30
#: Of each measurement.
TRIES = 3


def the_large_case(platform: LivePlatform, run: RunRecord) -> ScoredCase:
    return next(case for case in platform.client.run_cases(run.id).cases if case.name == LARGE_NAME)


@pytest.mark.speed
def test_a_large_case_opens_within_a_second(signed_in: Page, platform: LivePlatform, run: RunRecord) -> None:
    """Of 256 x 256 x 32 voxels with two masks, from the row that is clicked to the picture, each time from a page that
    is at rest and has fetched nothing of it."""
    page, case = signed_in, the_large_case(platform, run)
    far = far_from(page, run, case)
    page.route("**/artifacts/**", lambda route: route.continue_())  # so nothing comes from the browser's cache
    times = []
    for _ in range(TRIES):
        shown_at_rest(page, run, far)
        times.append(page.evaluate(OPEN, {"id": case.case_id, "name": case.name}))
    assert sorted(times)[TRIES // 2] <= OPEN_LIMIT_MS, times


def test_a_large_case_is_drawn_in_two_passes(signed_in: Page, platform: LivePlatform, run: RunRecord) -> None:
    """One over the voxels of the image and one over those of what lies on it, however many masks that is; the rest
    draws the slice on screen. Passes for gradients and for each mask would be five times as much."""
    page, case = signed_in, the_large_case(platform, run)
    page.add_init_script(WATCH)
    shown_at_rest(page, run, far_from(page, run, case))
    page.evaluate(BEGIN)
    page.evaluate(OPEN, {"id": case.case_id, "name": case.name})
    assert 2 * LARGE[2] <= page.evaluate("window.nextCase.slices") < 3 * LARGE[2]


def far_from(page: Page, run: RunRecord, case: ScoredCase) -> str:
    """The case furthest from it in the list: of the cases beside the one on screen the files are fetched beforehand."""
    page.goto(f"/runs/{run.id}/cases")
    rows = page.get_by_role("navigation", name="Cases").get_by_role("button")
    expect(rows.first).to_be_visible()
    order = [row.get_attribute("data-case") or "" for row in rows.all()]
    place = order.index(case.case_id)
    far = max(range(len(order)), key=lambda index: abs(index - place))
    assert abs(far - place) > 1
    return order[far]


def shown_at_rest(page: Page, run: RunRecord, case_id: str) -> None:
    page.goto(f"/runs/{run.id}/cases?case=%22{case_id}%22")
    expect(page.locator(f"[data-testid=viewer][data-state=ready][data-case='{case_id}']")).to_be_visible(
        timeout=LOAD_MS
    )
    rounds_known(page)
    page.evaluate(REST)


@pytest.mark.speed
def test_slices_of_a_large_case_follow_each_other_thirty_times_a_second(
    signed_in: Page, platform: LivePlatform, run: RunRecord
) -> None:
    """Of 256 x 256 x 32 voxels with a filled and an outlined mask of two structures, rendered in software. Measured on
    two cores without a GPU: 0.75 times the limit."""
    page, case = signed_in, the_large_case(platform, run)
    shown(page, run, case.case_id, "slice=4")
    medians = [float(np.median(page.evaluate(STEP, 40))) for _ in range(TRIES)]
    assert min(medians) <= STEP_LIMIT_MS, medians  # what else runs on the machine only adds


def test_keys_wheel_and_address_say_the_same(signed_in: Page, platform: LivePlatform, run: RunRecord) -> None:
    """Every way to a slice, the windows, and a reload that shows the same picture."""
    page, case = signed_in, the_large_case(platform, run)
    shown(page, run, case.case_id, "slice=10&opacity=0.8")
    label = page.get_by_test_id("slice")
    for key, slice_number in (("PageUp", 16), ("PageDown", 11), ("Home", 1), ("End", 32), ("ArrowDown", 31)):
        page.keyboard.press(key)
        expect(label).to_have_text(f"Slice {slice_number} of 32")
    page.get_by_test_id("viewer").hover()
    page.mouse.wheel(0, 100)
    expect(label).not_to_have_text("Slice 31 of 32")
    viewer = page.get_by_test_id("viewer")
    filled = settled(viewer)
    page.get_by_text("outline", exact=True).last.click()  # the focus is on a choice: letters still act
    automatic = settled(viewer, lambda picture: difference(picture, filled) > 0.1)
    page.keyboard.press("w")
    expect(page).to_have_url(re.compile("window="))
    full = settled(viewer, lambda picture: difference(picture, automatic) > 0.5)
    expect(page).to_have_url(re.compile("slice="))
    page.reload()
    expect(page.locator("[data-testid=viewer][data-state=ready]")).to_be_visible(timeout=LOAD_MS)
    settled(viewer, lambda picture: difference(picture, full) < 0.1)
    for _ in range(2):  # soft tissue, then automatic again
        address = page.url
        page.keyboard.press("w")
        expect(page).not_to_have_url(address)
    expect(page).not_to_have_url(re.compile("window="))
    settled(viewer, lambda picture: difference(picture, automatic) < 0.1)


def test_a_view_is_zoomed_moved_and_turned_by_keyboard(signed_in: Page, platform: LivePlatform, run: RunRecord) -> None:
    """With the focus in the picture, whose library has keys of its own: they are off."""
    page, case = signed_in, the_large_case(platform, run)
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    all_of_it = shown(page, run, case.case_id, "slice=10")
    viewer, bar = page.get_by_test_id("viewer"), page.get_by_test_id("scale-bar")
    length = bar.inner_text()
    viewer.click()
    for key in ("v", "h", "c"):
        page.keyboard.press(key)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Look further to a side")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    settled(viewer, lambda picture: difference(picture, all_of_it) < 0.1)
    assert alerts == []

    page.keyboard.press("Shift+ArrowRight")
    moved = settled(viewer, lambda picture: difference(picture, all_of_it) > 0.1)
    step = round(moved.shape[1] * 0.1)
    assert difference(moved[:, :-step], all_of_it[:, step:]) < difference(moved, all_of_it) / 4
    for _ in range(4):
        page.keyboard.press("+")
    expect(bar).not_to_have_text(length)
    page.keyboard.press("0")
    expect(bar).to_have_text(length)
    settled(viewer, lambda picture: difference(picture, all_of_it) < 0.1)

    viewer.hover()
    page.keyboard.down("Control")
    for _ in range(6):
        page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    expect(bar).not_to_have_text(length)
    expect(page.get_by_test_id("slice")).to_have_text("Slice 11 of 32")

    solid = shown(page, run, case.case_id, "plane=%223d%22")
    page.keyboard.press("Shift+ArrowLeft")
    settled(viewer, lambda picture: difference(picture, solid) > 0.5)
    page.get_by_role("button", name="Reset zoom and turn").click()
    page.mouse.move(0, 0)
    settled(viewer, lambda picture: difference(picture, solid) < 0.1)


def test_a_header_with_its_data_and_a_folder_of_slices_are_tried(
    signed_in: Page, platform: LivePlatform, run: RunRecord, tmp_path: Path
) -> None:
    """The masks that are downloaded lie on the files that were chosen, in their own order."""
    page = signed_in
    voxels = np.random.default_rng(0).integers(0, 900, (10, 24, 20)).astype(np.uint16)
    volume = sitk.GetImageFromArray(voxels)
    volume.SetSpacing((0.5, 0.5, 3))
    sitk.WriteImage(sitk.DICOMOrient(volume, "RIA"), tmp_path / "mr.mhd")
    write_series(tmp_path / "CT 7", ct_series(voxels))
    series = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "CT 7"))
    page.goto(f"/runs/{run.id}/model")
    for chosen, place, name, read in (
        ([tmp_path / "mr.mhd", tmp_path / "mr.raw"], ":not([webkitdirectory])", "mr.zip", tmp_path / "mr.mhd"),
        (tmp_path / "CT 7", "[webkitdirectory]", "CT 7.zip", series),
    ):
        page.set_input_files(f"input[type=file]{place}", chosen)
        expect(page.get_by_role("button", name=f"Forget {name}")).to_be_visible(timeout=LOAD_MS)
        expect(page.locator("[data-testid=viewer][data-state=ready]")).to_be_visible(timeout=LOAD_MS)
        image = sitk.ReadImage(read)
        address = page.get_by_label("Structures").get_by_role("link", name="mask").first.get_attribute("href")
        assert address is not None
        (tmp_path / "mask.nii.gz").write_bytes(platform.client.artifact(address))
        mask = sitk.ReadImage(tmp_path / "mask.nii.gz")
        assert mask.GetSize() == image.GetSize()
        for asked in ("GetSpacing", "GetOrigin", "GetDirection"):
            assert getattr(mask, asked)() == pytest.approx(getattr(image, asked)(), abs=1e-4), asked
        page.get_by_role("button", name=f"Forget {name}").click()
        expect(page.get_by_role("button", name=f"Forget {name}")).to_have_count(0)
