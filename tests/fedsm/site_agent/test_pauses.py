"""When a hospital's policy lets work of runs wait: its hours, and its number of runs, whatever the hub hands out."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from backend.contracts.dry_runs import DryRunSitePayload
from backend.contracts.site_limits import LIMITS_HEADER, SiteLimits
from backend.contracts.tasks import ClaimedTask, FailRequest
from backend.contracts.worker_state import Heartbeat
from fedsm.site_agent import gateway, giving_back, polling, under_way
from fedsm.site_agent.approvals import Desk
from fedsm.site_agent.audit import Audit
from fedsm.site_agent.hours import are_open, next_opening
from fedsm.site_agent.hub import API, Hub
from fedsm.site_agent.operations import Refused
from fedsm.site_agent.pauses import pause_of
from fedsm.site_agent.policy import HospitalPolicy, read_policy
from fedsm.site_agent.polling import LocalQueue, Poller
from fedsm.site_agent.resources import gpu_environment
from fedsm.site_agent.session import Session
from fedsm.site_agent.site_home import RenewalState
from fedsm.site_agent.under_way import Claim, UnderWay
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.test_gateway import TASK_ID, Site, describe, give
from tests.fedsm.site_agent.test_gateway import hub as hub
from tests.fedsm.site_agent.test_gateway import site as site
from tests.fedsm.site_agent.test_policy import train

ZONE = ZoneInfo("Europe/Berlin")
#: A Monday.
MONDAY = datetime(2026, 3, 2, tzinfo=ZONE)
NIGHTS = ("mon-fri 19:00-06:00", "sun 08:00-24:00")
PROGRESS, FAIL = f"{API}/tasks/{TASK_ID}/progress", f"{API}/tasks/{TASK_ID}/fail"
REPORT = b'{"attempt": 1, "fraction": 0.5}'


@pytest.fixture(autouse=True)
def machine_in_berlin() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def at(day: int, clock: str) -> datetime:
    """day: 0 is Monday."""
    hour, minute = clock.split(":")
    return MONDAY + timedelta(days=day, hours=int(hour), minutes=int(minute))


@pytest.mark.parametrize(
    ("moment", "is_open", "opens"),
    [
        (at(0, "05:59"), False, at(0, "19:00")),  # Sunday's window ends with Sunday
        (at(0, "18:59"), False, at(0, "19:00")),
        (at(0, "19:00"), True, at(1, "19:00")),
        (at(1, "05:59"), True, at(1, "19:00")),
        (at(1, "06:00"), False, at(1, "19:00")),
        (at(5, "05:59"), True, at(6, "08:00")),  # Friday's night ends on Saturday
        (at(5, "06:00"), False, at(6, "08:00")),
        (at(6, "23:59"), True, at(7, "19:00")),
    ],
)
def test_hours_open_and_close(moment: datetime, is_open: bool, opens: datetime) -> None:
    assert (are_open(NIGHTS, moment), next_opening(NIGHTS, moment)) == (is_open, opens)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-03-28 12:00+01:00", "2026-03-28 19:00+01:00"),
        ("2026-03-28 20:00+01:00", "2026-03-29 19:00+02:00"),  # the clocks change at 02:00, to 03:00
        ("2026-10-24 20:00+02:00", "2026-10-25 19:00+01:00"),  # and at 03:00, to 02:00
    ],
)
def test_a_night_opens_by_the_clock_of_its_day(moment: str, opens: str) -> None:
    """The agent's own time has the offset of its moment, as `local_now` gives it."""
    assert next_opening(["19:00-06:00"], datetime.fromisoformat(moment)) == datetime.fromisoformat(opens)


def test_hours_within_the_hour_that_a_clock_shows_twice() -> None:
    for moment, opens in (
        ("2026-10-25 02:10+02:00", "2026-10-25 02:30+02:00"),
        ("2026-10-25 02:40+02:00", "2026-10-25 02:30+01:00"),
        ("2026-10-25 02:40+01:00", "2026-10-26 02:30+01:00"),
    ):
        found = next_opening(["02:30-02:35"], datetime.fromisoformat(moment))
        assert found == datetime.fromisoformat(opens)


