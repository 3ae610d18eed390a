"""Statistics of the sites in a real browser, and a registration that says how masks are labelled."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from backend.datasets.schemas import DatasetCreate
from backend.federations.schemas import FederationRecord
from backend.sites.schemas import SiteCreate
from fedsm.synthetic_fundus import FUNDUS_TASK
from tests.integration.live_platform import LivePlatform

pytestmark = pytest.mark.e2e

NUM_CASES = 5


def test_small_counts_are_withheld_and_distances_shown(signed_in: Page, federation: FederationRecord) -> None:
    """24 cases are 14 to train, 4 to validate and 6 to test."""
    page = signed_in
    page.goto(f"/federations/{federation.id}?tab=statistics")
    row = page.get_by_test_id("statistics").get_by_role("row", name=re.compile("^aster-clinic"))
    expect(row.get_by_role("cell").nth(0)).to_have_text("14")
    expect(row.get_by_role("cell").nth(1)).to_have_text("<10")
    expect(page.get_by_test_id("left-out")).to_contain_text("Fewer than 10 cases in val and test")
    expect(page.get_by_role("img", name="Share of pixels by grey value, of each site")).to_be_visible()
    distances = page.get_by_test_id("distances")
    expect(distances.get_by_role("row")).to_have_count(1 + 4)
    page.get_by_role("radiogroup", name="Distance by").get_by_text("Grey values").click()
    expect(distances.get_by_role("row").nth(1)).to_contain_text(re.compile(r"0\.\d\d"))
    expect(page.get_by_text(re.compile("86 images compared"))).to_be_visible()


def test_an_image_that_is_tested_here_and_trained_on_there_is_found(
    signed_in: Page, platform: LivePlatform, tmp_path: Path
) -> None:
    """A test case of one site is copied into another site's folder, as another file type, where it trains."""
    generator = np.random.default_rng(1)
    mask = np.zeros((48, 48), dtype=np.uint8)
    mask[10:30, 10:30], mask[15:22, 15:22] = 1, 2
    for site in ("hazel", "linden"):
        for kind in ("images", "masks"):
            (tmp_path / site / kind).mkdir(parents=True)
        for index in range(NUM_CASES):
            image = generator.integers(40, 200, (48, 48, 3), dtype=np.uint8)
            Image.fromarray(image).save(tmp_path / site / "images" / f"{site}_{index}.png")
            Image.fromarray(mask).save(tmp_path / site / "masks" / f"{site}_{index}.png")
    federation = platform.add_federation("Leaking", FUNDUS_TASK, {"hazel": tmp_path / "hazel"})
    (dataset,) = platform.client.datasets(federation.id)
    tested = next(case.name for case in platform.client.dataset_cases(dataset.id) if case.split == "test")
    (tmp_path / "linden" / "images" / "linden_0.png").unlink()
    Image.open(tmp_path / "hazel" / "images" / f"{tested}.png").save(tmp_path / "linden" / "images" / "linden_0.bmp")
    (tmp_path / "linden" / "cases.csv").write_text(
        "name,split\n" + "".join(f"linden_{index},{'test' if index > 3 else 'train'}\n" for index in range(NUM_CASES))
    )
    linden = platform.client.create_site(federation.id, SiteCreate(name="Linden clinic"))
    record = platform.client.register_dataset(linden.id, DatasetCreate(name="cases", folder=str(tmp_path / "linden")))
    platform.await_check(record.id)
    page = signed_in
    page.goto(f"/federations/{federation.id}?tab=statistics")
    sentence = f"{2 * NUM_CASES} images compared within and between the sites: 1 pair, 1 of which"
    expect(page.get_by_text(sentence)).to_be_visible()
    row = page.get_by_test_id("leakage").get_by_role("row").nth(1)
    expect(row).to_contain_text("the same image")
    expect(row).to_contain_text("linden_0")
    row.get_by_role("link", name=tested).click()
    expect(page.get_by_role("button", name=re.compile(tested))).to_be_visible()


def test_a_folder_with_labels_of_its_own_is_registered(signed_in: Page, platform: LivePlatform, tmp_path: Path) -> None:
    """Masks of 0, 128 and 255; without the labels the check would refuse every case."""
    generator = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for index in range(NUM_CASES):
        image = generator.integers(40, 200, (48, 48, 3), dtype=np.uint8)
        mask = np.zeros((48, 48), dtype=np.uint8)
        mask[10:30, 10:30], mask[15:22, 15:22] = 128, 255
        Image.fromarray(image).save(tmp_path / "images" / f"P{index}_eye.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"P{index}_eye.png")
    federation = platform.add_federation("Own labels", FUNDUS_TASK, {})
    platform.client.create_site(federation.id, SiteCreate(name="Clinic"))
    page = signed_in
    page.goto(f"/federations/{federation.id}/datasets/new")
    page.get_by_label("Name").fill("Screening")
    page.get_by_role("combobox", name="Folder").fill(str(tmp_path))
    page.get_by_label("Patients").fill("^(P[0-9]+)_")
    page.get_by_label("optic disc").fill("128, 255")
    page.get_by_role("button", name="Register and check").click()
    expect(page.get_by_label("optic cup")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Has no labels in the map.")).to_be_visible()
    page.get_by_label("optic cup").fill("255")
    page.get_by_role("button", name="Register and check").click()
    expect(page.get_by_test_id("check-sentence")).to_have_text(f"All {NUM_CASES} cases used.", timeout=90_000)
    expect(page.get_by_text(re.compile(f"Layout: folders.*{NUM_CASES} patients"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^fingerprint [0-9a-f]{12}"))).to_be_visible()
