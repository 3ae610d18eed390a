"""The selector's threshold, moved in a real browser on 5,000 test cases: the numbers follow within 100 ms."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.selector_configs import LdaSelector
from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import tiny_config

pytestmark = pytest.mark.e2e

NUM_CASES = 5000
MAX_MS = 100
STEPS = 20
#: A hand moves on when it has read: what the chart draws meanwhile is not the next step's.
PAUSE_MS = 150
#: Until the page has every table of so many cases.
LOAD_MS = 90_000
#: Presses a key on the slider, and gives the milliseconds until the readout says other numbers.
STEP = """async (key) => {
  const slider = document.querySelector('[role=slider][aria-label="Threshold gamma"]');
  const readout = document.querySelector('[data-testid=gamma-readout]');
  const before = readout.textContent;
  const started = performance.now();
  slider.dispatchEvent(new KeyboardEvent('keydown', { key, code: key, bubbles: true }));
  while (readout.textContent === before && performance.now() - started < 2000)
    await new Promise((resolve) => setTimeout(resolve, 0));
  return performance.now() - started;
}"""


@pytest.fixture(scope="module")
def finished(platform: LivePlatform, federation: FederationRecord) -> ExperimentRecord:
    config = tiny_config(FedSMConfig(selector=LdaSelector(minimum_cases=2)))
    return await_experiment(platform, platform.start_experiment(federation, "Many cases", config))


def database_of(platform: LivePlatform) -> Path:
    (file,) = platform.folder.rglob("fedsm.sqlite3")
    return file


def multiply_cases(platform: LivePlatform, run_id: str) -> int:
    """The run's tested cases again and again under other ids and with other certainties; how many there are then."""
    with closing(sqlite3.connect(database_of(platform))) as database, database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(evaluated_case)")]
        kept = ", ".join(column for column in columns if column not in ("case_id", "name", "probabilities"))
        rows = database.execute("SELECT COUNT(*) FROM evaluated_case WHERE run_id = ?", (run_id,)).fetchone()[0]
        spread = "json_object('aster-clinic', p, 'birch-clinic', (1 - p) * 0.5, 'cedar-clinic', (1 - p) * 0.3, "
        spread += "'dogwood-clinic', (1 - p) * 0.2)"
        database.execute(
            f"""WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {NUM_CASES // rows})
            INSERT INTO evaluated_case (case_id, name, probabilities, {kept})
            SELECT case_id || '-' || n, name || '-' || n, {spread}, {kept}
            FROM (SELECT *, 0.55 + 0.45 * (abs(random()) % 1000) / 1000.0 AS p, n FROM evaluated_case, number
                  WHERE run_id = '{run_id}')"""
        )
        count = database.execute("SELECT COUNT(*) FROM evaluated_case WHERE run_id = ?", (run_id,)).fetchone()[0]
    return int(count)


@pytest.mark.speed
def test_the_threshold_is_rescored_at_once(signed_in: Page, finished: ExperimentRecord, platform: LivePlatform) -> None:
    page, run = signed_in, finished.runs[0]
    assert multiply_cases(platform, run.id) >= NUM_CASES
    page.goto(f"/experiments/{finished.id}?gamma=0.8")
    readout = page.get_by_test_id("gamma-readout")
    expect(readout).to_contain_text("\u03b3 = 0.8", timeout=LOAD_MS)
    expect(page.get_by_test_id("changed-cases")).to_contain_text("served by another model")
    before = readout.inner_text()
    times = []
    for step in range(2 * STEPS):
        times.append(float(page.evaluate(STEP, "ArrowRight" if step < STEPS and step % 2 == 0 else "ArrowLeft")))
        page.wait_for_timeout(PAUSE_MS)
    median = sorted(times)[len(times) // 2]
    print(f"a step of the threshold on {NUM_CASES} cases: median {median:.0f} ms, at most {max(times):.0f} ms")
    assert readout.inner_text() != before
    assert median < MAX_MS, times
    page.get_by_label("\u03b3 exactly").fill("0.7321")
    expect(readout).to_contain_text("\u03b3 = 0.7321")
    page.wait_for_url(lambda url: "gamma=0.7321" in url)
    shown = readout.inner_text()
    page.reload()
    expect(readout).to_have_text(shown, use_inner_text=True, timeout=LOAD_MS)
