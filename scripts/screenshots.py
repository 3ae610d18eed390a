"""Takes every picture in docs/screens, light and dark:  make screenshots  [DEMO_HOME=folder].

python scripts/screenshots.py STATE_FOLDER

What is missing in the state folder is made first, by both demos (fundus photographs, prostate MR volumes): about a
quarter of an hour on two cores. A platform that runs on the folder is used as it is.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from backend.experiments.schemas import ExperimentRecord
from backend.reports.schemas import ReportCreate
from fedsm.client import Client
from fedsm.local.demo import FUNDUS_DEMO, Demo
from fedsm.local.demo_3d import PROSTATE_DEMO
from fedsm.local.home import Home, open_home
from scripts.demo_claims import find_experiment, hold, running_url
from tests.e2e.browser import ARGUMENTS, find_browser

SCREENS = Path(__file__).resolve().parent.parent / "docs" / "screens"
VIEWPORT: ViewportSize = {"width": 1280, "height": 860}
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
#: Charts and the viewer draw after the page has loaded.
SETTLE_MILLISECONDS = 4000
PATIENCE_SECONDS = 3600.0
WAIT_MILLISECONDS = 120_000
#: What is on screen until all is there.
UNFINISHED = ".mantine-Loader-root, .mantine-Skeleton-root, [data-testid=viewer]:not([data-state=ready])"
#: The page's own head stays in place.
HEADER_PIXELS = 70
BRING_TO_TOP = "(element, head) => window.scrollBy(0, element.getBoundingClientRect().top - head)"


@dataclass(frozen=True)
class Screen:
    """One picture. press: a button that is pressed first, until `ready` is there; look_at: what stands on top."""

    name: str
    path: str
    look_at: str | None = None
    press: str | None = None
    ready: str | None = None


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/screenshots.py STATE_FOLDER")
    home = open_home(Path(sys.argv[1]))
    url = running_url(home)
    if url is None:
        for demo in (FUNDUS_DEMO, PROSTATE_DEMO):
            with _served(home, demo) as url:
                _await_experiment(home, url, demo)
        with _served(home, FUNDUS_DEMO) as url:
            _take_all(home, url)
    else:
        _take_all(home, url)


@contextmanager
def _served(home: Home, demo: Demo) -> Iterator[str]:
    volumes = ["--volumes"] if demo is PROSTATE_DEMO else []
    command = [sys.executable, "-m", "fedsm", "demo", "--home", str(home.folder), *volumes]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while (url := running_url(home)) is None:
            if process.poll() is not None:
                sys.exit(f"the demo has stopped with exit status {process.returncode}: see {home.logs}")
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait()


def _await_experiment(home: Home, url: str, demo: Demo) -> None:
    print(f"waiting for the experiment of {demo.federation!r}")
    deadline = time.monotonic() + PATIENCE_SECONDS
    with Client(url, home.token("admin-token")) as client:
        while time.monotonic() < deadline:
            experiment = find_experiment(client, demo)
            if experiment is not None and experiment.status == "completed":
                return
            if experiment is not None and experiment.status in ("failed", "cancelled"):
                sys.exit(f"the experiment of {demo.federation!r} has {experiment.status}: {url}")
            time.sleep(2)
    sys.exit(f"the experiment of {demo.federation!r} takes longer than {PATIENCE_SECONDS:.0f} s: see {home.logs}")


def _take_all(home: Home, url: str) -> None:
    token = home.token("admin-token")
    with Client(url, token) as client, sync_playwright() as playwright:
        fundus, volumes = find_experiment(client, FUNDUS_DEMO), find_experiment(client, PROSTATE_DEMO)
        if fundus is None or volumes is None or {fundus.status, volumes.status} != {"completed"}:
            sys.exit(f"both demos' experiments must be complete on {url}. Remedy: stop it and repeat")
        if not hold(client, fundus):
            sys.exit("the demo does not show what is said of it: no picture was taken")
        report = client.create_report(fundus.id, ReportCreate(note="For the pictures of the documentation."))
        screens = _screens(client, fundus, volumes, report.path)
        SCREENS.mkdir(parents=True, exist_ok=True)
        browser = playwright.chromium.launch(
            executable_path=find_browser(playwright.chromium.executable_path), args=ARGUMENTS
        )
        for scheme in SCHEMES:
            _take(browser, scheme, url, token, screens)
        browser.close()
        client.revoke_report(report.id)


def _screens(
    client: Client, fundus: ExperimentRecord, volumes: ExperimentRecord, report_path: str
) -> tuple[Screen, ...]:
    federation = f"/federations/{fundus.federation_id}"
    fedsm, fedavg = (next(run for run in fundus.runs if run.strategy.name == name) for name in ("fedsm", "fedavg"))
    volume_run = next(run for run in volumes.runs if run.strategy.name == "fedsm")
    copy = f"{federation}/experiments/new?clone={fundus.id}"
    compared = json.dumps([fedsm.id, fedavg.id])
    past = client.run_history(fedsm.id).cases[0].case_id
    dataset = client.datasets(fundus.federation_id)[0].id
    return (
        Screen("federation", f"{federation}?picture=true"),
        Screen("datasets", f"/datasets/{dataset}", "[role=tablist]"),
        Screen("statistics", f"{federation}?tab=statistics"),
        Screen("new-experiment-method", f"{copy}&step=methods"),
        Screen("new-experiment-review", f"{copy}&step=review", press="Try it", ready="[data-testid=estimate]"),
        Screen("run", f"/experiments/{fundus.id}?run=%22{fedsm.id}%22"),
        Screen("results", f"/experiments/{fundus.id}"),
        Screen("matrix", f"/experiments/{fundus.id}?detail=%22{fedsm.id}%22", "[data-testid=matrix]"),
        Screen("selector", f"/experiments/{fundus.id}?detail=%22{fedsm.id}%22", "[data-testid=selector]"),
        Screen("compare", f"{federation}/compare?runs={compared}"),
        Screen("cases", f"/runs/{fedsm.id}/cases?panes=[%22image%22,%22error%22]"),
        Screen("cases-rounds", f"/runs/{fedsm.id}/cases?case=%22{past}%22&round=1"),
        Screen("cases-volume", f"/runs/{volume_run.id}/cases?plane=all"),
        Screen("models", f"/runs/{fedsm.id}/model"),
        Screen("activity", "/activity"),
        Screen("report", report_path),
    )


def _take(browser: Browser, scheme: Scheme, url: str, token: str, screens: tuple[Screen, ...]) -> None:
    page = browser.new_page(viewport=VIEWPORT, color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{url}/?token={token}")
    page.get_by_role("heading", name="Federations", exact=True).wait_for()
    for screen in screens:
        page.goto(url + screen.path)
        page.wait_for_timeout(SETTLE_MILLISECONDS)
        expect(page.locator(UNFINISHED)).to_have_count(0, timeout=WAIT_MILLISECONDS)
        if screen.press and screen.ready:
            page.get_by_role("button", name=screen.press).click()
            page.locator(screen.ready).wait_for(timeout=WAIT_MILLISECONDS)
        if screen.look_at:
            page.locator(screen.look_at).first.evaluate(BRING_TO_TOP, HEADER_PIXELS)
            page.wait_for_timeout(SETTLE_MILLISECONDS / 4)
        file = SCREENS / f"{screen.name}{'' if scheme == 'light' else '-dark'}.png"
        page.screenshot(path=file)
        Image.open(file).convert("RGB").save(file, optimize=True)
        print(file.relative_to(SCREENS.parent.parent))
    page.close()


if __name__ == "__main__":
    main()
