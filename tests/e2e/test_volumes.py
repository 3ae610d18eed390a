"""Volumes in a real browser: the mask lies on the right slice and the right side."""

import gzip
import re
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.strategy_configs import FedAvgConfig
from backend.runs.schemas import RunRecord
from tests.e2e.pixels import Pixels, picture_of
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from worker.datasets.synthetic_prostate import PROSTATE_TASK, write_prostate_sites

pytestmark = pytest.mark.e2e

#: The viewer's first case, on a slow machine without a GPU.
LOAD_MS = 30_000
#: The first structure's colour, mixed with white as the viewer does for the reference.
REFERENCE_COLOUR = (189, 242, 250)
#: The reference of the first structure alone, filled and opaque.
REFERENCE_ONLY = "reference=fill&prediction=off&opacity=1&hidden=%5B1%5D"


@pytest.fixture(scope="module")
def run(platform: LivePlatform, tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """Two hospitals whose files are stored from other sides."""
    folder = tmp_path_factory.mktemp("volumes")
    slugs = write_prostate_sites(folder, 2, 0.4, (6, 5))
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


def nifti(platform: LivePlatform, url: str) -> Any:
    """Voxels [x, y, z]: x to the patient's left, y to the back, z to the head."""
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(platform.client.artifact(url)))


def shown(page: Page, run: RunRecord, case_id: str, query: str) -> Pixels:
    page.goto(f"/runs/{run.id}/cases?case=%22{case_id}%22&{query}")
    expect(page.locator(f"[data-testid=viewer][data-state=ready][data-case='{case_id}']")).to_be_visible(
        timeout=LOAD_MS
    )
    page.wait_for_timeout(400)
    return picture_of(page.get_by_test_id("viewer"))


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
    by_site = {case.site_slug: case for case in platform.client.run_cases(run.id).cases}
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
