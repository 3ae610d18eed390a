"""A hospital's real agent, as a process, between a hub and a worker: it asks, a person decides by command or in a
browser, heads travel."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from click.testing import Result
from typer.testing import CliRunner

from backend.contracts.link import SiteKit
from fedsm.cli.app import app
from fedsm.local.home import Home
from fedsm.site_agent import joining
from fedsm.site_agent.site_home import SiteHome
from fedsm.site_agent.status import approval_link, status_of
from tests.backend.conftest import start_run
from tests.backend.link.played_site import add_site, invite
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.conftest import wait_until

#: Of the hospital's own queue.
DATABASE = 11


@dataclass
class Hospital:
    """worker: speaks to the agent's socket, as the hospital's own does. agents: the processes so far; the last runs."""

    home: SiteHome
    worker: PlayedWorker
    agents: list["subprocess.Popen[bytes]"]
    settings: dict[str, str]

    def start_agent(self) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith("FEDSM_")}
        log = self.home.folder.parent / "agent.log"
        with open(log, "ab") as file:
            command = [sys.executable, "-m", "fedsm.site_agent"]
            environment = own | self.settings
            self.agents.append(subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT))
        wait_until(lambda: (status_of(self.home) or {}).get("problem") == "", 60, f"the agent: {log}")

    def stop_agent(self) -> None:
        self.agents[-1].send_signal(signal.SIGTERM)
        self.agents[-1].wait(60)

    def fedsm(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["site", *arguments, "--home", str(self.home.folder)])

    def beat(self) -> None:
        body = {"worker": "worker", "queues": ["site.north"], "hardware": "2 CPU cores", "num_processes": 1}
        assert self.worker.client.post("/worker-api/v1/heartbeat", json=body).status_code == 204

    def works(self) -> bool:
        self.beat()
        return self.worker.work_one("site.north")


@pytest.fixture
def north(
    backend: LiveBackend, broker: redis.Redis, hospitals: dict[str, Any], tmp_path: Path, valkey_url: str
) -> Iterator[Hospital]:
    """Joined, with a data set; its agent runs."""
    site = add_site(backend, hospitals, "north")
    home = SiteHome(Home(tmp_path / "north"))
    kit = SiteKit.model_validate(invite(backend, site) | {"url": backend.url})
    asyncio.run(joining.join(home, kit, "2 CPU cores"))
    home.policy_file.write_text("may_send_thumbnails: true\nmay_send_images: true\nmay_send_predictions: true\n")
    accepted = {"fingerprint": home.key().public.fingerprint}
    backend.post(f"/sites/{site['id']}/credential/accept", accepted)
    settings = {
        "FEDSM_HOME": str(home.folder),
        "REDIS_URL": f"{valkey_url}?virtual_host={DATABASE}",
        "FEDSM_POLL_SECONDS": "2",
    }
    client = httpx.Client(transport=httpx.HTTPTransport(uds=str(home.socket())), base_url="http://agent", timeout=30)
    queue = redis.Redis(unix_socket_path=valkey_url.removeprefix("redis+socket://"), db=DATABASE)
    hospital = Hospital(home, PlayedWorker(client, queue, "worker"), [], settings)
    try:
        hospital.start_agent()
        hospital.beat()
        backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": "/data/north"})
        wait_until(hospital.works, 30, "the check of the data set")
        yield hospital
    finally:
        client.close()
        hospital.stop_agent()


def test_a_run_is_approved_by_command_refused_in_a_browser_and_recorded_at_both_ends(
    backend: LiveBackend, worker: PlayedWorker, hospitals: dict[str, Any], north: Hospital
) -> None:
    run_id = start_run(backend, hospitals, strategies=[{"name": "fedavg"}])
    worker.work_until_idle()

    def reasons() -> list[str]:
        north.beat()
        return [wait["reason"] for wait in backend.get(f"/runs/{run_id}")["waits_for"]]

    wait_until(lambda: reasons() == ["not_approved"], 30, "the run to wait for the approval")
    wait_until(lambda: "approval asked" in north.home.audit_file.read_text(), 30, "the agent to hear of it")
    assert not north.works(), "no task of the run is at the hospital"
    listed = north.fedsm("approvals").output
    assert re.search(rf"{run_id}\s+WAITS", listed), listed
    sheet = north.fedsm("approvals", run_id).output
    assert "/data/north: 2 training cases" in sheet, sheet
    assert north.fedsm("approvals", "nothing").exit_code == 1
    done = north.fedsm("approve", run_id, "--yes", "--name", "Dr. Berg")
    assert done.exit_code == 0, done.output
    wait_until(north.works, 30, "the first training")
    assert backend.get(f"/runs/{run_id}/approvals")[0]["name"] == "Dr. Berg"
    refuse_in_browser(north.home)
    assert backend.get(f"/runs/{run_id}/approvals")[0]["decision"] == "refused"
    worker.work_until_idle()
    wait_until(lambda: _fails(backend, worker, north, run_id), 60, "the next round to be refused by the hospital")
    failures = backend.get(f"/runs/{run_id}")["failures"]
    assert failures[0]["kind"] == "site_refused"
    assert "The vote was no" in failures[0]["cause"]
    assert "site_refused" in {task["failure_kind"] for task in backend.get(f"/runs/{run_id}/tasks")}
    check_records(backend, north)


def _fails(backend: LiveBackend, worker: PlayedWorker, north: Hospital, run_id: str) -> bool:
    """A task that the agent refuses at its claim is dropped by the worker."""
    north.beat()
    worker.work_until_idle()
    if (task_id := north.worker.next_task_id("site.north")) is not None:
        assert north.worker.claim(task_id).json()["error"] == "refused_by_agent"
    return bool(backend.get(f"/runs/{run_id}")["status"] == "failed")


def refuse_in_browser(home: SiteHome) -> None:
    """Over the loopback, with the link that the agent gives."""
    link = approval_link(home)
    assert link is not None
    address = link.partition("/?")[0]
    with httpx.Client(base_url=address, follow_redirects=True, trust_env=False) as browser:
        shown = browser.get(link).text
        assert "Approved" in shown
        guard, terms = (re.findall(f"name='{name}' value='([0-9a-f]+)'", shown)[0] for name in ("guard", "terms"))
        form = {"guard": guard, "terms": terms, "decision": "refused", "reason": "The vote was no"}
        assert "Refused" in browser.post("/decide", data=form).text
        assert browser.get("/worker-api/v1/gone").status_code == 404, "nothing of the workers' is on the loopback"
        assert browser.get("/status").status_code == 404


def check_records(backend: LiveBackend, north: Hospital) -> None:
    """Both verify; then the hospital's is rewritten whole, which its own chain does not show."""

    def confirmed() -> bool:
        return bool(backend.get("/audit/verification")["confirmed"])

    wait_until(confirmed, 30, "the hospital to confirm a head of the hub's record")
    assert backend.get("/audit/verification")["intact"]
    done = north.fedsm("audit", "verify")
    assert done.exit_code == 0, done.output
    assert "by what the hub keeps" in done.output
    records = [json.loads(line) for line in north.home.audit_file.read_text().splitlines()]
    assert {"approval asked", "approved", "refused", "claimed", "sent", "completed"} <= {one["what"] for one in records}
    north.home.audit_file.write_text("")
    assert north.fedsm("audit", "verify").exit_code == 1


