"""What a screenshot of the viewer shows."""

import io
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page

Pixels = NDArray[np.float32]
#: Until a picture stands still, on a machine that draws without a graphics card next to other tests.
SETTLE_SECONDS = 60.0
#: Mean difference, of 255, below which two pictures are the same.
SAME = 0.02
#: What changed before is on screen after it.
NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


def read_png(screenshot: bytes) -> Pixels:
    """A screenshot as [H, W, 3], 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(screenshot)).convert("RGB"), dtype=np.float32)


def picture_of(viewer: Locator) -> Pixels:
    """What a viewer draws, [H, W, 3], without the buttons and the scale bar that lie over it."""
    over_it = "[data-testid=viewer] :is(button, [data-testid=scale-bar]) { visibility: hidden }"
    corners = "[data-testid=viewer] { border-radius: 0 !important }"
    # A viewer may end between two pixels of the screen: the outermost show the page behind it, too.
    return read_png(viewer.screenshot(style=f"{over_it} {corners}"))[1:-1, 1:-1]


def next_frame(page: Page) -> None:
    """Waits until the page has drawn what it knows now."""
    page.evaluate(NEXT_FRAME)


def difference(left: Pixels, right: Pixels) -> float:
    """The mean difference of two pictures, 0 to 255; 255 where their sizes differ."""
    return float(np.abs(left - right).mean()) if left.shape == right.shape else 255.0


def settled(viewer: Locator, wanted: Callable[[Pixels], bool] = lambda picture: True) -> Pixels:
    """The viewer's picture once it is as wanted and the next frames show the same; fails the test where it never is.

    What it shows before the layers that are asked for have come stands still, too: it says itself that it is busy."""
    deadline = time.monotonic() + SETTLE_SECONDS
    last = picture_of(viewer)
    while time.monotonic() < deadline:
        next_frame(viewer.page)
        is_behind = viewer.get_attribute("aria-busy") == "true"
        picture = picture_of(viewer)
        if not is_behind and difference(picture, last) < SAME and wanted(picture):
            return picture
        last = picture
    pytest.fail(f"the viewer showed nothing that is wanted and stands still within {SETTLE_SECONDS:.0f} s")


def share_of_colour(pixels: Pixels, colour: tuple[int, int, int], tolerance: float = 40) -> float:
    """The share of pixels whose colour is within `tolerance` (Euclidean, of 255) of the given one."""
    distance = np.linalg.norm(pixels - np.array(colour, dtype=np.float32), axis=2)
    return float((distance < tolerance).mean())


def content_box(pixels: Pixels, darkest: float = 12) -> Pixels:
    """The part of the screenshot that is not the black around the picture."""
    return pixels[content_place(pixels, darkest)]


def content_place(pixels: Pixels, darkest: float = 12) -> tuple[slice, slice]:
    """Its rows and columns."""
    rows, columns = np.nonzero(pixels.max(axis=2) > darkest)
    return slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)


def likeness(left: Pixels, right: Pixels, side: int = 24) -> float:
    """Correlation of two pictures' brightness at a coarse scale: 1 for the same picture."""
    small = [
        np.asarray(Image.fromarray(picture.mean(axis=2).astype(np.uint8)).resize((side, side)), dtype=np.float64)
        for picture in (left, right)
    ]
    return float(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1])
