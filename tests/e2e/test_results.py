"""The results of an experiment: what is missing is said, the table is exported as shown, the address holds it all."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backend import VERSION
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.one_global import FedProxConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.selector_configs import LdaSelector
from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from tests.conftest import wait_until
from tests.e2e.conftest import DEFAULT_WAIT_MS
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import tiny_config

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def partial(platform: LivePlatform, federation: FederationRecord) -> ExperimentRecord:
    """Two methods are tested; the third run was cancelled."""
    config = tiny_config(FedAvgConfig(), FedSMConfig(selector=LdaSelector(minimum_cases=2)), FedProxConfig())
    experiment = platform.client.create_experiment(federation.id, "Three methods", config)
    (prox,) = [run for run in experiment.runs if run.strategy_label == "FedProx"]
    platform.client.act_on_run(prox.id, "cancel")
    return await_experiment(platform, platform.client.start_experiment(experiment.id))


def test_a_partial_experiment_says_what_is_missing(signed_in: Page, partial: ExperimentRecord) -> None:
    page = signed_in
    page.goto(f"/experiments/{partial.id}?run=results")
    note = page.get_by_test_id("partial-results")
    expect(note).to_contain_text("2 of 3 runs are in these numbers")
    expect(note.get_by_role("link", name="FedProx was cancelled")).to_be_visible()
    line = page.get_by_test_id("provenance")
    expect(line).to_contain_text("Made by admin")
    expect(line).to_contain_text(f"run with FedSM Studio {VERSION}")
    line.get_by_role("button", name="4 data sets").click()
    expect(page.get_by_role("dialog")).to_contain_text("Fingerprints")
    page.set_viewport_size({"width": 1920, "height": 1080})
    wait_until(
        lambda: (page.get_by_test_id("results-table").bounding_box() or {"width": 0})["width"] > 1750,
        DEFAULT_WAIT_MS / 1000,
        "a table that takes the width of a large screen",
    )


def test_the_table_is_exported_as_it_is_shown(
    signed_in: Page, partial: ExperimentRecord, platform: LivePlatform, tmp_path: Path
) -> None:
    page = signed_in
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=platform.client.server)
    page.goto(f"/experiments/{partial.id}?run=results")
    table = page.get_by_test_id("results-table")
    table.get_by_role("button", name="All sites: sort").click()
    page.wait_for_url(lambda url: "sort=all" in url)
    expect(table).to_contain_text("baseline")
    expect(table.get_by_role("button", name="All sites, best first: sort")).to_be_visible()
    shown = [row.inner_text() for row in table.locator("tbody tr").all()]
    page.reload()
    expect(table.locator("tbody tr")).to_have_count(len(shown))
    expect(table.get_by_role("button", name="All sites, best first: sort")).to_be_visible()
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as started:
        page.get_by_role("menuitem", name="This table as CSV").click()
    file = tmp_path / "table.csv"
    started.value.save_as(file)
    rows = list(csv.DictReader(file.open()))
    assert len(rows) == len(shown)
    for row, text in zip(rows, shown, strict=True):
        if row["All sites mean"]:
            assert f"{float(row['All sites mean']):.3f}" in text
        assert ("baseline" in text) == (row["method"] == "FedAvg")
    page.get_by_role("button", name="Download").click()
    page.get_by_role("menuitem", name="Copy this table as LaTeX").click()
    expect(page.get_by_text("The LaTeX table is on the clipboard.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    query = {"metric": "dice", "baseline": "FedAvg", "model": "global", "sort": "all", "order": "best"}
    assert copied == platform.client.export(partial.id, "results.tex", **query)
    assert r"\dagger$: differs from FedAvg (global)" in copied


def test_the_threshold_is_moved_by_the_keyboard_and_survives_a_reload(
    signed_in: Page, partial: ExperimentRecord
) -> None:
    page = signed_in
    page.goto(f"/experiments/{partial.id}?run=results&gamma=0.5")
    readout = page.get_by_test_id("gamma-readout")
    expect(readout).to_contain_text("\u03b3 = 0.5")
    expect(page.get_by_test_id("certainty-by-site")).to_be_visible()
    slider = page.get_by_role("slider", name="Threshold gamma")
    slider.focus()
    page.keyboard.press("End")
    expect(readout).to_contain_text("every case by the global model")
    page.wait_for_url(lambda url: "gamma=1" in url)
    page.reload()
    expect(readout).to_contain_text("\u03b3 = 1")