@pytest.mark.parametrize("text", ["19-6", "mon 25:00-26:00", "mon-xyz 19:00-06:00", "mon 19:00-24:30", "19:00-06:00 "])
def test_hours_that_are_none_close_everything(text: str, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(f"hours: ['{text}']")
    with pytest.raises(Refused, match=r"wrong at hours\.0"):
        read_policy(tmp_path / "policy.yaml")


def test_a_pause_says_the_line_and_when_it_is_over() -> None:
    pause = pause_of(HospitalPolicy(hours=NIGHTS), (), at(2, "12:00"))
    assert pause is not None
    assert (pause.line, pause.said) == ("hours", "trains mon-fri 19:00-06:00, sun 08:00-24:00 CET")
    assert pause.until == datetime(2026, 3, 4, 18, tzinfo=UTC)
    assert pause_of(HospitalPolicy(hours=NIGHTS), (), at(2, "20:00")) is None
    never = pause_of(HospitalPolicy(hours=()), (), MONDAY)
    assert never is not None
    assert (never.said, never.until) == ("never trains", None)
    one = pause_of(HospitalPolicy(maximum_runs=1), ("r1",), MONDAY)
    assert one is not None
    assert (one.line, one.said, one.open_runs) == ("maximum_runs", "works for 1 run at a time", ("r1",))
    assert pause_of(HospitalPolicy(maximum_runs=2), ("r1",), MONDAY) is None


def test_a_worker_with_more_gpus_than_the_policy_gives_waits_for_its_next_start() -> None:
    pause = pause_of(HospitalPolicy(gpus=(0,)), (), MONDAY, num_gpus=2)
    assert pause is not None
    assert (pause.line, "1 GPUs and the one that runs has 2" in pause.said) == ("gpus", True)
    assert pause_of(HospitalPolicy(gpus=(0, 3)), (), MONDAY, num_gpus=2) is None


@pytest.mark.parametrize(
    ("text", "seen"), [("gpus: [0, 2]", "0,2"), ("gpus: []", ""), ("", None), ("a wrong: line", "")]
)
def test_a_worker_sees_the_gpus_of_the_policy(text: str, seen: str | None, tmp_path: Path) -> None:
    """A policy that cannot be understood closes all."""
    (tmp_path / "policy.yaml").write_text(text)
    assert gpu_environment(tmp_path / "policy.yaml").get("CUDA_VISIBLE_DEVICES") == seen


def test_a_worker_is_told_memory_and_disk_and_the_hub_the_line(hub: PlayedHub, site: Site) -> None:
    site.policy_file.write_text("maximum_memory_gib: 0.5\nmaximum_disk_gib: 2\n")
    give(hub, train())
    site.approve(train())
    limits = SiteLimits.model_validate_json(site.claim().headers[LIMITS_HEADER])
    assert (limits.memory_bytes, limits.disk_bytes) == (2**29, 2 * 2**30)
    report = FailRequest(attempt=1, kind="over_memory_limit", message="it takes 0.61 GiB of memory of /data/mueller")
    assert site.ask("POST", FAIL, report.model_dump_json().encode()).status_code == 204
    said = json.loads(hub.asked[-1][2])
    assert said["message"] == "policy.yaml of the site, maximum_memory_gib: 0.5; the task needs more"
    assert said["detail"] == ""


def close(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Monday at noon, and the site trains at night."""
    site.policy_file.write_text("hours: [mon-fri 19:00-06:00]\n")
    monkeypatch.setattr(gateway, "local_now", lambda: at(0, "12:00"))
    monkeypatch.setattr(polling, "local_now", lambda: at(0, "12:00"))


def test_a_limit_is_said_as_it_was_when_the_task_began_and_before_its_text(hub: PlayedHub, site: Site) -> None:
    site.policy_file.write_text("maximum_memory_gib: 0.1\n")
    give(hub, train())
    site.approve(train())
    assert site.claim().status_code == 200
    site.policy_file.write_text("maximum_memory_gib: 8\nmay_send_texts: true\n")
    report = FailRequest(attempt=1, kind="over_memory_limit", message="it takes 0.61 GiB")
    assert site.ask("POST", FAIL, report.model_dump_json().encode()).status_code == 204
    said = json.loads(hub.asked[-1][2])["message"]
    assert said == "policy.yaml of the site, maximum_memory_gib: 0.1; the task needs more: it takes 0.61 GiB"


def test_outside_its_hours_a_run_is_given_back_and_a_check_is_done(
    hub: PlayedHub, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    close(site, monkeypatch)
    give(hub, train())
    site.approve(train())
    answer = site.claim()
    assert (answer.status_code, answer.json()["error"]) == (409, "site_pauses")
    asked, _, body = hub.asked[-1]
    report = json.loads(body)
    assert (asked, report["released"], report["kind"]) == (f"POST {FAIL}", True, "site_refused")
    assert report["message"] == "policy.yaml of the site, hours: the site trains mon-fri 19:00-06:00 CET"
    assert [entry["what"] for entry in site.recorded()] == ["given back"]
    give(hub, describe())
    assert site.claim().status_code == 200


def test_work_under_way_ends_with_the_hours(hub: PlayedHub, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.answers[f"POST {PROGRESS}"] = (200, b'{"action": "continue", "lease_seconds": 30}')
    hub.answers[f"POST {FAIL}"] = (204, b"")
    assert site.ask("POST", PROGRESS, REPORT).json()["action"] == "continue"
    close(site, monkeypatch)
    assert site.ask("POST", PROGRESS, REPORT).json()["action"] == "stop"
    asked, _, body = hub.asked[-1]
    assert (asked, json.loads(body)["released"]) == (f"POST {FAIL}", True)


def dry_run() -> ClaimedTask:
    payload = train().payload
    tried = DryRunSitePayload(
        dry_run_id="d1",
        participant="north",
        config=payload.run.config,  # type: ignore[union-attr]
        task=describe().payload.task,  # type: ignore[union-attr]
        sites=("north",),
        data=(),
    )
    return describe().model_copy(update={"payload": tried})


def claim_of(run: str | None) -> Claim:
    return Claim(run=run, lease_seconds=30, limits=SiteLimits())


def test_one_run_at_a_time(hub: PlayedHub, site: Site) -> None:
    site.policy_file.write_text("maximum_runs: 1\n")
    site.approve(train())
    site.under_way.begin("another task", claim_of("another run"))
    for task in (train(), dry_run()):
        give(hub, task)
        assert site.claim().json()["error"] == "site_pauses"
        assert "maximum_runs: the site works for 1 run at a time" in json.loads(hub.asked[-1][2])["message"]
    site.under_way.begin("another task", claim_of(train().payload.run.run_id))  # type: ignore[union-attr]
    give(hub, train())
    assert site.claim().status_code == 200, "a second task of the same run"


@pytest.mark.parametrize("ended", ["stopped", "superseded"])
def test_a_task_that_the_hub_ends_counts_no_more(hub: PlayedHub, site: Site, ended: str) -> None:
    """Its worker says no other word of it."""
    site.policy_file.write_text("maximum_runs: 1\n")
    site.approve(train())
    give(hub, train())
    assert site.claim().status_code == 200
    assert TASK_ID in site.under_way.tasks()
    path = f"{API}/tasks/{TASK_ID}/progress"
    refusal = b'{"error": "attempt_superseded", "detail": "another attempt is under way"}'
    stop = b'{"action": "stop", "lease_seconds": 30}'
    hub.answers[f"POST {path}"] = (200, stop) if ended == "stopped" else (409, refusal)
    site.ask("POST", path, b'{"attempt": 1, "fraction": 0.5}')
    assert TASK_ID not in site.under_way.tasks()


def test_a_task_whose_worker_died_lets_another_run_work(
    hub: PlayedHub, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.policy_file.write_text("maximum_runs: 1\n")
    site.approve(train())
    site.under_way.begin("another task", claim_of("another run"))
    give(hub, train())
    assert site.claim().status_code == 409
    silent = time.monotonic() + 31
    monkeypatch.setattr(under_way, "monotonic", lambda: silent)
    assert site.claim().status_code == 200
    site.under_way.heard("another task")
    assert set(site.under_way.tasks()) == {"another task", TASK_ID}, "it had only been slow"


def test_an_agent_that_starts_again_knows_what_is_under_way(
    hub: PlayedHub, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check goes on outside the hours, and a run counts."""
    hub.answers[f"POST {PROGRESS}"] = (200, b'{"action": "continue", "lease_seconds": 30}')
    give(hub, describe())
    assert site.claim().status_code == 200
    site.under_way.begin("another task", claim_of("another run"))
    site.under_way = UnderWay(site.home.under_way_file)
    close(site, monkeypatch)
    assert site.ask("POST", PROGRESS, REPORT).json()["action"] == "continue"
    assert {one.run for one in site.under_way.tasks().values()} == {None, "another run"}
    site.home.under_way_file.write_text("half a fi")
    assert UnderWay(site.home.under_way_file).tasks() == {}


def test_a_task_goes_back_as_soon_as_the_hub_is_there_again(
    hub: PlayedHub, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next poll says the pause at once."""
    monkeypatch.setattr(giving_back, "FIRST_DELAY_SECONDS", 0.01)
    away = (503, b'{"error": "busy", "detail": "later"}')

    async def give_back() -> None:
        async with Hub(hub.url, site.home.key(), hub.key.public) as real:
            session = Session(real, site.membership, site.under_way)
            session.fed((TASK_ID,))
            back = giving_back.GivingBack(session)
            hub.answers[f"POST {FAIL}"] = away
            await back.give_back(TASK_ID, 1, "hours", lease_seconds=30)
            assert (session.waiting(), session.changed.is_set()) == ((), True)
            num_asked = len(hub.asked)
            while len(hub.asked) < num_asked + 2:
                await asyncio.sleep(0.01)
            hub.answers[f"POST {FAIL}"] = (204, b"")
            while back._later:
                await asyncio.sleep(0.01)
            num_asked = len(hub.asked)
            hub.answers[f"POST {FAIL}"] = away
            await back.give_back(TASK_ID, 1, "hours", lease_seconds=1)
            while back._later:
                await asyncio.sleep(0.01)
            assert len(hub.asked) > num_asked + 1

    asyncio.run(asyncio.wait_for(give_back(), 60))
    assert {json.loads(body)["released"] for _, _, body in hub.asked} == {True}


def test_many_windows_fit_into_a_poll() -> None:
    day = [f"mon-sun {hour:02}:00-{hour:02}:01" for hour in range(24)]
    pause = pause_of(HospitalPolicy(hours=tuple(day)), (), datetime(2026, 1, 5, 12, 30, tzinfo=UTC))
    assert pause is not None
    assert "in 24 windows of its policy file" in pause.said


def test_a_federation_that_the_policy_does_not_name_is_refused(hub: PlayedHub, site: Site) -> None:
    site.policy_file.write_text("allowed_federations: [Prostate MR]\n")
    give(hub, train())
    site.approve(train())
    assert "allowed_federations: Prostate MR; F may not work here" in site.claim().json()["detail"]


def test_each_poll_says_why_the_site_pauses(hub: PlayedHub, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    close(site, monkeypatch)

    async def poll() -> None:
        async with Hub(hub.url, site.home.key(), hub.key.public) as real:
            session, audit = Session(real, site.membership, site.under_way), Audit(site.audit_file)
            session.heard(Heartbeat(worker="w", queues=(), hardware="h", num_processes=1))
            desk = Desk(real, site.consents, audit, "F")
            poller = Poller(session, site.home, LocalQueue("memory://", "q"), audit, desk, "2 cores", 0)
            with pytest.raises(Exception, match="nothing here"):
                await poller._poll(RenewalState(1, "0" * 32, False))

    asyncio.run(poll())
    said = json.loads(hub.asked[-1][2])["pause"]
    assert (said["line"], said["until"]) == ("hours", "2026-03-02T19:00:00+01:00")
