"""A real browser in front of a real platform with four small synthetic sites."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.selector_configs import LdaSelector
from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from fedsm.synthetic_fundus import FUNDUS_TASK, write_fundus_sites
from tests import late
from tests.e2e.browser import ARGUMENTS, NoBrowser, find_browser
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import tiny_config

#: The name of the experiment that everybody looks at.
FINISHED = "FedSM beside FedAvg"
DIST = Path(__file__).parents[2] / "frontend" / "dist" / "index.html"
IMAGE_SIDE = 96
NUM_CASES = (24, 20, 22, 20)
#: What a person with a small laptop sees.
WINDOW = ViewportSize(width=1280, height=800)
#: As long as only a page that hangs takes: a limit on a clock belongs to tests that are marked `speed`.
DEFAULT_WAIT_MS = 60_000
expect.set_options(timeout=DEFAULT_WAIT_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not DIST.is_file():
        pytest.fail("frontend/dist is absent: build it with 'npm ci && npm run build' in frontend", pytrace=False)
    with sync_playwright() as playwright:
        try:
            path = find_browser(playwright.chromium.executable_path)
        except NoBrowser as error:
            pytest.fail(str(error), pytrace=False)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[LivePlatform]:
    with LivePlatform(tmp_path_factory.mktemp("e2e"), valkey_url) as platform:
        yield platform


@pytest.fixture(scope="session")
def federation(platform: LivePlatform, tmp_path_factory: pytest.TempPathFactory) -> FederationRecord:
    folder = tmp_path_factory.mktemp("fundus")
    slugs = write_fundus_sites(folder, seed=3, image_side=IMAGE_SIDE, num_cases=NUM_CASES)
    return platform.add_federation("Fundus", FUNDUS_TASK, {slug: folder / slug for slug in slugs})


@pytest.fixture(scope="session")
def finished(platform: LivePlatform, federation: FederationRecord) -> ExperimentRecord:
    """FedSM, whose selector learns at once, and FedAvg, with one seed. Whoever looks shares it; nobody changes it."""
    config = tiny_config(FedSMConfig(selector=LdaSelector(minimum_cases=2)), FedAvgConfig())
    done = await_experiment(platform, platform.start_experiment(federation, FINISHED, config))
    assert [run.failure for run in done.runs] == [None, None]
    return done


def new_context(browser: Browser, platform: LivePlatform) -> BrowserContext:
    """A browser of somebody's own. Nothing moves in it: drawing what moves takes half of the processor."""
    context = browser.new_context(base_url=platform.client.server, viewport=WINDOW, reduced_motion="reduce")
    context.set_default_timeout(DEFAULT_WAIT_MS)
    slow_down(context)
    return context


def slow_down(context: BrowserContext) -> None:
    """Each page of it, where the tests ask for that."""
    if late.WORD:
        context.on("page", lambda page: slow_down_page(context, page))


def slow_down_page(context: BrowserContext, page: Page) -> None:
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": late.slowness()})


@pytest.fixture
def page(browser: Browser, platform: LivePlatform) -> Iterator[Page]:
    """A signed-out page. A script error on it fails the test, and whatever the content policy had to stop."""
    context = new_context(browser, platform)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def signed_in(page: Page, platform: LivePlatform) -> Page:
    page.goto(f"/?token={platform.admin_token}")
    page.get_by_role("heading", name="Federations", exact=True).wait_for()
    return page
