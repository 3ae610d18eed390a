"""What the agent lets through between a hub and a hospital's workers, and what it refuses and records."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.contracts.artifacts import SAFETENSORS
from backend.contracts.consent import terms_sha256
from backend.contracts.datasets import DatasetManifest, SplitFractions
from backend.contracts.log_lines import CORRELATION_HEADER
from backend.contracts.tasks import (
    ClaimedTask,
    DescribeDatasetPayload,
    EvaluateSitePayload,
    InitializeRunPayload,
    TrainSitePayload,
    ValidateSitePayload,
)
from backend.link.keys import SigningKey
from fedsm.local.home import Home
from fedsm.site_agent import transfers
from fedsm.site_agent.audit import Audit, verify
from fedsm.site_agent.consents import Consents
from fedsm.site_agent.gateway import Gateway
from fedsm.site_agent.hub import API, Hub
from fedsm.site_agent.session import Session
from fedsm.site_agent.site_home import Membership, SiteHome
from fedsm.site_agent.transfers import Transfers
from fedsm.site_agent.under_way import UnderWay
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.worker.payloads import run_spec

TASK_ID = "0123456789abcdef"
CLAIM = f"{API}/tasks/{TASK_ID}/claim"


@pytest.fixture
def hub() -> Iterator[PlayedHub]:
    with PlayedHub() as played:
        yield played


class Site:
    """An agent's gateway, asked as a worker asks."""

    def __init__(self, hub: PlayedHub, folder: Path) -> None:
        self.hub, self.folder = hub, folder
        self.audit_file = folder / "audit.jsonl"
        self.spool = folder / "spool"
        self.policy_file = folder / "policy.yaml"
        self.home = SiteHome(Home(folder))
        self.home.make()
        SigningKey.load_or_make(self.home.key_file)
        self.home.write_membership(self.membership)
        self.consents = Consents(self.home)
        #: What its workers do, by task: kept from request to request.
        self.under_way = UnderWay(self.home.under_way_file)

    @property
    def membership(self) -> Membership:
        return Membership(self.hub.url, self.hub.key.public.text, "North", "north", "F", "site.north", "w")

    def approve(self, task: ClaimedTask) -> None:
        """As a person of the hospital does."""
        payload = task.payload
        assert isinstance(payload, TrainSitePayload | EvaluateSitePayload)
        self.consents.decide(terms_sha256(payload.run, payload.data), "approved", "person")

    def ask(self, method: str, path: str, content: bytes = b"", **headers: str) -> httpx.Response:
        return asyncio.run(self._ask(method, path, content, headers))

    async def _ask(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        async with Hub(self.hub.url, SigningKey.generate(), self.hub.key.public) as hub:
            session = Session(hub, self.membership, under_way=self.under_way)
            audit, transfers = Audit(self.audit_file), Transfers(session, self.spool)
            app = Gateway(session, audit, transfers, self.policy_file, self.consents, lambda: "http://link").app()
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://agent") as client:
                sent = {name.replace("_", "-"): value for name, value in headers.items()}
                return await client.request(method, path, content=content, headers=sent)

    def claim(self) -> httpx.Response:
        return self.ask("POST", CLAIM, b'{"worker": "worker"}')

    def recorded(self) -> list[dict[str, Any]]:
        verify(self.audit_file)
        return [json.loads(line) for line in self.audit_file.read_text().splitlines()]


@pytest.fixture
def site(hub: PlayedHub, tmp_path: Path) -> Site:
    return Site(hub, tmp_path)


def describe(site: str = "north") -> ClaimedTask:
    payload = DescribeDatasetPayload(
        dataset_id="d", site=site, folder="/data", task=run_spec().task, fractions=SplitFractions(), seed=0
    )
    return ClaimedTask(task_id=TASK_ID, attempt=1, lease_seconds=30, payload=payload)


def give(hub: PlayedHub, task: ClaimedTask | bytes) -> None:
    content = task if isinstance(task, bytes) else task.model_dump_json().encode()
    hub.answers[f"POST {CLAIM}"] = (200, content)
    hub.answers[f"POST {API}/tasks/{TASK_ID}/fail"] = (204, b"")


def test_a_task_of_the_site_passes_unchanged_and_is_recorded(hub: PlayedHub, site: Site) -> None:
    site.policy_file.write_text("may_send_thumbnails: true\nmay_send_hashes: true\n")
    give(hub, describe())
    answer = site.claim()
    assert answer.status_code == 200
    assert ClaimedTask.model_validate_json(answer.content) == describe()
    assert [(entry["what"], entry["task"], entry["kind"]) for entry in site.recorded()] == [
        ("claimed", TASK_ID, "describe_dataset")
    ]


def test_a_workers_lines_carry_the_id_of_the_click_that_made_their_task(hub: PlayedHub, site: Site) -> None:
    give(hub, describe())
    hub.headers = {CORRELATION_HEADER: "a1b2c3d4e5f60718"}
    assert site.claim().headers[CORRELATION_HEADER] == "a1b2c3d4e5f60718"
    hub.headers = {CORRELATION_HEADER: "no id, but\ttext"}
    assert CORRELATION_HEADER not in site.claim().headers


def changed(**payload: Any) -> bytes:
    task = describe().model_dump(mode="json")
    task["payload"] |= payload
    return json.dumps(task).encode()


def of_coordinator() -> ClaimedTask:
    return describe().model_copy(update={"payload": InitializeRunPayload(run=run_spec())})


def with_foreign_data() -> ClaimedTask:
    manifest = DatasetManifest(dataset_id="d", site="south", folder="/data", cases=())
    payload = ValidateSitePayload(run=run_spec(), round=1, participant="north", data=(manifest,), state={})
    return describe().model_copy(update={"payload": payload})


def with_network(name: str) -> bytes:
    payload = ValidateSitePayload(run=run_spec(), round=1, participant="north", data=(), state={})
    task = describe().model_copy(update={"payload": payload}).model_dump(mode="json", by_alias=True)
    task["payload"]["run"]["config"]["network"]["name"] = name
    return json.dumps(task).encode()


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (changed(command="rm -rf /"), "command"),
        (changed(kind="run_code"), "payload"),
        (with_network("my_own_network"), "network"),
        (of_coordinator(), "is no hospital's work"),
        (describe("south"), "for the data of south, not of north"),
        (with_foreign_data(), "not of north"),
        (b"[]", "is no ClaimedTask"),
        (b"\x80\x04K\x01.", "is no ClaimedTask"),
    ],
    ids=["extra field", "unknown kind", "foreign network", "coordinator", "other site", "other data", "list", "pickle"],
)
def test_what_is_not_on_the_list_is_refused_recorded_and_handed_back(
    hub: PlayedHub, site: Site, task: ClaimedTask | bytes, words: str
) -> None:
    give(hub, task)
    answer = site.claim()
    assert (answer.status_code, answer.json()["error"]) == (422, "refused_by_agent")
    assert words in answer.json()["detail"]
    assert [entry["what"] for entry in site.recorded()] == ["refused"]
    asked, _, body = hub.asked[-1]
    assert asked.endswith("/fail"), "the hub learns at once that nobody does it"
    assert "the site's agent refused" in json.loads(body)["message"]


