"""Where the tests get their browser from."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: WebGL 2 without a graphics card, which the viewer needs; pages are drawn without it, because that takes half of the
#: time; no traffic of the browser's own.
ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-gpu-rasterization",
    "--disable-gpu-compositing",
    "--disable-background-networking",
]


class NoBrowser(Exception):
    """Its text says where a browser was looked for and how to get one."""


def find_browser(playwrights_own: str) -> str:
    """The path of a Chromium or Chrome: FEDSM_BROWSER, else on the PATH, else Playwright's. Raises NoBrowser."""
    named = os.environ.get("FEDSM_BROWSER")
    if named:
        if not Path(named).is_file():
            raise NoBrowser(
                f"FEDSM_BROWSER names {named}, which does not exist: name a Chromium or Chrome, or unset it"
            )
        return named
    for name in NAMES:
        if found := shutil.which(name):
            return found
    if Path(playwrights_own).is_file():
        return playwrights_own
    raise NoBrowser(
        f"no browser for the end-to-end tests: none of {', '.join(NAMES)} is on the PATH and Playwright has none. "
        "Install one (Debian: apt-get install chromium; any system: python -m playwright install chromium), "
        "or name one in FEDSM_BROWSER"
    )
