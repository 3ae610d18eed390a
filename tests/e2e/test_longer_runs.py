"""A finished experiment goes on: more rounds, more runs, a test on other data, a model file out and in, and a run that
begins with it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backend.contracts.methods.references import FedAvgConfig
from backend.federations.schemas import FederationRecord
from backend.runs.schemas import RunRecord
from tests.e2e.test_main_job import open_step
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import TASK, tiny_config, write_sites

pytestmark = pytest.mark.e2e

RUN_MS = 240_000
#: A tab that nobody looks at, which a browser without windows does not have; what it tells is also kept in `told`.
TAB_BEHIND = """
  window.told = [];
  window.Notification = class extends window.Notification {
    constructor(title, options) {
      super(title, options);
      window.told.push(title);
    }
  };
  Object.defineProperty(document, "hidden", { get: () => true });
"""


@pytest.fixture(scope="module")
def tiny(platform: LivePlatform, tmp_path_factory: pytest.TempPathFactory) -> FederationRecord:
    sites = write_sites(tmp_path_factory.mktemp("tiny"))
    return platform.add_federation("Goes on", TASK, sites)


@pytest.fixture(scope="module")
def run(platform: LivePlatform, tiny: FederationRecord) -> RunRecord:
    done = await_experiment(platform, platform.start_experiment(tiny, "To go on", tiny_config(FedAvgConfig())))
    assert done.runs[0].failure is None
    return done.runs[0]


def test_a_completed_run_is_given_more_rounds(signed_in: Page, platform: LivePlatform, run: RunRecord) -> None:
    page = signed_in
    page.goto(f"/experiments/{run.experiment_id}?run={run.id}")
    page.get_by_role("button", name="Train more rounds").click()
    dialog = page.get_by_role("dialog")
    rounds = dialog.get_by_label("Rounds in all")
    expect(rounds).to_have_value("4")
    rounds.fill("2")
    expect(dialog.get_by_text("Choose a whole number from 3 to 1000")).to_be_visible()
    rounds.fill("3")
    expect(dialog.get_by_test_id("extension-notes")).to_contain_text("to the bit")
    dialog.get_by_role("button", name="Train round 3").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("Given round 3 after its end.")).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_role("button", name="Train more rounds")).to_be_visible(timeout=RUN_MS)
    assert platform.client.run(run.id).num_rounds == 3


def test_a_model_is_tested_on_other_data(
    signed_in: Page, platform: LivePlatform, run: RunRecord, tmp_path: Path
) -> None:
    platform.add_federation("Elsewhere", TASK, {"new-clinic": write_sites(tmp_path / "new", seed=5)["site-b"]})
    page = signed_in
    page.goto(f"/runs/{run.id}/model")
    tests = page.get_by_test_id("model-tests")
    expect(tests).to_contain_text("Not tested on other data yet.")
    tests.get_by_role("button", name="Test on other data").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Federation").or_(dialog.get_by_label("Federation")).first.click()
    page.get_by_role("option", name="Elsewhere").click()
    dialog.get_by_label("Data sets").first.click()
    page.get_by_role("option", name=re.compile("new-clinic: cases")).click()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Test on 1 data set").click()
    page.wait_for_url(re.compile("/experiments/(?!" + run.experiment_id + ")"))
    expect(page.get_by_text("Completed").first).to_be_visible(timeout=RUN_MS)
    page.goto(f"/runs/{run.id}/model")
    link = tests.get_by_role("link")
    expect(link).to_have_count(1)
    link.click()
    expect(page.get_by_test_id("results-notes")).to_contain_text("the round of the tested model")
    expect(page.get_by_role("heading", name="Learning curves")).to_have_count(0)


def test_a_model_file_comes_in_again_and_a_run_begins_with_it(
    signed_in: Page, platform: LivePlatform, tiny: FederationRecord, run: RunRecord, tmp_path: Path
) -> None:
    page = signed_in
    page.goto(f"/runs/{run.id}/model")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^Download")).click()
    archive = tmp_path / "model.zip"
    download.value.save_as(archive)
    page.goto(f"/federations/{tiny.id}?tab=models")
    page.set_input_files("input[type=file]", archive)
    page.wait_for_url(re.compile(r"/runs/(?!" + run.id + r")\w+/model"), timeout=RUN_MS)
    imported = page.url.split("/runs/")[1].split("/")[0]
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(archive.read_bytes()[:200])
    page.goto(f"/federations/{tiny.id}?tab=models")
    page.set_input_files("input[type=file]", damaged)
    expect(page.get_by_text("The model could not be imported")).to_be_visible()
    page.goto(f"/federations/{tiny.id}/experiments/new")
    open_step(page, "Network and schedule")
    page.get_by_label("Training begins with").first.click()
    options = page.get_by_role("option")
    expect(options.first).to_have_text("Random weights, drawn from the seed")
    page.get_by_role("option", name=re.compile("^Imported: To go on: FedAvg, seed 0")).click()
    expect(page.get_by_text("Each site begins with its own personalized model where there is one")).to_be_visible()
    assert platform.client.run(imported).id == imported


def test_a_seed_is_added_to_a_finished_experiment_and_another_tab_tells_of_its_end(
    signed_in: Page, platform: LivePlatform, run: RunRecord
) -> None:
    """What is trained stays: only the new seed is."""
    page, before = signed_in, platform.client.run(run.id)
    page.context.grant_permissions(["notifications"], origin=platform.client.server)
    page.goto(f"/experiments/{run.experiment_id}")
    page.get_by_role("button", name="admin", exact=True).click()
    page.get_by_role("menuitem", name="Tell when runs end").click()
    behind = page.context.new_page()
    behind.add_init_script(TAB_BEHIND)
    behind.goto("/tokens")
    expect(behind.get_by_role("heading", name="Access tokens")).to_be_visible()

    page.get_by_role("button", name="Add runs").click()
    dialog = page.get_by_role("dialog")
    seeds = dialog.get_by_label("Add seeds").and_(dialog.locator("input"))
    seeds.fill("1")
    seeds.press("Enter")
    expect(dialog.get_by_test_id("added-count")).to_have_text(
        "1 new run, on the data of the other runs. What is trained stays as it is."
    )
    dialog.get_by_role("button", name="Add 1 run").click()
    expect(dialog).to_be_hidden()
    behind.wait_for_function("() => window.told.length > 0", timeout=RUN_MS)
    assert behind.evaluate("() => window.told") == ["FedAvg, seed 1 is finished"]
    first, added = platform.client.experiment(run.experiment_id).runs
    assert (first.finished_at, added.seed, added.status) == (before.finished_at, 1, "completed")
