"""What each page costs a browser that was never there, and what the next case does.

    fedsm demo --home FOLDER            # once, until its experiment is complete; it may go on running
    python -m benchmarks.pages FOLDER   # three times each page, with an empty cache; prints medians

A page is interactive when it is painted with its heading, nothing in the window is still being loaded, and no task of
the next 200 ms holds up the keyboard and the pointer for 50 ms. It is ready when nothing on it is still being loaded,
also below the window; until then it is held up for as long as each task takes beyond 50 ms. What main thread and
drawing take of the processors until then is worth something on a machine that does other work too.
"""

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, StorageState, ViewportSize, sync_playwright

from benchmarks.browsers import Work, launch, sign_in
from benchmarks.next_case import Step, median_step, next_case, open_cases
from fedsm.client import Client
from fedsm.local.demo import FUNDUS_DEMO
from fedsm.local.home import open_home

WINDOW: ViewportSize = {"width": 1280, "height": 800}
PATIENCE_MS = 60_000
LOOK_EVERY_MS = 20
QUIET_MS = 200
NUM_STEPS = 8
#: What is on a page until all of it is there.
UNFINISHED = ".mantine-Loader-root, .mantine-Skeleton-root, [data-testid=viewer]:not([data-state=ready])"
#: Called again and again until it gives [requests, bytes, first paint, interactive, ready, held up].
LOOK = """([unfinished, quietMs]) => {
    const now = performance.now();
    const seen = (window.pageCost ??= { busyUntil: 0, heldUp: 0 });
    if (!seen.observer) {
        seen.observer = new PerformanceObserver((list) => {
            for (const { startTime, duration } of list.getEntries()) {
                seen.busyUntil = Math.max(seen.busyUntil, startTime + duration);
                seen.heldUp += Math.max(0, duration - 50);
            }
        });
        seen.observer.observe({ type: "longtask", buffered: true });
    }
    const isInWindow = (element) => {
        const box = element.getBoundingClientRect();
        return box.top < window.innerHeight && box.bottom > 0;
    };
    const loading = [...document.querySelectorAll(unfinished)];
    const begun = document.querySelector("main h1") !== null;
    if (begun && loading.length === 0) seen.ready ??= now;
    if (!begun || loading.some(isInWindow)) seen.shown = undefined;
    else seen.shown ??= now;
    if (seen.ready === undefined || seen.interactive === undefined) {
        if (seen.shown === undefined) return false;
        const since = Math.max(seen.shown, seen.busyUntil);
        if (now - since > quietMs) seen.interactive ??= since;
        return false;
    }
    const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].filter(
        (entry) => entry.startTime <= Math.max(seen.interactive, seen.ready),
    );
    const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
    if (paint === undefined) return false;
    const [interactive, ready] = [Math.max(seen.interactive, paint), Math.max(seen.ready, paint)];
    const numBytes = loaded.reduce((sum, entry) => sum + entry.transferSize, 0);
    return [loaded.length, numBytes, paint, interactive, ready, seen.heldUp];
}"""


@dataclass(frozen=True)
class Cost:
    """Times in milliseconds since the address was asked for; `main` and `drawing`: milliseconds of processors until it
    is ready."""

    requests: float
    num_bytes: float
    first_paint: float
    interactive: float
    ready: float
    held_up: float
    main: float
    drawing: float


def median_of(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(values) for values in zip(*map(astuple, costs), strict=True)))


def pages_of(client: Client) -> dict[str, str]:
    """Addresses of the demo's pages. Raises SystemExit where its experiment is not complete."""
    for federation in client.federations():
        for experiment in client.experiments(federation.id):
            if (federation.name, experiment.name, experiment.status) == (
                FUNDUS_DEMO.federation,
                FUNDUS_DEMO.experiment,
                "completed",
            ):
                run = next(run for run in client.experiment(experiment.id).runs if run.strategy.name == "fedsm")
                place = f"/federations/{federation.id}"
                return {
                    "Home": "/",
                    "Federation": place,
                    "Experiments": f"{place}?tab=experiments",
                    "New experiment": f"{place}/experiments/new",
                    "Results": f"/experiments/{experiment.id}",
                    "Run": f"/experiments/{experiment.id}?run=%22{run.id}%22",
                    "Cases": f"/runs/{run.id}/cases",
                    "Model": f"/runs/{run.id}/model",
                    "Activity": "/activity",
                    "Help": "/help/results",
                }
    raise SystemExit("the demo's experiment is not complete. Remedy: fedsm demo --home FOLDER, and wait for its end")


def visitor(browser: Browser, signed_in: StorageState) -> BrowserContext:
    """With an empty cache. Nothing moves."""
    return browser.new_context(viewport=WINDOW, storage_state=signed_in, reduced_motion="reduce")


def measure(browser: Browser, url: str, signed_in: StorageState, path: str) -> Cost:
    """One visit."""
    context = visitor(browser, signed_in)
    page = context.new_page()
    work = Work(browser, page)
    page.goto(url + path, wait_until="commit")
    found = page.wait_for_function(LOOK, arg=[UNFINISHED, QUIET_MS], polling=LOOK_EVERY_MS, timeout=PATIENCE_MS)
    requests, num_bytes, first_paint, interactive, ready, held_up = found.json_value()
    cost = Cost(requests, num_bytes, first_paint, interactive, ready, held_up, *work.milliseconds())
    context.close()
    return cost


def measure_steps(browser: Browser, url: str, signed_in: StorageState, path: str, count: int) -> list[Step]:
    """From case to case."""
    context = visitor(browser, signed_in)
    page = context.new_page()
    open_cases(page, url + path)
    steps = [next_case(browser, page) for _ in range(count)]
    context.close()
    return steps


def print_row(name: str, values: Sequence[float]) -> None:
    print(f"| {name} | " + " | ".join(f"{value:.0f}" for value in values) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("home", type=Path, metavar="FOLDER", help="the demo's, which is running")
    parser.add_argument("--visits", type=int, default=3, metavar="N", help="of each page (3)")
    parser.add_argument("--only", default="", metavar="TEXT", help="pages whose name contains it")
    args = parser.parse_args()
    home = open_home(args.home)
    if (running := home.running()) is None:
        raise SystemExit(f"nothing runs on {args.home}. Remedy: fedsm up --home {args.home}")
    with Client(running.url, home.token("admin-token")) as client, sync_playwright() as playwright:
        pages = pages_of(client)
        browser = launch(playwright)
        signed_in = sign_in(browser, running.url, home.token("admin-token"))
        print(
            "| Page | Requests | KiB | Main thread, ms | Drawing, ms | First paint, ms | Interactive, ms | Ready, ms "
            "| Held up, ms |"
        )
        print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
        for name, path in pages.items():
            if args.only in name:
                cost = median_of([measure(browser, running.url, signed_in, path) for _ in range(args.visits)])
                times = (cost.first_paint, cost.interactive, cost.ready, cost.held_up)
                print_row(name, (cost.requests, cost.num_bytes / 1024, cost.main, cost.drawing, *times))
        if args.only in "Cases":
            step = median_step(measure_steps(browser, running.url, signed_in, pages["Cases"], NUM_STEPS))
            print("\n| | Shown, ms | Files | Shaders | Pictures | Main thread, ms | Drawing, ms |")
            print("|---|--:|--:|--:|--:|--:|--:|")
            print_row("Next case (J)", astuple(step))
        browser.close()


if __name__ == "__main__":
    main()
