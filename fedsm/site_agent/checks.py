"""What must be right on a hospital's machine before it joins: each line ok or not, with the remedy.

Nothing in the lines says whose machine it is: no name of a host or a user, no path, no address of its own. One name is
needed and said: who issued a certificate that this machine does not know, which may be the hospital's own authority.
"""

import email.utils
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from backend import VERSION
from backend.link.signatures import MAX_AGE_SECONDS, MAX_AHEAD_SECONDS
from fedsm.site_agent.network import NetworkProblem, Way, proxy_of, way_to, words_of
from worker.process.hardware import describe_hardware, gpu_names

GIB = 2**30
MIN_FREE_GIB = 20
SECONDS = 15.0


@dataclass(frozen=True)
class Line:
    """what: the thing looked at. ok: None where it is only said. said: what was found, and where it is wrong the
    remedy."""

    what: str
    ok: bool | None
    said: str


def check(url: str, home: Path, roots: tuple[Path, ...]) -> Iterator[Line]:
    """One line after the other, as each is found. url: the hub's, of the kit."""
    yield Line("version", sys.version_info >= (3, 11), f"FedSM Studio {VERSION}, Python {sys.version.split()[0]}")
    yield from _network(url)
    yield _disk(home)
    yield _gpu()
    yield _data(roots)


def _network(url: str) -> Iterator[Line]:
    try:
        way = way_to(url)
    except NetworkProblem as problem:
        yield Line("address", False, problem.unnamed)
        return
    yield Line("address", True, f"{httpx.URL(url).host}, encrypted" if url.startswith("https") else "on this machine")
    proxy = proxy_of(url)
    yield Line("proxy", None, "none is set for this address" if proxy is None else _proxy_in_words(proxy))
    yield from _hub(url, way)


def _proxy_in_words(proxy: httpx.URL) -> str:
    return f"{proxy.scheme} on port {proxy.port or 3128}, {'with' if proxy.username else 'without'} a user"


def _hub(url: str, way: Way) -> Iterator[Line]:
    """Reached, its certificate, its clock, and that it is one of ours."""
    started = time.time()
    try:
        with httpx.Client(verify=way.tls, proxy=way.proxy, trust_env=False, timeout=SECONDS) as client:
            answer = client.get(f"{url.rstrip('/')}/api/v1/health")
    except httpx.HTTPError as error:
        yield Line("hub", False, words_of(error, url))
        return
    seconds = time.time() - started
    if url.startswith("https"):
        yield Line("certificate", True, "verified")
    try:
        is_hub = answer.is_success and "status" in answer.json()
    except ValueError:
        is_hub = False
    if not is_hub:
        problem = f"answered {answer.status_code}, not as a hub: a proxy blocks the address, or the kit's is wrong"
        yield Line("hub", False, problem)
        return
    yield Line("hub", True, f"answers after {seconds:.1f} s")
    yield _clock(answer.headers.get("date"), started + seconds / 2)


def _clock(date: str | None, now: float) -> Line:
    if date is None:
        return Line("clock", None, "the hub does not say its time")
    ahead = now - email.utils.parsedate_to_datetime(date).timestamp()
    if -MAX_AGE_SECONDS / 2 < ahead < MAX_AHEAD_SECONDS / 2:
        return Line("clock", True, "within a few seconds of the hub's" if abs(ahead) < 5 else f"{ahead:+.0f} s")
    words = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the hub's: set it by NTP"
    return Line("clock", False, words)


def _disk(home: Path) -> Line:
    place = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(place).free / GIB
    if not os.access(place, os.W_OK):
        return Line(
            "disk", False, "the site's folder cannot be written: give its user the permission, or set FEDSM_HOME"
        )
    return Line("disk", free > MIN_FREE_GIB, f"{free:.0f} GiB free" + ("" if free > MIN_FREE_GIB else _more_room()))


def _more_room() -> str:
    return f": have {MIN_FREE_GIB} GiB, or set FEDSM_HOME to a larger disk"


def _gpu() -> Line:
    if gpu_names():
        return Line("GPU", True, describe_hardware())
    return Line(
        "GPU", None, f"none found, so training is slow ({describe_hardware()}): install NVIDIA's driver if there is one"
    )


def _data(roots: tuple[Path, ...]) -> Line:
    if not roots:
        return Line("data", False, "FEDSM_DATA_ROOTS is not set: name the folders below which data sets lie")
    bad = sum(not (root.is_dir() and os.access(root, os.R_OK | os.X_OK)) for root in roots)
    if bad:
        words = f"{bad} of {len(roots)} folders in FEDSM_DATA_ROOTS cannot be read: correct them, or give permission"
        return Line("data", False, words)
    return Line("data", True, f"{len(roots)} folder(s) can be read")
