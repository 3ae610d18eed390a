"""Setting up an experiment from nothing: every step, a draft that survives, a file out and in, a copy, a dry run."""

import re
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Locator, Page, expect

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.federations.schemas import FederationRecord
from tests.e2e.test_main_job import open_step, step_of
from tests.integration.live_platform import LivePlatform
from tests.integration.tiny_data import tiny_config

pytestmark = pytest.mark.e2e

DRY_RUN_MS = 240_000


@pytest.fixture
def setup(signed_in: Page, federation: FederationRecord) -> Page:
    signed_in.goto(f"/federations/{federation.id}/experiments/new")
    expect(signed_in.get_by_role("heading", name="What is asked, and where")).to_be_visible()
    return signed_in


def make_small(page: Page) -> None:
    open_step(page, "Data")
    page.get_by_label("Image size", exact=True).fill("64")
    open_step(page, "Network and schedule")
    page.get_by_label("Rounds", exact=True).fill("2")
    page.get_by_label("Batch size", exact=True).fill("4")
    page.get_by_label("Channels", exact=True).fill("4, 8")


def import_text(page: Page, text: str) -> None:
    page.get_by_role("button", name="File", exact=True).click()
    page.get_by_role("menuitem", name="Import YAML").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("YAML").fill(text)
    dialog.get_by_role("button", name="Import", exact=True).click()


def test_a_draft_survives_a_reload_and_can_be_discarded(setup: Page) -> None:
    page = setup
    page.get_by_label("Name", exact=False).first.fill("Half done")
    page.get_by_role("radiogroup", name="Role of dogwood-clinic").get_by_text("Held out").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="How images are prepared")).to_be_focused()
    page.get_by_label("Image size", exact=True).fill("96")
    expect(page.get_by_text("data.image_size")).to_be_visible()
    page.reload()
    expect(page.get_by_text("This is your draft")).to_be_visible()
    expect(page.get_by_label("Image size", exact=True)).to_have_value("96")
    page.get_by_role("button", name="Set Image size back to its default").click()
    expect(page.get_by_label("Image size", exact=True)).to_have_value("256")
    open_step(page, "Task and sites")
    held_out = page.get_by_role("radiogroup", name="Role of dogwood-clinic").get_by_label("Held out")
    expect(held_out).to_be_checked()
    page.get_by_role("button", name="File", exact=True).click()
    page.get_by_role("menuitem", name="Discard the draft").click()
    page.get_by_role("button", name="Discard the draft").click()
    expect(page.get_by_label("Name", exact=False).first).to_have_value("")
    expect(held_out).not_to_be_checked()
    page.reload()
    expect(page.get_by_text("This is your draft")).to_be_hidden()


def test_a_file_goes_out_and_comes_in_and_a_wrong_one_is_refused_with_its_line(setup: Page, tmp_path: Path) -> None:
    page = setup
    make_small(page)
    open_step(page, "Task and sites")
    page.get_by_label("Name", exact=False).first.fill("Written out")
    with page.expect_download() as download:
        page.get_by_role("button", name="File", exact=True).click()
        page.get_by_role("menuitem", name="Download as YAML").click()
    download.value.save_as(tmp_path / "x.yaml")
    text = (tmp_path / "x.yaml").read_text()
    content = yaml.safe_load(text)
    assert (content["name"], content["config"]["data"]["image_size"]) == ("Written out", 64)

    wrong = text.replace("rounds: 2", "rounds: -2")
    line = next(number for number, row in enumerate(wrong.splitlines(), 1) if "rounds: -2" in row)
    import_text(page, wrong)
    problem = page.get_by_role("dialog").get_by_role("alert")
    expect(problem).to_contain_text("config.schedule.rounds = -2")
    expect(problem).to_contain_text(re.compile(rf"Line ({line}|{line - 1}|{line - 2})"))
    page.get_by_role("dialog").get_by_label("YAML").fill(text.replace("Written out", "Come in"))
    page.get_by_role("dialog").get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_label("Name", exact=False).first).to_have_value("Come in")