def test_an_answer_of_somebody_else_never_arrives(hub: PlayedHub, site: Site) -> None:
    give(hub, describe())
    hub.forged = True
    answer = site.claim()
    assert (answer.status_code, answer.json()["error"]) == (503, "hub_away")
    assert "another key than this hub's" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{API}/tasks/{TASK_ID}/run"),
        ("POST", f"{API}/tasks/../claim"),
        ("POST", f"{API}/poll"),
        ("POST", f"{API}/leave"),
        ("POST", f"{API}/key"),
        ("GET", "/api/v1/federations"),
        ("DELETE", f"{API}/artifacts/{'0' * 64}"),
        ("GET", "/"),
    ],
)
def test_an_operation_that_workers_do_not_have_goes_nowhere(hub: PlayedHub, site: Site, method: str, path: str) -> None:
    assert site.ask(method, path).status_code in (404, 405)
    assert hub.asked == []


@pytest.mark.parametrize("body", [b"{}", b'{"worker": "w", "sudo": true}', b"not json"])
def test_a_workers_request_with_other_fields_goes_nowhere(hub: PlayedHub, site: Site, body: bytes) -> None:
    assert site.ask("POST", CLAIM, body).status_code == 422
    assert hub.asked == []


def test_a_heartbeat_stays_here_until_the_next_poll(hub: PlayedHub, site: Site) -> None:
    beat = {"worker": "worker", "queues": ["site.north"], "hardware": "2 CPU cores", "num_processes": 1}
    assert site.ask("POST", f"{API}/heartbeat", json.dumps(beat).encode()).status_code == 204
    assert site.ask("POST", f"{API}/heartbeat", json.dumps(beat | {"more": 1}).encode()).status_code == 422
    assert hub.asked == []


