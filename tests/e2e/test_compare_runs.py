"""Two runs of different experiments side by side: chosen, read, kept in the address."""

import re

import pytest
from playwright.sync_api import Page, expect

from backend.contracts.methods.one_global import FedProxConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import tiny_config

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def experiments(platform: LivePlatform, federation: FederationRecord) -> list[ExperimentRecord]:
    return [
        await_experiment(platform, platform.start_experiment(federation, name, tiny_config(strategy)))
        for name, strategy in (("Averaged", FedAvgConfig()), ("Held near", FedProxConfig()))
    ]


def test_two_runs_are_compared(
    signed_in: Page, federation: FederationRecord, experiments: list[ExperimentRecord], platform: LivePlatform
) -> None:
    page = signed_in
    page.goto(f"/federations/{federation.id}?tab=experiments")
    page.get_by_role("link", name="Compare runs").click()
    expect(page.get_by_role("heading", name="No run is chosen")).to_be_visible()
    picker = page.get_by_role("combobox", name="Runs")
    for experiment, label in zip(experiments, ("FedAvg, seed 0", "FedProx, seed 0"), strict=True):
        picker.click()
        option = page.locator(f"[role=option][value='{experiment.runs[0].id}']")
        expect(option).to_have_text(label)
        option.click()
    parameters = page.get_by_test_id("parameters")
    expect(parameters.get_by_role("row", name=re.compile("strategy.name"))).to_contain_text("fedprox")
    expect(parameters).not_to_contain_text("schedule.batch_size")
    page.keyboard.press("Escape")
    page.get_by_label("Equal settings too").check()
    expect(parameters).to_contain_text("schedule.batch_size")
    page.reload()
    expect(parameters).to_contain_text("schedule.batch_size")
    row = page.get_by_test_id("compared-scores").get_by_role("row").last
    answer = platform.client.compare_runs(
        federation.id, [experiment.runs[0].id for experiment in experiments], "dice", "best"
    )
    for score in answer.rows[-1].scores:
        expect(row).to_contain_text(f"{score.mean:.3f}")
    page.get_by_role("link", name="FedProx, seed 0").first.click()
    expect(page.get_by_role("heading", name="Held near")).to_be_visible()


def test_a_view_of_the_runs_is_saved_and_there_again_after_a_reload(
    signed_in: Page, federation: FederationRecord, experiments: list[ExperimentRecord]
) -> None:
    page, name = signed_in, experiments[0].name
    runs = f"/federations/{federation.id}?tab=experiments&list=runs"
    page.goto(f"{runs}&find={name}&group=method")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Save this view").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Averages, by method")
    page.keyboard.press("Enter")
    view = page.get_by_role("button", name="Averages, by method")
    expect(view).to_be_visible()
    page.goto(runs)
    find = page.get_by_label("Find", exact=True)
    expect(find).to_have_value("")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Averages, by method", exact=True).click()
    expect(find).to_have_value(name)
    page.reload()
    expect(view).to_be_visible()
    expect(page.get_by_test_id("runs-table")).to_contain_text("FedAvg")
    expect(page.get_by_test_id("runs-table")).not_to_contain_text("FedProx")