def test_a_template_a_search_and_the_references_in_one_click(setup: Page) -> None:
    page = setup
    page.get_by_role("button", name="Use Quick look").click()
    expect(page.get_by_label("Name", exact=False).first).to_have_value("Quick look")
    expect(page.get_by_role("button", name="Use Quick look")).to_have_text("In use")
    expect(page.get_by_test_id("template-notes")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Name", exact=False).first).to_have_value("")
    page.get_by_role("button", name="Use Quick look").click()
    open_step(page, "Methods")
    page.get_by_label("Find a method").fill("scaffold")
    expect(page.get_by_label("SCAFFOLD")).to_be_visible()
    expect(page.get_by_label("FedNova")).to_be_hidden()
    expect(page.get_by_label("FedSM", exact=True)).to_be_checked()  # what is chosen stays in sight
    page.get_by_role("button", name="Add the references").click()
    expect(page.get_by_label("Local-only")).to_be_checked()
    expect(page.get_by_label("Centralized")).to_be_checked()
    expect(page.get_by_role("button", name="Add the references")).to_be_disabled()


def test_dry_run_then_create_then_clone(setup: Page, federation: FederationRecord, platform: LivePlatform) -> None:
    page = setup
    page.get_by_label("Name", exact=False).first.fill("The original")
    make_small(page)
    open_step(page, "Methods")
    for name in ("FedSM", "Local-only", "Centralized"):
        page.get_by_label(name, exact=True).uncheck()
    open_step(page, "Review")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_test_id("estimate")).to_contain_text("1 run: about", timeout=DRY_RUN_MS)
    expect(page.get_by_test_id("estimate")).to_contain_text(re.compile("sent by the sites"))
    sites = page.get_by_role("table", name="Dry run at each site")
    expect(sites.get_by_role("row")).to_have_text([re.compile(r"Runs: \d+ MiB")] * 4)
    page.reload()
    expect(page.get_by_test_id("estimate")).to_contain_text("1 run: about")
    page.get_by_role("button", name="Create without starting").click()
    expect(page.get_by_role("heading", name="The original")).to_be_visible()

    page.get_by_role("button", name="Actions of The original").click()
    page.get_by_role("menuitem", name="Clone").click()
    expect(page.get_by_text("A copy of The original")).to_be_visible()
    expect(page.get_by_label("Name", exact=False).first).to_have_value("The original (copy)")
    page.get_by_label("Description").fill("What is kept of a copy")
    page.reload()
    expect(page.get_by_label("Description")).to_have_value("What is kept of a copy")
    open_step(page, "Review")
    expect(page.get_by_text("1 run on 4 sites with data")).to_be_visible()
    expect(page.get_by_text("data.image_size")).to_be_visible()
    expect(page.get_by_test_id("differs-from-original")).to_contain_text("it would train the same runs again")
    page.get_by_role("button", name="Create without starting").click()
    expect(page.get_by_role("heading", name="The original (copy)")).to_be_visible()
    first, second = sorted(
        (e for e in platform.client.experiments(federation.id) if e.name.startswith("The original")),
        key=lambda experiment: experiment.created_at,
    )
    assert first.config == second.config


def test_several_values_make_a_grid_whose_count_and_cost_are_shown_first(
    setup: Page, federation: FederationRecord, platform: LivePlatform
) -> None:
    page = setup
    page.get_by_label("Name", exact=False).first.fill("How fast")
    make_small(page)
    page.get_by_role("button", name="Several values of Learning rate", exact=True).click()
    rate = page.get_by_label("Learning rate", exact=True)
    rate.fill("0.001, 7")
    expect(page.get_by_text("less than or equal to 1, got 7").first).to_be_visible()
    expect(step_of(page, "Network and schedule")).to_contain_text("1 problem")
    rate.fill("0.001 to 0.003 by 0.002")
    open_step(page, "Methods")
    for name in ("FedSM", "Local-only", "Centralized"):
        page.get_by_label(name, exact=True).uncheck()
    expect(page.get_by_test_id("sweep-count")).to_have_text("The sweep makes 2 experiments, 2 runs, 4 rounds.")
    page.reload()  # the grid is part of the draft
    open_step(page, "Review")
    expect(page.get_by_role("table", name="Experiments of the sweep").get_by_role("row")).to_have_count(3)
    page.get_by_role("button", name="Try 2 experiments").click()
    expect(page.get_by_test_id("sweep-cost")).to_contain_text("2 runs: about", timeout=DRY_RUN_MS)
    page.get_by_role("button", name="Create 2 experiments without starting").click()
    runs = page.get_by_test_id("runs-table").get_by_role("row")
    expect(runs.filter(has_text=re.compile("How fast .*0.001"))).to_be_visible()
    expect(runs.filter(has_text=re.compile("How fast .*0.003"))).to_be_visible()
    made = [entry for entry in platform.client.experiments(federation.id) if entry.name.startswith("How fast")]
    assert sorted(entry.config.schedule.learning_rate for entry in made) == [0.001, 0.003]
    assert not any(entry.started_at for entry in made)


