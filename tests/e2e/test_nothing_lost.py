"""Nothing is lost: without a network, in two tabs, by a click on all runs, by a wrong folder."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backend.contracts.methods.one_global import FedProxConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.datasets.schemas import DatasetCreate
from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from fedsm.synthetic_fundus import FUNDUS_TASK
from tests.conftest import wait_until
from tests.integration.live_platform import LivePlatform
from tests.integration.tiny_data import TASK, tiny_config, write_sites

pytestmark = pytest.mark.e2e

RUN_MS = 240_000
SITES = ("site-a", "site-b")


@pytest.fixture(scope="module")
def two_sites(platform: LivePlatform, tmp_path_factory: pytest.TempPathFactory) -> FederationRecord:
    folders = write_sites(tmp_path_factory.mktemp("two"))
    return platform.add_federation("Nothing lost", TASK, {site: folders[site] for site in SITES})


def test_without_a_network_it_is_said_and_what_was_not_sent_is_not_sent_later(
    signed_in: Page, platform: LivePlatform
) -> None:
    """Also on the way to a page whose code may not have come yet."""
    page = signed_in
    federation = platform.client.create_federation("Left as it is", "", FUNDUS_TASK)
    page.goto(f"/federations/{federation.id}")
    actions = page.get_by_role("button", name=f"Actions of {federation.name}")
    actions.wait_for()
    page.context.set_offline(True)
    line = page.get_by_text("No connection. What you see may be out of date")
    expect(line).to_be_visible()
    actions.click()
    page.get_by_role("menuitem", name="Archive").click()
    page.get_by_role("button", name="Archive federation").click()
    expect(page.get_by_text("Nothing was sent: try again when it is back.").first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Activity").click()
    expect(line).to_be_visible()
    page.context.set_offline(False)
    expect(line).to_be_hidden()
    expect(page.get_by_role("heading", name="Activity")).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text("Left as it is")
    assert platform.client.federation(federation.id).archived_at is None


def test_a_draft_in_two_tabs_warns_and_gives_what_the_other_has(signed_in: Page, federation: FederationRecord) -> None:
    address = f"/federations/{federation.id}/experiments/new"
    one = signed_in
    one.goto(address)
    one.get_by_label("Name", exact=False).first.fill("From the first tab")
    other = one.context.new_page()
    other.goto(address)
    name = other.get_by_label("Name", exact=False).first
    expect(name).to_have_value("From the first tab")
    name.fill("From the second tab")
    expect(one.get_by_text("Another tab changes the same draft")).to_be_visible()
    expect(one.get_by_label("Name", exact=False).first).to_have_value("From the first tab")
    one.get_by_role("button", name="Take what the other tab has").click()
    expect(one.get_by_label("Name", exact=False).first).to_have_value("From the second tab")


def test_all_runs_are_cancelled_after_asking_resumed_by_one_click_and_one_is_ended_where_it_stands(
    signed_in: Page, platform: LivePlatform, two_sites: FederationRecord
) -> None:
    page = signed_in
    config = tiny_config(FedAvgConfig(), FedProxConfig(), schedule={"rounds": 1000, "batch_size": 4}, minimum_sites=2)
    experiment = platform.start_experiment(two_sites, "Stopped", config)

    def fresh() -> ExperimentRecord:
        return platform.client.experiment(experiment.id)

    wait_until(lambda: all(run.num_finished_rounds for run in fresh().runs), 60, "a round of each run")
    page.goto(f"/experiments/{experiment.id}")
    expect(page.get_by_test_id("run-curves").get_by_role("img", name="Validation Dice against rounds")).to_be_visible()
    page.get_by_role("button", name="Cancel all runs").click()
    dialog = page.get_by_role("dialog", name="Cancel 2 runs of Stopped?")
    dialog.get_by_role("button", name="Keep them running").click()
    expect(dialog).to_be_hidden()
    assert {run.status for run in fresh().runs} <= {"queued", "running"}
    page.get_by_role("button", name="Cancel all runs").click()
    dialog.get_by_role("button", name="Cancel all runs").click()
    resume = page.get_by_role("button", name="Resume all")
    resume.click(timeout=RUN_MS)
    expect(resume).to_be_hidden()
    assert {run.status for run in fresh().runs} <= {"queued", "running"}

    platform.client.cancel_experiment(experiment.id)
    run = experiment.runs[0]
    page.goto(f"/experiments/{experiment.id}?run={run.id}")
    page.get_by_role("button", name="End here").click()
    page.get_by_role("dialog").get_by_role("button", name="Test the best round so far").click()
    page.get_by_role("link", name="See the results").click(timeout=RUN_MS)
    table = page.get_by_test_id("results-table")
    expect(table.get_by_role("row", name="FedAvg")).to_contain_text("0.")
    ended = platform.client.run(run.id)
    assert (ended.status, ended.num_rounds < 1000) == ("completed", True)
    page.goto(f"/runs/{run.id}/model")
    expect(page.get_by_role("link", name="Download (")).to_be_visible()


def test_a_wrong_folder_is_changed(
    signed_in: Page, platform: LivePlatform, two_sites: FederationRecord, tmp_path: Path
) -> None:
    right = write_sites(tmp_path / "right", seed=9)["site-b"]
    wrong = tmp_path / "wrong"
    (wrong / "images").mkdir(parents=True)
    dataset = platform.client.register_dataset(two_sites.sites[0].id, DatasetCreate(name="Mistyped", folder=str(wrong)))
    platform.await_check(dataset.id)
    page = signed_in
    page.goto(f"/datasets/{dataset.id}")
    page.get_by_role("button", name="Actions of Mistyped").click()
    page.get_by_role("menuitem", name="Change folder").click()
    dialog = page.get_by_role("dialog", name="Change the folder")
    dialog.get_by_role("textbox", name="Folder").fill(str(right))
    dialog.get_by_role("button", name="Check this folder").click()
    expect(page.get_by_test_id("check-sentence")).to_contain_text("All 8 cases used", timeout=RUN_MS)
    assert platform.client.dataset(dataset.id).folder == str(right)
