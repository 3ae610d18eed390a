"""axe-core finds nothing serious on any page, light or dark; and the main actions work by keyboard."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from backend.reports.schemas import ReportCreate
from tests.e2e.answers import Answers
from tests.e2e.conftest import FINISHED, new_context
from tests.e2e.pixels import next_frame
from tests.integration.live_platform import LivePlatform

pytestmark = pytest.mark.e2e

FRONTEND = Path(__file__).parents[2] / "frontend"
AXE = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
#: WCAG 2.2 A and AA, and what axe's authors advise besides.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: A route of router.tsx, the address it is looked at under, and what is on screen when it is ready.
PAGES: tuple[tuple[str, str, str], ...] = (
    ("/", "/", "[data-testid=verdict]"),
    ("/help", "/help", "role=heading[name='Documentation']"),
    ("/help", "/help?find=round", "role=listitem"),
    ("/help/$document", "/help/volumes", "role=img"),
    ("/federations/new", "/federations/new", "role=heading[level=1]"),
    ("/federations/$federationId", "/federations/{federation}", "role=table"),
    ("/federations/$federationId", "/federations/{federation}?picture=true", "text=Coordinator"),
    ("/federations/$federationId", "/federations/{federation}?site={site}", "role=dialog"),
    ("/federations/$federationId", "/federations/{federation}?tab=datasets", "text=aster-clinic"),
    ("/federations/$federationId", "/federations/{federation}?tab=statistics", "role=heading[name='Side by side']"),
    ("/federations/$federationId", "/federations/{federation}?tab=experiments&find=beside", f"text={FINISHED}"),
    ("/federations/$federationId", "/federations/{federation}?tab=models", "role=link"),
    ("/federations/$federationId/datasets/new", "/federations/{federation}/datasets/new", "role=heading[level=1]"),
    (
        "/federations/$federationId/experiments/new",
        "/federations/{federation}/experiments/new",
        "role=heading[level=2]",
    ),
    (
        "/federations/$federationId/experiments/new",
        "/federations/{federation}/experiments/new?step=data",
        "text=Image size",
    ),
    (
        "/federations/$federationId/experiments/new",
        "/federations/{federation}/experiments/new?step=training",
        "text=Rounds",
    ),
    (
        "/federations/$federationId/experiments/new",
        "/federations/{federation}/experiments/new?step=methods",
        "role=button[name='As in the paper']",
    ),
    (
        "/federations/$federationId/experiments/new",
        "/federations/{federation}/experiments/new?step=review",
        "text=Dry run",
    ),
    ("/federations/$federationId/compare", "/federations/{federation}/compare", "text=No run is chosen"),
    (
        "/federations/$federationId/compare",
        "/federations/{federation}/compare?runs={runs}",
        "[data-testid=compared-scores]",
    ),
    ("/datasets/$datasetId", "/datasets/{dataset}", "text=cases used"),
    ("/experiments/$experimentId", "/experiments/{experiment}", "[data-testid=gamma-readout]"),
    ("/experiments/$experimentId", "/experiments/{experiment}?run=runs", "[data-testid=run-count]"),
    ("/experiments/$experimentId", "/experiments/{experiment}?run=settings", "role=heading[level=2]"),
    ("/experiments/$experimentId", "/experiments/{experiment}?run={run}", "[data-testid=run-round]"),
    ("/runs/$runId/cases", "/runs/{run}/cases", "[data-testid=viewer][data-state=ready]"),
    ("/runs/$runId/cases", "/runs/{run}/cases?panes={views}", "[data-testid=viewer][data-state=ready]"),
    ("/runs/$runId/cases", "/runs/{run}/cases?split=val", "[data-testid=case-count]"),
    ("/runs/$runId/cases", "/runs/{run}/cases?against=global@{other_run}", "[data-testid=scatter]"),
    ("/runs/$runId/model", "/runs/{run}/model", "role=heading[level=1]"),
    ("/models/$versionId", "/models/{version}?with={other_version}", "[data-testid=version-comparison]"),
    ("/sites/$siteId/departures", "/sites/{site_id}/departures", "role=heading[level=1]"),
    ("/activity", "/activity", "role=table"),
    ("/users", "/users", "role=heading[level=1]"),
    ("/join", "/join", "role=heading"),
    ("/signed-in", "/signed-in?error=access_denied", "role=link[name='Back to the sign-in']"),
    ("/tokens", "/tokens", "role=heading[level=1]"),
    ("/storage", "/storage", "role=heading[level=1]"),
    ("/reports/$token", "{report}", "role=heading[level=1]"),
    ("", "/nowhere", "role=heading"),
)
#: The rules of axe that look at colours: all that differs between light and dark.
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
RUN_AXE = "async (only) => await axe.run(document, { runOnly: only, resultTypes: ['violations'] })"

#: Links among words that only their colour shows. Axe looks at those alone whose words are fewer than the others.
COLOUR_ALONE = """() => [...document.querySelectorAll("a")]
    .filter((link) => link.offsetParent !== null && getComputedStyle(link).textDecorationLine === "none")
    .filter((link) => [...link.parentElement.childNodes].some((node) => node.nodeType === 3 && /\\w/.test(node.data)))
    .map((link) => link.outerHTML.slice(0, 200))"""

#: Fields with a choice whose words are cut, and that say them nowhere else.
CUT_CHOICES = """() => [...document.querySelectorAll("input[aria-haspopup=listbox]")]
    .filter((field) => field.offsetParent !== null && field.scrollWidth > field.clientWidth && !field.title)
    .map((field) => `${field.getAttribute("aria-label") ?? field.labels[0]?.textContent}: ${field.value}`)"""


@pytest.fixture(scope="module")
def places(platform: LivePlatform, federation: FederationRecord, finished: ExperimentRecord) -> dict[str, str]:
    versions = [
        platform.client.post_json(f"/runs/{run.id}/versions", {"name": "everybody", "aliases": [alias]})["id"]
        for run, alias in zip(finished.runs, ("best", "in use"), strict=True)
    ]
    report = platform.client.create_report(finished.id, ReportCreate(note="For everybody."))
    return {
        "federation": federation.id,
        "site": federation.sites[0].slug,
        "site_id": federation.sites[0].id,
        "dataset": platform.client.datasets(federation.id)[0].id,
        "experiment": finished.id,
        "run": finished.runs[0].id,
        "other_run": finished.runs[1].id,
        "runs": json.dumps([run.id for run in finished.runs], separators=(",", ":")),
        "report": report.path,
        "version": versions[0],
        "other_version": versions[1],
        "views": '["overlay:global","overlay:personalized"]',
    }


@pytest.fixture
def looked_at(browser: Browser, platform: LivePlatform) -> Iterator[Page]:
    """Signed in."""
    context = new_context(browser, platform)
    page = context.new_page()
    page.goto(f"/?token={platform.admin_token}")
    page.get_by_role("heading", name="Federations", exact=True).wait_for()
    yield page
    context.close()


def grave_violations(page: Page, only: Any = TAGS) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))  # as an inspector does: the content policy lets no script in
    found: list[dict[str, Any]] = page.evaluate(RUN_AXE, only)["violations"]
    return [
        f"{entry['impact']} {entry['id']}: {entry['help']}\n    "
        + "\n    ".join(f"{node['target']} {node['html'][:160]}" for node in entry["nodes"][:4])
        for entry in found
        if entry["impact"] in GRAVE
    ]


def test_every_route_is_looked_at() -> None:
    source = (FRONTEND / "src" / "app" / "router.tsx").read_text()
    assert set(re.findall(r'path: "([^"]+)"', source)) == {route for route, _, _ in PAGES if route}


def test_axe_finds_nothing_serious_on_any_page(looked_at: Page, places: dict[str, str]) -> None:
    """Each page is opened light, and its colours are looked at once more when it has turned dark."""
    problems = []
    answers = Answers(looked_at)
    for _, address, ready in PAGES:
        for name, value in places.items():
            address = address.replace(f"{{{name}}}", value)
        looked_at.goto(address)
        looked_at.locator(ready).first.wait_for()
        expect(looked_at.locator(".mantine-Skeleton-root")).to_have_count(0)  # every list has come
        answers.all_drawn()
        problems += [f"{address}\n  {entry}" for entry in grave_violations(looked_at)]
        problems += [f"{address}\n  a link without a line: {link}" for link in looked_at.evaluate(COLOUR_ALONE)]
        problems += [f"{address}\n  a choice is cut: {choice}" for choice in looked_at.evaluate(CUT_CHOICES)]
        looked_at.emulate_media(color_scheme="dark")
        shown = "light" if address == places["report"] else "dark"  # a report is light everywhere
        looked_at.locator(f"html[data-mantine-color-scheme={shown}]").wait_for()
        next_frame(looked_at)
        problems += [f"{address}, dark\n  {entry}" for entry in grave_violations(looked_at, OF_COLOURS)]
        looked_at.emulate_media(color_scheme="light")
    assert not problems, "\n".join(problems)


def test_axe_finds_nothing_serious_before_the_sign_in(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Sign in").wait_for()
    assert grave_violations(page) == []


def test_the_keyboard_reaches_the_main_job(signed_in: Page, federation: FederationRecord) -> None:
    """From the list of federations to a new experiment's second step, without a mouse."""
    page = signed_in
    page.get_by_role("link", name=re.compile(federation.name)).first.focus()
    page.keyboard.press("Enter")
    tab = page.get_by_role("tab", name="Sites")
    tab.wait_for()
    tab.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Experiments")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="New experiment").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What is asked, and where")).to_be_visible()
    page.get_by_label("Name", exact=False).first.focus()
    page.keyboard.type("By hand")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="How images are prepared")).to_be_focused()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys.get_by_role("table", name="New experiment")).to_contain_text("Ctrl")
    assert grave_violations(page) == []
    keys.get_by_role("switch").uncheck()
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    page.keyboard.press("?")
    next_frame(page)
    expect(keys).to_have_count(0)
