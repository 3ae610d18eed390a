"""Three hospitals join a hub over TLS, as processes with homes of their own. Two finish a FedSM run with it and train a
student of it; the third gets the model afterwards. In all that passed on the way stands nothing that names a person or
shows an image."""

import base64
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.contracts.artifacts import SAFETENSORS
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.status import DatasetStatus, RunStatus
from backend.datasets.schemas import DatasetCreate
from backend.registry.schemas import VersionRecord
from backend.sites.schemas import SiteCreate
from fedsm.local.certificates import make_authority, make_certificate
from tests.conftest import wait_until
from tests.integration.hospitals import Front, Hospital, hospital_environment
from tests.integration.live_platform import LivePlatform
from tests.integration.made_at_hospitals import (
    a_new_hospital_gets_the_model,
    a_student_is_trained,
    approve_by_rule,
)
from tests.integration.marked_data import FOLDER, NAME, leaks, write_marked_sites
from tests.integration.recording_front import FROM_HUB, TO_HUB, recorded_traffic
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import TASK, tiny_config
from tests.ports import held_port

#: Those that train together, and one that comes later.
NAMES, NEW = ("site-a", "site-b"), "site-c"


@contextmanager
def hub_with_tls(folder: Path, valkey_url: str) -> Iterator[tuple[LivePlatform, Front, Path]]:
    """The hub, the TLS in front of it, and the authority of its certificate."""
    authority = make_authority(folder / "tls", "Hospital test authority")
    certificate, key = make_certificate(authority, ("127.0.0.1",))
    port = held_port()
    settings = {"FEDSM_PUBLIC_URL": f"https://127.0.0.1:{port}", "FEDSM_LEASE_SECONDS": "10"}
    hub = LivePlatform(folder / "hub", f"{valkey_url}?virtual_host=9", num_processes=1, environment=settings)
    front_program = (sys.executable, "-m", "tests.integration.recording_front", str(folder / "traffic"))
    words = (*front_program, str(port), str(hub.port), str(certificate), str(key))
    front = Front(words, hospital_environment(None, folder), folder / "front.log")
    front.start()
    try:
        with hub:
            yield hub, front, authority
    finally:
        front.stop()


def test_from_invitation_to_a_finished_run(tmp_path: Path, valkey_url: str, sites: dict[str, Path]) -> None:
    hospitals: dict[str, Hospital] = {}
    sites = write_marked_sites(tmp_path / "data", sites) | {NEW: sites[NEW]}
    with hub_with_tls(tmp_path, valkey_url) as (hub, front, authority):
        federation = hub.client.create_federation("Hospitals", "", TASK)
        try:
            for name in (*NAMES, NEW):
                site = hub.client.create_site(federation.id, SiteCreate(name=name, kind="real"))
                kit = tmp_path / f"{name}.json"
                kit.write_text(json.dumps(hub.client.post_json(f"/sites/{site.id}/invitation", None)))
                hospital = Hospital(tmp_path / name, hospital_environment(authority, sites[name].parent))
                hospitals[name] = hospital
                if name == NAMES[0]:
                    _without_its_authority_the_issuer_is_named(kit, tmp_path, sites[name].parent)
                assert "NOT OK" not in (checked := hospital.fedsm("check", str(kit)))
                assert "ok      certificate: verified" in checked
                words = hospital.fedsm("join", str(kit))
                link = hub.client.federation(federation.id).sites[-1].link
                assert link is not None
                assert link.status == "pending"
                assert link.phrase in words
                hub.client.post_json(f"/sites/{site.id}/credential/accept", {"fingerprint": link.fingerprint})
                hospital.up()
            wait_until(
                lambda: all(site.state == "online" for site in hub.client.federation(federation.id).sites),
                90,
                "all hospitals to be online",
            )
            _take_data_into_use(hub, federation.id, sites)
            federation = hub.client.federation(federation.id)
            schedule = {"rounds": 2, "batch_size": 2, "update_format": "int8"}
            config = tiny_config(FedSMConfig(), seeds=(0,), schedule=schedule)
            experiment = hub.start_experiment(federation, "Over hospitals", config)
            _each_hospital_approves(hub, hospitals, experiment.runs[0].id)
            hospitals[NAMES[0]].kill_agent()
            _the_links_break_in_mid_round(hub, front, hospitals, experiment.runs[0].id)
            finished = await_experiment(hub, experiment)
            assert [run.status for run in finished.runs] == [RunStatus.COMPLETED], finished.runs[0].failure
            workers = {task.worker for task in hub.client.run_tasks(finished.runs[0].id) if task.participant in NAMES}
            assert workers == {f"{name}/worker" for name in NAMES}
            registered = hub.client.post_json(f"/runs/{finished.runs[0].id}/versions", {"name": "discs"})
            version = VersionRecord.model_validate(registered)
            by_hand, by_rule = ((name, hospitals[name]) for name in NAMES)
            a_student_is_trained(hub, by_hand, by_rule, version, tmp_path / "traffic")
            a_new_hospital_gets_the_model(hub, (NEW, hospitals[NEW]), version, sites[NEW])
            _nobody_can_be_named(hub, tmp_path, federation.id, experiment.runs[0].id)
            for hospital in hospitals.values():
                assert "connected" in hospital.fedsm("status")
                assert "may_send_thumbnails: no" in hospital.fedsm("policy")
                assert "none changed, removed or moved" in hospital.fedsm("audit")
                assert (
                    len(json.loads(hospital.home.joinpath("audit.jsonl").read_text().splitlines()[-1])["previous"])
                    == 64
                )
            records = {name: (one.home / "audit.jsonl").read_text() for name, one in hospitals.items()}
            starts = {name: record.count('"started"') for name, record in records.items()}
            assert starts == {name: 2 if name == NAMES[0] else 1 for name in hospitals}
        finally:
            for hospital in hospitals.values():
                hospital.stop()


