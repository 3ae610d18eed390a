"""Watching a run: without a reload, paused and resumed, with a site that fails and is rerun, and its log."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.runs.schemas import RunRecord
from fedsm.synthetic_fundus import FUNDUS_TASK, write_fundus_sites
from tests.e2e.conftest import IMAGE_SIDE
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import tiny_config

pytestmark = pytest.mark.e2e

RUN_MS = 240_000
SLUGS = ("aster-clinic", "birch-clinic")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("live")
    slugs = write_fundus_sites(folder, seed=4, image_side=IMAGE_SIDE, num_cases=(12, 12))
    return {slug: folder / slug for slug in slugs}


@pytest.fixture(scope="module")
def federation_id(platform: LivePlatform, folders: dict[str, Path]) -> str:
    return platform.add_federation("Live", FUNDUS_TASK, folders).id


@pytest.fixture
def gone_masks(folders: dict[str, Path], federation_id: str) -> Iterator[Path]:
    """A folder of a checked data set that is not there, as of a network drive that is not mounted."""
    assert federation_id  # its data sets were checked before
    masks = folders["birch-clinic"] / "masks"
    away = Path(f"{masks}-away")
    shutil.move(masks, away)
    yield masks
    if away.exists():
        shutil.move(away, masks)


def config_of(rounds: int) -> ExperimentConfig:
    """Some seconds a round, so that there is something to watch."""
    return tiny_config(
        FedAvgConfig(),
        data={"image_size": 64},
        network={"channels": (8, 16), "num_residual_units": 1},
        schedule={"rounds": rounds, "batch_size": 1, "local_epochs": 30},
        minimum_sites=len(SLUGS),
    )


#: Read at once, because rounds pass while the test looks.
TITLE_NAMES_THE_ROUND = """() => {
  const shown = /Round (\\d) of 3/.exec(document.body.innerText);
  return shown !== null && document.title.startsWith(`${shown[1]}/3 · Watched`);
}"""


def start(platform: LivePlatform, federation_id: str, name: str, rounds: int) -> RunRecord:
    federation = platform.client.federation(federation_id)
    return platform.start_experiment(federation, name, config_of(rounds)).runs[0]


def open_run(page: Page, run: RunRecord, **search: str) -> None:
    query = "".join(f"&{name}={value}" for name, value in search.items())
    page.goto(f"/experiments/{run.experiment_id}?run=%22{run.id}%22{query}")


def test_a_run_is_watched_paused_resumed_and_leads_to_its_results(
    signed_in: Page, platform: LivePlatform, federation_id: str
) -> None:
    page = signed_in
    run = start(platform, federation_id, "Watched", rounds=3)
    open_run(page, run)
    expect(page.get_by_test_id("waiting")).to_contain_text(
        re.compile(r"Waiting for: aster-clinic, training( \d+ %)?, \d+ s"), timeout=RUN_MS
    )
    expect(page.get_by_test_id("run-facts")).to_contain_text(re.compile(r"\d sites? at work, \d waiting"))
    page.wait_for_function(TITLE_NAMES_THE_ROUND)

    page.get_by_role("button", name="Pause").click()
    paused = page.get_by_text(re.compile(r"Paused after round \d\. Resume opens the next step\."))
    expect(paused).to_be_visible(timeout=RUN_MS)
    last = platform.client.run(run.id).num_finished_rounds  # the first, unless the machine is slow at drawing pages
    assert 0 < last < 3
    expect(page.get_by_label(re.compile(f"^birch-clinic, round {last}: done"))).to_be_visible()
    expect(page.get_by_label(re.compile(f"^birch-clinic, round {last + 1}: not begun"))).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    finished = page.get_by_role("status").filter(has_text="This run has just finished")
    expect(finished).to_be_visible(timeout=RUN_MS)  # without a reload, and still on the run's page
    expect(page).to_have_title(re.compile("^Done · Watched"))
    expect(page.get_by_test_id("costs").get_by_role("row", name=re.compile("aster-clinic"))).to_contain_text("3")
    finished.get_by_role("link", name="See the results").click()
    expect(page.get_by_test_id("results-table")).to_be_visible()


def test_cancelling_asks_first_and_says_what_is_kept(
    signed_in: Page, platform: LivePlatform, federation_id: str
) -> None:
    page = signed_in
    run = start(platform, federation_id, "Cancelled", rounds=100)  # it does not end by itself meanwhile
    open_run(page, run)
    page.get_by_role("button", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("you can resume from there at any time")
    dialog.get_by_role("button", name="Keep it running").click()
    expect(dialog).to_be_hidden()
    assert platform.client.run(run.id).status in ("queued", "running")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_test_id("waiting")).to_contain_text("Cancelled in round")


def test_a_failed_site_says_why_and_is_rerun(
    signed_in: Page, platform: LivePlatform, federation_id: str, gone_masks: Path
) -> None:
    page = signed_in
    masks = gone_masks
    run = start(platform, federation_id, "A folder is gone", rounds=2)
    open_run(page, run)
    failure = page.get_by_test_id("failure")
    expect(failure).to_contain_text("birch-clinic could not train in round 1: data cannot be read", timeout=RUN_MS)
    expect(failure).to_contain_text(str(masks))
    expect(failure).to_contain_text("What to do: Mount the data set's folder again")
    expect(failure).to_contain_text(re.compile(r"Attempt 1 · worker .* · correlation id [0-9a-f]{8}"))
    failure.get_by_role("button", name="Technical detail").click()
    expect(failure.get_by_text(re.compile("Traceback"))).to_be_visible()
    errors_of_birch(page)

    shutil.move(f"{masks}-away", masks)
    failure.get_by_role("button", name="Rerun this site").click()
    expect(page.get_by_text("This run has just finished")).to_be_visible(timeout=RUN_MS)
    trained = [task for task in platform.client.run_tasks(run.id) if task.kind == "train_site" and task.round == 1]
    assert {task.participant: task.attempt for task in trained} == {"aster-clinic": 1, "birch-clinic": 2}
    look_at_a_task(page)


def errors_of_birch(page: Page) -> None:
    """The log's filters are in the address: a reload, or somebody else's browser, shows the same lines."""
    log = page.get_by_test_id("log")
    lines = log.get_by_role("log")
    log.get_by_role("combobox", name="Site of the log").click()
    page.get_by_role("option", name="birch-clinic").click()
    log.get_by_role("combobox", name="Level of the log").click()
    page.get_by_role("option", name="Errors", exact=True).click()
    expect(lines).to_contain_text("is not there: put it back")
    expect(lines).not_to_contain_text("aster-clinic")
    page.reload()
    expect(lines).to_contain_text("is not there: put it back")
    log.get_by_label("Text of the log").fill("words that no line has")
    expect(log).to_contain_text("No line fits these filters")
    file = log.get_by_role("link", name="Download as text").get_attribute("href") or ""
    assert "logText" not in file
    assert "level=error" in file
    log.get_by_role("button", name="Show everything").click()
    expect(lines).to_contain_text(re.compile(r"trained \d+ steps on \d+ cases"))


def look_at_a_task(page: Page) -> None:
    """By keyboard: the arrows move, Enter opens, and the address leads back to it."""
    page.get_by_label(re.compile("^aster-clinic, round 1: done")).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label(re.compile("^birch-clinic, round 1: done"))).to_be_focused()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="birch-clinic, round 1")
    expect(panel.get_by_role("row", name="Attempt 2")).to_be_visible()
    expect(panel.get_by_role("log")).to_contain_text(re.compile(r"\d+ training, \d+ validation"))
    page.reload()
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_curves_keep_their_look_in_the_address(signed_in: Page, platform: LivePlatform, federation_id: str) -> None:
    page = signed_in
    federation = platform.client.federation(federation_id)
    run = await_experiment(platform, platform.start_experiment(federation, "Curves", config_of(2))).runs[0]
    open_run(page, run)
    curves = page.get_by_test_id("curves")
    expect(curves.get_by_role("img", name=re.compile("Training loss"))).to_be_visible()
    curves.get_by_role("button", name="birch-clinic").click()
    curves.get_by_text("Log loss").click()
    slider = curves.get_by_role("slider", name="Smoothing of the curves")
    slider.press("End")
    expect(page).to_have_url(re.compile(r"hide=.*birch-clinic"))
    expect(page).to_have_url(re.compile(r"scale=log"))
    expect(page).to_have_url(re.compile(r"smooth=0\.99"))
    curves.get_by_role("slider", name="First round shown").press("ArrowRight")
    expect(page).to_have_url(re.compile(r"from=1&to=2"))
    page.reload()
    expect(curves.get_by_test_id("rounds-shown")).to_have_text("1 to 2")
    curves.get_by_role("button", name="All rounds").click()
    expect(page).not_to_have_url(re.compile(r"from="))
    expect(curves.get_by_test_id("rounds-shown")).to_have_text("0 to 2")
    expect(curves.get_by_role("button", name="birch-clinic")).to_have_attribute("aria-pressed", "false")
    expect(slider).to_have_attribute("aria-valuenow", "0.99")
    with page.expect_download() as download:
        curves.get_by_role("button", name="CSV").click()
    text = Path(download.value.path()).read_text()
    assert text.startswith("measure,split,model,site,round,value\n")
    assert "loss,train,global,birch-clinic,1," in text