def test_a_thousand_runs_are_drawn_as_quickly_as_ten(
    signed_in: Page, federation: FederationRecord, platform: LivePlatform
) -> None:
    """Five experiments of ten methods and twenty seeds; none is started. Archived together, and taken back."""
    page = signed_in
    config = {
        "strategies": [{"name": "fedprox", "mu": number / 100} for number in range(1, 11)],
        "seeds": list(range(20)),
    }
    made = [
        platform.client.create_experiment(federation.id, f"Thousand {number}", ExperimentConfig.model_validate(config))
        for number in range(5)
    ]
    page.goto(f"/federations/{federation.id}?tab=experiments&list=runs&find=thousand")
    table = page.get_by_test_id("runs-table")
    expect(table).to_have_attribute("aria-rowcount", "1001")
    rows = table.locator("tbody tr")
    assert rows.count() < 60, "only those in sight are drawn"
    table.evaluate("table => { table.parentElement.scrollTop = table.parentElement.scrollHeight }")
    last = table.get_by_role("checkbox", name=re.compile(r"^FedProx \(mu 0.1\), seed 19 of Thousand 0$"))
    expect(last).to_be_visible()
    assert rows.count() < 60, "also at the end"
    page.get_by_label("Find", exact=True).fill("thousand seed=7")
    expect(table).to_have_attribute("aria-rowcount", "51")
    page.get_by_label("All runs that are listed").check()
    page.get_by_test_id("chosen-runs").get_by_role("button", name="Archive 5 experiments").click()
    expect(page.get_by_text("No run is like that.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(table).to_have_attribute("aria-rowcount", "51")
    for experiment in made:
        platform.client.delete_experiment(experiment.id)


def test_experiments_are_archived_found_and_deleted(
    signed_in: Page, federation: FederationRecord, platform: LivePlatform
) -> None:
    page = signed_in
    platform.client.create_experiment(federation.id, "To be archived", tiny_config(FedAvgConfig()))
    page.goto(f"/federations/{federation.id}?tab=experiments")
    page.get_by_role("button", name="Actions of To be archived", exact=True).click()
    page.get_by_role("menuitem", name="Archive").click()
    row = page.get_by_role("row", name=re.compile("To be archived \\d run"))
    expect(row).to_be_hidden()
    page.get_by_label("Archived").check()
    expect(row).to_be_visible()
    expect(page).to_have_url(re.compile("archived=true"))
    page.get_by_role("button", name="Actions of To be archived", exact=True).click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete the experiment").click()
    expect(row).to_be_hidden()
    assert "To be archived" not in [entry.name for entry in platform.client.experiments(federation.id)]


def test_steps_show_where_the_problems_are(setup: Page) -> None:
    page = setup
    open_step(page, "Network and schedule")
    page.get_by_label("Rounds", exact=True).fill("0")
    expect(step_of(page, "Network and schedule")).to_contain_text("1 problem")
    open_step(page, "Review")
    page.get_by_role("alert").get_by_role("button", name="Network and schedule").click()
    expect(page.get_by_label("Rounds", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("step=training"))
    page.get_by_label("Rounds", exact=True).fill("4")
    page.get_by_role("combobox", name="Learning rate schedule").click()
    page.get_by_role("option", name="cosine").click()
    open_step(page, "Review")
    expect(page.get_by_role("note")).to_contain_text("Schedule \u203a Learning rate schedule = cosine")
    expect(page.get_by_text("Give the experiment a name")).to_be_visible()  # a warning refuses nothing
    expect(page.get_by_role("button", name="Try it")).to_be_enabled()


def test_set_up_and_started_with_the_keyboard_alone(
    setup: Page, federation: FederationRecord, platform: LivePlatform
) -> None:
    page = setup
    keys = page.keyboard
    tab_to(page, page.get_by_label("Name", exact=False).first)
    keys.type("By hand")
    next_step(page, "How images are prepared")
    tab_to(page, page.get_by_label("Image size", exact=True))
    keys.type("64")  # a field reached by Tab is selected whole
    next_step(page, "What is trained, and for how long")
    tab_to(page, page.get_by_label("Channels", exact=True))
    keys.type("4, 8")
    tab_to(page, page.get_by_label("Rounds", exact=True))
    keys.type("5000")
    expect(page.get_by_text("Remedy: give a value at most 1000").first).to_be_visible()
    keys.press("Control+a")
    keys.type("1")
    tab_to(page, page.get_by_label("Batch size", exact=True))
    keys.type("4")
    next_step(page, "Which methods are compared")
    for name in ("FedSM", "Local-only", "Centralized"):
        tab_to(page, page.get_by_label(name, exact=True))
        keys.press("Space")
    next_step(page, "What will happen")
    expect(page.get_by_text("1 run on 4 sites with data")).to_be_visible()
    start = page.get_by_role("button", name="Create and start")
    expect(start).to_be_enabled()
    tab_to(page, start)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="By hand")).to_be_visible()
    (made,) = (entry for entry in platform.client.experiments(federation.id) if entry.name == "By hand")
    assert made.started_at is not None
    assert [strategy.name for strategy in made.config.strategies] == ["fedavg"]
    assert (made.config.schedule.rounds, made.config.data.image_size) == (1, 64)
    expect(page.get_by_text("Completed").first).to_be_visible(timeout=DRY_RUN_MS)


def next_step(page: Page, title: str) -> None:
    """By keyboard. The step's heading takes the focus when it comes, wherever Tab has led meanwhile."""
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name=title)).to_be_focused()


def tab_to(page: Page, wanted: Locator, most: int = 60) -> None:
    """Presses Tab until the element has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {wanted} in {most} steps")