def _nobody_can_be_named(hub: LivePlatform, folder: Path, federation_id: str, run_id: str) -> None:
    """Neither in what the hub got from the check, the training and the test, nor of a task that fails over a file."""
    data = folder / "data" / FOLDER
    for path in (data / NAMES[1] / "images").glob(f"{NAME}-case-*"):
        path.write_bytes(path.read_bytes() + f"{NAME} was here".encode())
    experiment = hub.start_experiment(
        hub.client.federation(federation_id), "Over a changed file", tiny_config(FedSMConfig(), seeds=(1,))
    )
    failed = lambda: [  # noqa: E731
        task
        for task in hub.client.run_tasks(experiment.runs[0].id)
        if (task.participant, task.status) == (NAMES[1], "failed")
    ]
    wait_until(lambda: bool(failed()), 90, "the site to fail over its changed file")
    hub.client.cancel_experiment(experiment.id)
    sent = recorded_traffic(folder / "traffic", TO_HUB)
    assert b"POST /worker-api/v1/poll" in sent
    assert b'"kind":"evaluate_site"' in sent
    assert b'"kind":"data_' in sent, "the failure itself is in it"
    image = next((data / NAMES[0] / "images").iterdir())
    assert list(leaks(base64.b64encode(b"x" + image.read_bytes()), data)), "a picture in a report would be found"
    assert list(leaks(sent, data)) == []
    received = recorded_traffic(folder / "traffic", FROM_HUB)
    assert NAME.encode() not in received, "the hub knows none of it"
    assert hub.client.run_cases(run_id).cases == []
    kinds = set(
        re.findall(rb"PUT /worker-api/v1/artifacts/\w+ .*?content-type: ([^\r]+)", sent, re.IGNORECASE | re.DOTALL)
    )
    assert kinds == {SAFETENSORS.encode()}, "no picture is among the files"


def _each_hospital_approves(hub: LivePlatform, hospitals: dict[str, Hospital], run_id: str) -> None:
    """One by hand, after reading; one by a rule of its policy."""
    by_hand, by_rule = (hospitals[name] for name in NAMES)
    waits = lambda: {wait.participant: wait.reason for wait in hub.client.run(run_id).waits_for}  # noqa: E731
    wait_until(lambda: waits() == dict.fromkeys(NAMES, "not_approved"), 60, "the run to wait for both approvals")
    assert "WAITS" in (asked := by_hand.fedsm("approvals"))
    assert "http://127.0.0.1:" in asked
    assert "Policy closes:" in by_hand.fedsm("approvals", run_id)
    assert "approved: FedSM, seed 0" in by_hand.fedsm("approve", run_id, "--yes", "--name", "Dr. Berg")
    approve_by_rule(by_rule, "strategies: [fedsm], maximum_rounds: 9")
    decided = lambda: {one.site_slug: one.by for one in hub.client.run_approvals(run_id)}  # noqa: E731
    wait_until(lambda: decided() == dict(zip(NAMES, ("person", "rule"), strict=True)), 60, "both decisions")


def _the_links_break_in_mid_round(hub: LivePlatform, front: Front, hospitals: dict[str, Hospital], run_id: str) -> None:
    """Nobody reaches the hub while a site trains. The sites come back by themselves, and the run goes on."""

    def trains() -> bool:
        return any((task.kind, task.status) == ("train_site", "running") for task in hub.client.run_tasks(run_id))

    wait_until(trains, 60, "a site to train")
    logs = {log: len(log.read_text()) for log in (hospitals[name].agent_log for name in NAMES)}
    since = lambda: [log.read_text()[length:] for log, length in logs.items()]  # noqa: E731
    front.stop()
    wait_until(lambda: all("the hub is away" in text for text in since()), 30, "both agents to notice")
    assert hub.client.run(run_id).status == RunStatus.RUNNING
    front.start()
    back = lambda text: "the hub answers" in text.rpartition("the hub is away")[2]  # noqa: E731
    wait_until(lambda: all(back(text) for text in since()), 60, "both agents to reach it again")


def _take_data_into_use(hub: LivePlatform, federation_id: str, folders: dict[str, Path]) -> None:
    """Of those that train together."""
    for site in hub.client.federation(federation_id).sites[: len(NAMES)]:
        dataset = hub.client.register_dataset(site.id, DatasetCreate(name="cases", folder=str(folders[site.slug])))
        record = hub.await_check(dataset.id)
        assert record.status == DatasetStatus.READY, record.error


def _without_its_authority_the_issuer_is_named(kit: Path, folder: Path, data: Path) -> None:
    """TLS is never left unverified: the words say whose certificate was seen, and what to set."""
    astray = Hospital(folder / "astray", hospital_environment(None, data))
    for command in ("check", "join"):
        said = astray.fedsm(command, str(kit), code=1)
        assert "CN=Hospital test authority" in said
        assert "FEDSM_CA_BUNDLE" in said
