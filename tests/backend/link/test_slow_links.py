"""Files of some megabytes between a real hub and a site's agent, over a slow link, and over one that breaks again and
again."""

import asyncio
import hashlib
import logging
import random
import time
from pathlib import Path
from typing import Any

import pytest

from backend.contracts.artifacts import SAFETENSORS
from fedsm.site_agent import hub as hub_module
from fedsm.site_agent import transfers
from fedsm.site_agent.hub import Hub
from fedsm.site_agent.session import Session
from fedsm.site_agent.site_home import Membership
from fedsm.site_agent.transfers import Transfers
from fedsm.site_agent.under_way import UnderWay
from tests.backend.conftest import start_run
from tests.backend.link.played_site import PlayedSite
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.fedsm.site_agent.bad_wire import BadWire

NUM_BYTES = 3_000_000


@pytest.fixture
def at_work(
    backend: LiveBackend, worker: PlayedWorker, hospitals: dict[str, Any], sites: dict[str, PlayedSite]
) -> tuple[PlayedSite, str]:
    return begin_to_train(backend, worker, hospitals, sites["north"])


def begin_to_train(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], site: PlayedSite
) -> tuple[PlayedSite, str]:
    """The site, and the task of a run that it claimed."""
    start_run(backend, federation)
    worker.work_until_idle()
    task_id = str(site.next_task_id(""))
    site.must_claim(task_id)
    return site, task_id


def weights(num_bytes: int) -> bytes:
    """A safetensors file of one tensor that no link makes smaller. num_bytes: of the tensor."""
    header = b'{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (num_bytes, num_bytes)
    return len(header).to_bytes(8, "little") + header + random.Random(0).randbytes(num_bytes)


def there_and_back(wire: BadWire, site: PlayedSite, task_id: str, folder: Path, content: bytes) -> tuple[float, float]:
    """Sends a file as the site's agent does, and brings it back. Gives the seconds of both."""
    sha256 = hashlib.sha256(content).hexdigest()

    async def both() -> tuple[float, float]:
        server = site.backend.server_key.public
        membership = Membership(wire.url, server.text, "North", site.slug, "Hospitals", f"site.{site.slug}", "w")
        async with Hub(wire.url, site.key, server) as hub:
            files = Transfers(Session(hub, membership, UnderWay(folder / "under-way.json")), folder / "spool")
            path = folder / "update"
            path.write_bytes(content)
            begun = time.monotonic()
            answer = await files.send(path, sha256, SAFETENSORS, task_id)
            assert answer.status_code == 204, answer.text
            sent = time.monotonic()
            assert (await files.fetch(sha256)).read_bytes() == content
            return sent - begun, time.monotonic() - sent

    return asyncio.run(both())


def port_of(backend: LiveBackend) -> int:
    return int(backend.url.rpartition(":")[2])


def test_a_slow_link_is_waited_for(
    backend: LiveBackend, at_work: tuple[PlayedSite, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each direction takes longer than a connection may stand still, and none is taken for broken."""
    monkeypatch.setattr(hub_module, "READ_SECONDS", 0.5)
    num_opened = []
    for attempt in range(10):  # a machine that does much else may itself stand still for so long
        content = weights(NUM_BYTES + attempt)
        with BadWire(port_of(backend), rate=4e6) as wire:
            seconds = there_and_back(wire, *at_work, tmp_path, content)
        assert min(seconds) > 0.5
        num_opened.append(len(wire.opened))
        if num_opened[-1] <= 2:
            break
    assert min(num_opened) <= 2, f"one connection for both, or one for each: {num_opened}"


def test_a_link_that_breaks_again_and_again_brings_a_file_as_long_as_it_brings_more(
    backend: LiveBackend,
    at_work: tuple[PlayedSite, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It breaks more often than tries in vain are made. For the hub's log that is no error."""
    monkeypatch.setattr(transfers, "MAX_DELAY_SECONDS", 0.01)
    with BadWire(port_of(backend), cut_after=NUM_BYTES / (4 * transfers.TRIES)) as wire:
        there_and_back(wire, *at_work, tmp_path, weights(NUM_BYTES))
    assert len(wire.opened) > 2 * 2 * transfers.TRIES
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
