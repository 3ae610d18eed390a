"""What it costs to go to the next case with the key J: until it is on screen, and until its neighbours are prepared."""

import statistics
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from playwright.sync_api import Browser, Page

from benchmarks.browsers import Work

PATIENCE_MS = 90_000
LOOK_EVERY_MS = 50
#: As long as a person looks at a case.
LOOKS_MS = 1_200
#: Of frontend/src/features/cases/CasesPage.tsx.
PREPARED = "[data-prepared]"
#: Begun before the page is: counts what the viewer does, and notes when a frame shows another case.
WATCH = """(() => {
    const seen = (window.nextCase = { shaders: 0, pictures: 0, slices: 0, pressed: 0, shown: null });
    const { finish } = WebGL2RenderingContext.prototype;
    const count = (name, counter) => {
        const original = WebGL2RenderingContext.prototype[name];
        WebGL2RenderingContext.prototype[name] = function (...values) {
            seen[counter] += 1;
            return original.apply(this, values);
        };
    };
    count("compileShader", "shaders");
    count("finish", "pictures");
    count("drawArrays", "slices");
    addEventListener("keydown", (event) => (seen.pressed = event.timeStamp), { capture: true });
    new MutationObserver((changes) => {
        const changed = changes.find(({ target }) => target.matches("[data-testid=viewer][data-case]"));
        if (!changed) return;
        const canvas = changed.target.querySelector("canvas");
        requestAnimationFrame(() => {
            finish.call(canvas.getContext("webgl2"));
            seen.shown = performance.now() - seen.pressed;
        });
    }).observe(document, { subtree: true, attributeFilter: ["data-case"] });
})()"""
BEGIN = """() => {
    performance.clearResourceTimings();
    Object.assign(window.nextCase, { shaders: 0, pictures: 0, slices: 0, shown: null });
}"""
SHOWN = """() => {
    const { shown, shaders, pictures } = window.nextCase;
    const files = performance
        .getEntriesByType("resource")
        .filter(({ name, initiatorType }) => initiatorType === "fetch" && name.includes("/artifacts/"));
    return shown !== null && [shown, files.length, shaders, pictures];
}"""


@dataclass(frozen=True)
class Step:
    """`shown`: milliseconds from the key to the frame. Until then: files that were fetched, shaders that were compiled,
    pictures that were drawn. `main` and `drawing`: milliseconds of processors, with what is prepared while one looks.
    """

    shown: float
    files: float
    shaders: float
    pictures: float
    main: float
    drawing: float


def median_step(steps: Sequence[Step]) -> Step:
    return Step(*(statistics.median(values) for values in zip(*map(astuple, steps), strict=True)))


def open_cases(page: Page, address: str) -> None:
    """The page with its first case on screen and the cases beside it prepared."""
    page.add_init_script(WATCH)
    page.goto(address)
    page.locator("[data-testid=viewer][data-state=ready]").wait_for(timeout=PATIENCE_MS)
    look(page)


def look(page: Page) -> None:
    """As a person looks, and until the cases beside it are prepared, however slow the machine is."""
    page.wait_for_timeout(LOOKS_MS)
    page.locator(PREPARED).wait_for(timeout=PATIENCE_MS)


def next_case(browser: Browser, page: Page) -> Step:
    """Presses J on a page that `open_cases` opened."""
    page.evaluate(BEGIN)
    work = Work(browser, page)
    page.keyboard.press("j")
    shown, files, shaders, pictures = page.wait_for_function(
        SHOWN, polling=LOOK_EVERY_MS, timeout=PATIENCE_MS
    ).json_value()
    look(page)
    return Step(shown, files, shaders, pictures, *work.milliseconds())