class TestFiles:
    content = bytes(range(256)) * 8192
    sha256 = hashlib.sha256(content).hexdigest()
    path = f"{API}/artifacts/{sha256}"

    def test_a_download_goes_on_where_the_connection_broke(
        self, hub: PlayedHub, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transfers, "MAX_DELAY_SECONDS", 0.01)
        hub.answers[f"GET {self.path}"] = (200, self.content)
        hub.cut = len(self.content) // 3 + 1
        answer = site.ask("GET", self.path)
        assert answer.status_code == 200
        assert answer.content == self.content
        ranges = [headers.get("range") for _, headers, _ in hub.asked]
        assert len(ranges) == 3
        assert ranges[0] is None
        assert all(begin and begin != "bytes=0-" for begin in ranges[1:])
        assert list(site.spool.iterdir()) == [], "nothing stays in the spool"

    def test_damaged_bytes_never_reach_a_worker(self, hub: PlayedHub, site: Site) -> None:
        hub.answers[f"GET {self.path}"] = (200, b"x" + self.content[1:])
        answer = site.ask("GET", self.path)
        assert (answer.status_code, answer.json()["error"]) == (503, "damaged")

    def test_an_upload_is_signed_sent_and_recorded(self, hub: PlayedHub, site: Site) -> None:
        hub.answers[f"PUT {self.path}"] = (204, b"")
        answer = site.ask("PUT", self.path, self.content, content_type=SAFETENSORS, x_fedsm_task=TASK_ID)
        assert answer.status_code == 204, answer.text
        _, headers, body = hub.asked[-1]
        assert body == self.content
        assert "x-fedsm-task" in headers["signature-input"]
        (entry,) = site.recorded()
        assert (entry["what"], entry["artifact"], entry["bytes"]) == ("sent", self.sha256, len(self.content))

    def test_an_upload_goes_on_where_the_connection_broke(
        self, hub: PlayedHub, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The connection breaks after 1 MiB or a little more of 2 MiB; the rest is sent, and nothing twice."""
        monkeypatch.setattr(transfers, "MAX_DELAY_SECONDS", 0.01)
        hub.answers[f"PUT {self.path}"] = (204, b"")
        hub.cut_upload = 2**20
        answer = site.ask("PUT", self.path, self.content, content_type=SAFETENSORS, x_fedsm_task=TASK_ID)
        assert answer.status_code == 204, answer.text
        puts = [(headers, body) for asked, headers, body in hub.asked if asked.startswith("PUT")]
        assert b"".join(body for _, body in puts) == self.content
        assert "content-range" not in puts[0][0]
        begins = [headers["content-range"] for headers, _ in puts[1:]]
        assert begins == [f"bytes {len(puts[0][1])}-{len(self.content) - 1}/{len(self.content)}"]
        assert list(site.spool.iterdir()) == [], "nothing stays in the spool"

    @pytest.mark.parametrize("status", [404, 200])
    def test_a_hub_that_keeps_no_part_gets_all_of_it(self, hub: PlayedHub, site: Site, status: int) -> None:
        hub.answers[f"PUT {self.path}"] = (204, b"")
        hub.received_answer = (status, b"{}")
        assert (
            site.ask("PUT", self.path, self.content, content_type=SAFETENSORS, x_fedsm_task=TASK_ID).status_code == 204
        )
        assert hub.asked[-1][2] == self.content

    @pytest.mark.parametrize("method", ["PUT", "GET"])
    def test_a_full_disk_of_the_hub_is_said_at_once(self, hub: PlayedHub, site: Site, method: str) -> None:
        """A worker waits for room by itself, and says so in the run's log."""
        hub.answers[f"{method} {self.path}"] = (507, b'{"error": "disk_full", "detail": "the disk is full"}')
        answer = site.ask(method, self.path, self.content, content_type=SAFETENSORS, x_fedsm_task=TASK_ID)
        assert (answer.status_code, answer.json()) == (507, {"error": "disk_full", "detail": "the disk is full"})
        assert [asked for asked, _, _ in hub.asked if asked.startswith(method) and "received" not in asked] == [
            f"{method} {self.path}"
        ]
        assert list(site.spool.iterdir()) == [], "nothing stays in the spool"

    def test_a_fault_of_the_hub_is_tried_again_and_then_said_as_it_is(
        self, hub: PlayedHub, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transfers, "MAX_DELAY_SECONDS", 0.01)
        hub.answers[f"PUT {self.path}"] = (500, b'{"error": "internal_error", "detail": "a fault of the backend"}')
        answer = site.ask("PUT", self.path, self.content, content_type=SAFETENSORS, x_fedsm_task=TASK_ID)
        assert (answer.status_code, answer.json()["detail"]) == (500, "a fault of the backend")
        assert len([asked for asked, _, _ in hub.asked if asked.startswith("PUT")]) == transfers.TRIES
        assert list(site.spool.iterdir()) == [], "nothing stays in the spool"

    def test_a_part_that_was_damaged_at_the_hub_is_sent_again_from_its_first_byte(
        self, hub: PlayedHub, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transfers, "MAX_DELAY_SECONDS", 0.01)
        hub.received = b"x" * 2**20
        hub.next_answers = [(422, b'{"error": "hash_mismatch", "detail": "these bytes hash to another address"}')]
        hub.answers[f"PUT {self.path}"] = (204, b"")
        answer = site.ask("PUT", self.path, self.content, content_type=SAFETENSORS, x_fedsm_task=TASK_ID)
        assert answer.status_code == 204, answer.text
        puts = [(headers.get("content-range"), body) for asked, headers, body in hub.asked if asked.startswith("PUT")]
        assert [begin is None for begin, _ in puts] == [False, True]
        assert puts[-1][1] == self.content

    def test_bytes_that_hash_to_another_address_from_the_first_one_on_are_refused(
        self, hub: PlayedHub, site: Site
    ) -> None:
        hub.answers[f"PUT {self.path}"] = (422, b'{"error": "hash_mismatch", "detail": "send them again"}')
        answer = site.ask("PUT", self.path, self.content, content_type=SAFETENSORS, x_fedsm_task=TASK_ID)
        assert (answer.status_code, answer.json()["error"]) == (422, "hash_mismatch")
        assert list(site.spool.iterdir()) == [], "nothing stays in the spool"

    @pytest.mark.parametrize(
        ("content", "headers"),
        [
            (content, {"content_type": "text/html", "x_fedsm_task": TASK_ID}),
            (content, {"content_type": SAFETENSORS}),
            (b"other", {"content_type": SAFETENSORS, "x_fedsm_task": TASK_ID}),
        ],
        ids=["kind", "no task", "other bytes"],
    )
    def test_an_upload_that_is_not_as_it_says_goes_nowhere(
        self, hub: PlayedHub, site: Site, content: bytes, headers: dict[str, str]
    ) -> None:
        assert site.ask("PUT", self.path, content, **headers).status_code == 422
        assert hub.asked == []


def test_a_record_that_was_changed_removed_or_moved_is_named(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for count in range(5):
        Audit(path).write("claimed", task=str(count))
    assert max(verify(path)) == 5
    lines = path.read_text().splitlines()
    for spoilt, number in (
        ([*lines[:2], lines[2].replace('"2"', '"9"'), *lines[3:]], 4),
        ([*lines[:2], *lines[3:]], 3),
        ([lines[0], lines[2], lines[1], *lines[3:]], 2),
        ([*lines[:3], "{", *lines[4:]], 4),
    ):
        path.write_text("\n".join(spoilt) + "\n")
        with pytest.raises(ValueError, match=f"line {number} of"):
            verify(path)
