"""The models of a finished run in a real browser, tried on an image."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from backend import VERSION
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.selector_configs import LdaSelector
from backend.federations.schemas import FederationRecord
from backend.runs.schemas import RunRecord
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment

pytestmark = pytest.mark.e2e

LOAD_MS = 90_000


@pytest.fixture(scope="module")
def run(platform: LivePlatform, federation: FederationRecord) -> RunRecord:
    config = ExperimentConfig.model_validate(
        {
            "data": {"image_size": 32},
            "network": {"channels": [4, 8], "num_residual_units": 1},
            "schedule": {"rounds": 2, "batch_size": 4},
            "strategies": [FedSMConfig(selector=LdaSelector(minimum_cases=2)).model_dump(by_alias=True)],
        }
    )
    done = await_experiment(platform, platform.start_experiment(federation, "Models to try", config))
    assert done.runs[0].failure is None
    return done.runs[0]


def test_an_image_is_tried_and_forgotten(
    signed_in: Page, platform: LivePlatform, federation: FederationRecord, run: RunRecord, tmp_path: Path
) -> None:
    """A test case's own picture, then one of another kind."""
    page = signed_in
    page.goto(f"/federations/{federation.id}?tab=models")
    page.get_by_test_id("models").locator(f"a[href='/runs/{run.id}/model']").first.click()
    expect(page.get_by_role("heading", name="Models of FedSM")).to_be_visible()
    dataset = platform.client.datasets(federation.id)[1]
    image = min((Path(dataset.folder) / "images").iterdir())
    page.set_input_files("input[type=file]", image)
    expect(page.locator("[data-testid=viewer][data-state=ready]")).to_be_visible(timeout=LOAD_MS)
    why = page.get_by_test_id("why")
    expect(why).to_contain_text(re.compile(rf"surest of {dataset.site_name}.*the personalized model of"))
    sizes = page.get_by_label("Structures").get_by_role("row")
    expect(sizes).to_have_count(2)
    expect(sizes.first).to_contain_text("px")
    page.reload()
    expect(why).to_be_visible()

    grey = tmp_path / "grey.png"
    Image.fromarray(np.zeros((32, 32), dtype=np.uint8)).save(grey)
    page.set_input_files("input[type=file]", grey)
    expect(page.get_by_text(re.compile("grey.png has 1 channel"))).to_be_visible(timeout=LOAD_MS)
    page.get_by_role("button", name="Forget grey.png").click()
    expect(page.get_by_text(re.compile("grey.png has 1 channel"))).to_have_count(0)
    page.get_by_role("button", name=f"Forget {image.name}").click()
    expect(page.get_by_role("button", name=re.compile("^Forget"))).to_have_count(0)
    assert platform.client.predictions(run.id) == []


def test_many_images_are_one_batch_that_a_reload_keeps(
    signed_in: Page, platform: LivePlatform, federation: FederationRecord, run: RunRecord
) -> None:
    page = signed_in
    page.goto(f"/runs/{run.id}/model")
    folder = Path(platform.client.datasets(federation.id)[1].folder) / "images"
    images = sorted(folder.iterdir())[:3]
    page.set_input_files("input[type=file]", images)
    batch = page.get_by_test_id("batch")
    expect(batch.get_by_role("status")).to_have_text("3 of 3 images are done.", timeout=LOAD_MS)
    page.reload()
    expect(batch.get_by_role("status")).to_have_text("3 of 3 images are done.")
    for image in images:
        expect(page.get_by_role("button", name=image.name, exact=True)).to_be_visible()
    batch.get_by_role("button", name="Forget them all").click()
    page.get_by_role("dialog").get_by_role("button", name="Forget them all").click()
    expect(batch).to_have_count(0)
    assert platform.client.predictions(run.id) == []


def test_the_set_says_what_it_was_made_of(signed_in: Page, run: RunRecord) -> None:
    page = signed_in
    page.goto(f"/runs/{run.id}/model")
    origin = page.get_by_test_id("model-origin")
    expect(origin.get_by_role("row", name=re.compile("^Trained with"))).to_contain_text(f"FedSM Studio {VERSION}")
    expect(origin.get_by_role("row", name=re.compile("^Model selector"))).to_contain_text("\u03b3 = 0.9")
    expect(origin.get_by_role("row", name=re.compile("Rounds"))).to_contain_text("2 default 100")
    configuration = origin.get_by_text(re.compile(r'"num_residual_units": 1'))
    expect(configuration).to_be_hidden()
    origin.get_by_role("button", name="Show the whole configuration").click()
    expect(configuration).to_be_visible()
    files = page.get_by_test_id("model-files")
    expect(files.get_by_role("row", name=re.compile("Global model"))).to_contain_text("global.safetensors")
    origin.get_by_role("link", name="Models to try").click()
    expect(page.get_by_role("heading", name="Models to try")).to_be_visible()