def test_a_site_makes_a_new_key_goes_on_with_it_and_leaves(
    backend: LiveBackend, hospitals: dict[str, Any], north: Hospital
) -> None:
    before = north.home.key().public.fingerprint
    done = north.fedsm("rotate")
    assert done.exit_code == 0, done.output
    after = north.home.key().public.fingerprint
    assert after != before
    assert after in done.output
    assert north.agents[-1].wait(120) == 0, "the agent ends by itself, to be started with the new key"
    north.start_agent()
    site = backend.get(f"/federations/{hospitals['id']}")["sites"][0]
    assert site["link"]["own_policy"]["leaves"] == ["thumbnails"], "pictures of test cases stay where scores stay"
    assert (site["link"]["fingerprint"], site["link"]["status"]) == (after, "joined")

    (north.home.folder / "worker").mkdir(exist_ok=True)
    (north.home.folder / "worker" / "model.safetensors").write_bytes(b"weights")
    refused = north.fedsm("leave", "--yes")
    assert refused.exit_code == 1
    assert "agent runs: stop it" in refused.output
    assert north.home.key_file.exists()
    north.stop_agent()
    done = north.fedsm("leave", "--yes")
    assert done.exit_code == 0, done.output
    assert re.search(r"datasets: 1\n  cases: 5\n", done.output), done.output
    gone = (north.home.key_file, north.home.membership_file, north.home.renewal_file, north.home.folder / "worker")
    assert not any(path.exists() for path in gone)
    assert '"left"' in north.home.audit_file.read_text()
    assert backend.get(f"/sites/{site['id']}")["link"]["reason"] == "the site left"
    north.agents.append(subprocess.Popen([sys.executable, "-m", "fedsm.site_agent"], env=os.environ | north.settings))
    assert north.agents[-1].wait(120) == 1, "without a key the agent says to join, and ends"
