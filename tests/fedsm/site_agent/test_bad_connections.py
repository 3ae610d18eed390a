"""Where the connection to the hub stays silent or is reset, the agent tries again after a pause of random length."""

import asyncio
import base64
import hashlib
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.contracts.artifacts import SAFETENSORS
from backend.contracts.audit import AuditHead, HeadsSeen, heads_message
from backend.contracts.link import PollAnswer
from backend.link.keys import SigningKey
from fedsm.site_agent import hub as hub_module
from fedsm.site_agent import polling, transfers
from fedsm.site_agent.approvals import Desk
from fedsm.site_agent.audit import Audit
from fedsm.site_agent.hub import API, Hub, jittered
from fedsm.site_agent.polling import LocalQueue, Poller
from fedsm.site_agent.session import Session
from tests.fedsm.site_agent.bad_wire import BadWire, Fault
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.test_gateway import TASK_ID, Site
from tests.fedsm.site_agent.test_gateway import hub as hub
from tests.fedsm.site_agent.test_gateway import site as site

CONTENT = bytes(range(256)) * 8192
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = f"{API}/artifacts/{SHA256}"
FAULTS: tuple[Fault, ...] = ("silent", "reset")
#: Sent without asking what the hub has of it.
ONE_PIECE = CONTENT[: transfers.SMALL_BYTES]


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """A second of silence is enough; pauses are short."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_module, "READ_SECONDS", 1.0)
        patch.setattr(transfers, "MAX_DELAY_SECONDS", 0.01)
        patch.setattr(polling, "FIRST_DELAY_SECONDS", 0.1)
        yield


@pytest.mark.parametrize("fault", FAULTS)
def test_a_download_is_asked_for_again(hub: PlayedHub, site: Site, fault: Fault) -> None:
    hub.answers[f"GET {PATH}"] = (200, CONTENT)
    with BadWire(hub.port, [fault, fault]) as wire:
        hub.url = wire.url
        answer = site.ask("GET", PATH)
    assert (answer.status_code, answer.content == CONTENT) == (200, True)
    # A machine that does much else may itself be silent for so long.
    assert len(wire.opened) == 3 or (fault == "silent" and len(wire.opened) > 3)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_upload_is_sent_again(hub: PlayedHub, site: Site, fault: Fault) -> None:
    """The connection fails in the middle: the hub has nothing of it, and gets all."""
    sha256 = hashlib.sha256(ONE_PIECE).hexdigest()
    path = f"{API}/artifacts/{sha256}"
    hub.answers[f"PUT {path}"] = (204, b"")
    with BadWire(hub.port, [fault], after_bytes=2**16) as wire:
        hub.url = wire.url
        answer = site.ask("PUT", path, ONE_PIECE, content_type=SAFETENSORS, x_fedsm_task=TASK_ID)
    assert answer.status_code == 204, answer.text
    assert [(asked, body == ONE_PIECE) for asked, _, body in hub.asked] == [
        (f"GET {path}/received", False),
        (f"PUT {path}", True),
    ]


def test_a_poll_goes_on_after_silence_and_resets(hub: PlayedHub, site: Site) -> None:
    """And the link counts as heard again only once the hub itself answers."""
    hub.answers[f"POST {API}/poll"] = (200, poll_answer(hub.key))

    async def poll(wire: BadWire) -> tuple[str, float, float]:
        async with Hub(wire.url, site.home.key(), hub.key.public) as real:
            session, poller = poller_of(site, real)
            made_at = real.heard_at
            running = asyncio.create_task(poller.run(lambda: None))
            while not hub.asked:
                await asyncio.sleep(0.01)
            while session.problem:
                await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return session.problem, made_at, real.heard_at

    with BadWire(hub.port, ["silent", "reset", "reset"]) as wire:
        problem, made_at, heard_at = asyncio.run(asyncio.wait_for(poll(wire), 60))
    assert problem == ""
    assert heard_at > wire.opened[3] > made_at
    pauses = [after - before for before, after in zip(wire.opened, wire.opened[1:4], strict=False)]
    assert pauses[0] > 1 + 0.05, "the silence, then half of the first pause or more"
    assert pauses[1] > 0.1, "half of twice as much"
    assert pauses[2] > 0.2


def poll_answer(key: SigningKey) -> bytes:
    """key: what signs the head of the hub's record."""
    head = AuditHead(number=1, hash="a" * 64)
    signature = base64.b64encode(key.sign(heads_message("hub", "north", head, None))).decode()
    seen = HeadsSeen(own=head, signature=signature)
    return PollAnswer(tasks=(), removal="0", approvals=(), audit=seen).model_dump_json().encode()


def poller_of(site: Site, hub: Hub) -> tuple[Session, Poller]:
    session, audit = Session(hub, site.membership, site.under_way), Audit(site.audit_file)
    desk = Desk(hub, site.consents, audit, "F")
    return session, Poller(session, site.home, LocalQueue("memory://", "q"), audit, desk, "2 cores", 0)


@pytest.mark.parametrize("fault", ["another key signed the hub's record", "the disk is full"])
def test_a_poll_that_goes_wrong_is_said_and_asked_again(
    hub: PlayedHub, site: Site, fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The agent goes on, and is well as soon as the cause is gone."""
    monkeypatch.setattr(polling, "MAX_DELAY_SECONDS", 0.2)
    is_forged = fault != "the disk is full"
    hub.answers[f"POST {API}/poll"] = (200, poll_answer(SigningKey.generate() if is_forged else hub.key))
    away = tmp_path.with_name(f"{tmp_path.name}-away")

    async def poll() -> tuple[str, str]:
        async with Hub(hub.url, site.home.key(), hub.key.public) as real:
            session, poller = poller_of(site, real)
            if not is_forged:
                site.home.folder.rename(away)  # nothing can be written there, as on a full disk
            at_first = session.problem
            running = asyncio.create_task(poller.run(lambda: None))
            while session.problem == at_first:
                await asyncio.sleep(0.01)
            said = session.problem
            hub.answers[f"POST {API}/poll"] = (200, poll_answer(hub.key))
            if not is_forged:
                away.rename(site.home.folder)
            while session.problem:
                await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return said, session.problem

    said, left = asyncio.run(asyncio.wait_for(poll(), 60))
    assert ("not signed with its key" if is_forged else "folder cannot be used") in said
    assert left == ""


def test_no_two_sites_pause_alike() -> None:
    for pause, nominal in ((lambda: jittered(8.0), 8.0), (lambda: transfers._delay(1), transfers.MAX_DELAY_SECONDS)):
        found = [pause() for _ in range(400)]
        assert len(set(found)) == 400
        assert 0.5 * nominal <= min(found) < 0.6 * nominal
        assert 1.4 * nominal < max(found) <= 1.5 * nominal
        assert statistics.fmean(found) == pytest.approx(nominal, rel=0.1)
