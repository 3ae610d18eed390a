"""The browser of the benchmarks of pages: who is signed in, and what a page takes of the processors."""

from playwright.sync_api import Browser, Page, Playwright, StorageState

from tests.e2e.browser import ARGUMENTS, find_browser


def launch(playwright: Playwright) -> Browser:
    """Without a window, and without a graphics card."""
    return playwright.chromium.launch(executable_path=find_browser(playwright.chromium.executable_path), args=ARGUMENTS)


def sign_in(browser: Browser, url: str, token: str) -> StorageState:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/?token={token}")
    page.get_by_role("heading", name="Federations", exact=True).wait_for()
    state = context.storage_state()
    context.close()
    return state


class Work:
    """What a page takes of the processors from now on, also on a machine that does other work."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self._browser = browser.new_browser_cdp_session()
        self._page = page.context.new_cdp_session(page)
        self._page.send("Performance.enable")
        self._begun = self._times()

    def milliseconds(self) -> tuple[float, float]:
        """Of the page's main thread, and of the process that draws for it. Ends the measurement."""
        (begun_main, begun_drawing), (main, drawing) = self._begun, self._times()
        self._page.detach()
        self._browser.detach()
        # An address of another site may begin a new process.
        return main - begun_main if main >= begun_main else main, drawing - begun_drawing

    def _times(self) -> tuple[float, float]:
        metrics = {entry["name"]: entry["value"] for entry in self._page.send("Performance.getMetrics")["metrics"]}
        processes = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        drawing = sum(process["cpuTime"] for process in processes if process["type"] == "GPU")
        return 1000 * metrics["ThreadTime"], 1000 * drawing