def test_a_form_for_other_programs_is_made_and_says_how_it_was_tried(
    signed_in: Page, run: RunRecord, tmp_path: Path
) -> None:
    page = signed_in
    page.goto(f"/runs/{run.id}/model")
    card = page.get_by_test_id("model-exports")
    expect(card).to_contain_text("Not exported yet")
    card.get_by_role("button", name="Export").click()
    page.get_by_role("menuitem", name=re.compile("^torch.export")).click()
    made = page.get_by_test_id("export-torch-export")
    expect(made).to_contain_text(re.compile(r"Tried on \d+ raw test cases: .* no of [\d,]+ voxels"), timeout=600_000)
    with page.expect_download() as download:
        made.get_by_role("link", name=re.compile("^Download")).click()
    assert download.value.suggested_filename == "fedsm-fedsm-seed-0-torch-export.zip"
    download.value.save_as(tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert {"README.md", "portable.py", "global.pt2", "selector.pt2"} <= set(archive.namelist())
    page.screenshot(path=str(tmp_path / "export.png"), full_page=True)
    made.get_by_role("button", name="Remove the export torch.export").click()
    expect(card).to_contain_text("Not exported yet")


def test_the_set_is_downloaded(signed_in: Page, run: RunRecord, tmp_path: Path) -> None:
    page = signed_in
    page.goto(f"/runs/{run.id}/model")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^Download")).click()
    target = tmp_path / "model.zip"
    download.value.save_as(target)
    with zipfile.ZipFile(target) as archive:
        assert {"README.md", "model.json", "global.safetensors", "selector.safetensors"} <= set(archive.namelist())


def test_the_threshold_that_validation_chose_goes_along_from_the_results_into_the_file(
    signed_in: Page, platform: LivePlatform, run: RunRecord, tmp_path: Path
) -> None:
    page = signed_in
    best = platform.client.run_selector(run.id).validation
    assert best is not None
    page.goto(f"/experiments/{run.experiment_id}")
    page.get_by_test_id("validated-threshold").get_by_role("link", name="Use this").click()
    chosen = page.get_by_test_id("threshold-bar").get_by_label(f"\u03b3 = {best.gamma}, best on validation")
    expect(chosen).to_be_checked()
    page.reload()
    expect(chosen).to_be_checked()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^Download")).click()
    download.value.save_as(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        assert json.loads(archive.read("model.json"))["strategy"]["gamma"] == best.gamma


def test_a_model_is_registered_noted_pointed_to_and_compared(
    signed_in: Page, platform: LivePlatform, federation: FederationRecord, run: RunRecord
) -> None:
    """From a run's models to a name with two versions side by side, and to an experiment that begins with it."""
    page = signed_in
    page.goto(f"/runs/{run.id}/model")
    page.get_by_role("button", name="Register").click()
    dialog = page.get_by_role("dialog", name="Register these models")
    dialog.get_by_label("Name").fill("fundus")
    dialog.get_by_label("Aliases").fill("best")
    page.keyboard.press("Enter")
    dialog.get_by_label("Notes").fill("For the screening study.")
    dialog.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="fundus:1", level=1)).to_be_visible()
    expect(page.get_by_test_id("version-notes")).to_contain_text("For the screening study.")
    expect(page.get_by_test_id("version-scores")).to_contain_text("all sites that trained")
    expect(page.get_by_test_id("signature")).to_contain_text("This server signed")

    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Notes", exact=True).fill("Checked by the reading centre.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("version-notes")).to_contain_text("Checked by the reading centre.")
    aliases = page.get_by_test_id("version-aliases")
    aliases.get_by_label("Let an alias point here").fill("in use")
    aliases.get_by_role("button", name="Point").click()
    expect(aliases.get_by_role("button", name="Remove the alias in use")).to_be_visible()
    aliases.get_by_role("button", name="Remove the alias best").click()
    expect(aliases.get_by_role("button", name="Remove the alias best")).to_have_count(0)

    saved = platform.client.send("GET", f"/runs/{run.id}/model.zip", {}, None).content
    path = f"/federations/{federation.id}/models"
    imported = platform.client._send("POST", path, params={"name": "model.zip"}, content=saved).json()
    second = platform.client.post_json(f"/runs/{imported['run_id']}/versions", {"name": "fundus"})
    page.goto(f"/federations/{federation.id}?tab=models")
    for reference in ("fundus:1", "fundus:2"):
        page.get_by_label(f"Compare {reference}").check()
    page.get_by_role("button", name="Compare two").click()
    expect(page.get_by_test_id("version-comparison")).to_contain_text("fundus:2")
    page.reload()
    expect(page.get_by_test_id("version-comparison")).to_contain_text("Notes")
    platform.client.send("DELETE", f"/model-versions/{second['id']}", {}, None)  # other tests count experiments
    platform.client.send("DELETE", f"/experiments/{imported['experiment_id']}", {}, None)
