"""Takes the README's pictures from the demo while it runs:  make demo  in one terminal, then  make screenshots.

python scripts/screenshots.py [STATE_FOLDER]      (default .fedsm)
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from backend.experiments.schemas import ExperimentRecord
from fedsm.client import Client
from fedsm.home import open_home
from tests.e2e.browser import ARGUMENTS, find_browser

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
VIEWPORT = {"width": 1280, "height": 860}
#: Charts and the viewer draw after the page has loaded.
SETTLE_MILLISECONDS = 4000


def main() -> None:
    home = open_home(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    running = home.running()
    if running is None:
        sys.exit(f"nothing runs on {home.folder}. Remedy: start `make demo` first, in another terminal")
    token = home.token("admin-token")
    with Client(running.url, token) as client:
        experiment = _finished_experiment(client)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = find_browser(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        for scheme in ("light", "dark"):
            _take_all(browser, scheme, f"{running.url}/?token={token}", running.url, experiment)
        browser.close()


def _finished_experiment(client: Client) -> ExperimentRecord:
    """The demo's own, which is the first that was made."""
    for federation in client.federations():
        for experiment in reversed(client.experiments(federation.id)):
            if experiment.status == "completed":
                return experiment
    sys.exit("no experiment is completed yet. Remedy: wait for the demo's to end, then repeat")


def _take_all(browser: Browser, scheme: str, sign_in: str, server: str, experiment: ExperimentRecord) -> None:
    page = browser.new_page(viewport=VIEWPORT, color_scheme=scheme)
    page.goto(sign_in)
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    fedsm = next(run for run in experiment.runs if run.strategy.name == "fedsm")
    suffix = "" if scheme == "light" else "-dark"
    for name, path in {
        "results": f"/experiments/{experiment.id}",
        "run": f"/experiments/{experiment.id}?run={fedsm.id}",
        "viewer": f"/runs/{fedsm.id}/cases",
    }.items():
        _take(page, server + path, IMAGES / f"{name}{suffix}.png")


def _take(page: Page, address: str, file: Path) -> None:
    page.goto(address)
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    page.screenshot(path=file)
    print(file.relative_to(IMAGES.parent.parent))


if __name__ == "__main__":
    main()
