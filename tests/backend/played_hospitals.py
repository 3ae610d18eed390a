"""Real sites with a worker each, which go offline, come back and let time pass."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from backend.clock import now
from backend.db.models import Moment, RunRound, Task, Worker
from backend.db.session import unit_of_work
from tests.backend.conftest import DISC, make_experiment
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

SITES = ("h1", "h2", "h3")


class Hospitals:
    """Real sites, each with a worker of its own, and the coordinator's; who is offline neither beats nor works."""

    def __init__(self, backend: LiveBackend, worker: PlayedWorker) -> None:
        self.backend, self.worker = backend, worker
        self.offline: set[str] = set()
        self.federation: dict[str, Any] = backend.post("/federations", {"name": "Hospitals", "task": DISC})
        for name in SITES:
            site = backend.post(f"/federations/{self.federation['id']}/sites", {"name": name, "kind": "real"})
            backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": f"/data/{name}"})
        self.work()
        worker.done.clear()

    def start(self, **config: Any) -> str:
        waiting = {"absent_minutes": 5} | config.pop("waiting", {})
        config = {"minimum_sites": 2, "waiting": waiting, "schedule": {"rounds": 3}} | config
        experiment = make_experiment(self.backend, self.federation, **config)
        return str(self.backend.post(f"/experiments/{experiment['id']}/start")["runs"][0]["id"])

    def beat(self) -> None:
        for name in ("coordinator", *SITES):
            if name not in self.offline:
                queue = name if name == "coordinator" else f"site.{name}"
                body = {"worker": f"worker-{name}", "queues": [queue], "hardware": "played", "num_processes": 1}
                assert self.backend.worker.post("/worker-api/v1/heartbeat", json=body).status_code == 204

    def work(self) -> None:
        """Everybody who is there works until nothing is left for them."""
        self.beat()
        while any(self.work_one(name) for name in ("coordinator", *SITES) if name not in self.offline):
            pass

    def work_one(self, name: str) -> bool:
        self.worker.name = f"worker-{name}"
        queue = name if name == "coordinator" else f"site.{name}"
        return self.worker.work_one(queue, drop_refused=True)

    def minutes_pass(self, minutes: float) -> None:
        """All times of the database grow older; those online say so again, and the recovery loop looks."""
        self.grow_older(minutes)
        self.beat()
        self.backend.recover()

    def grow_older(self, minutes: float) -> None:
        by = timedelta(minutes=minutes)
        with unit_of_work(self.backend.platform.database) as session:
            for table in (Task, Worker, Moment, RunRound):
                for row in session.scalars(select(table)):
                    for column in table.__table__.columns:
                        value = getattr(row, column.key)
                        if hasattr(value, "tzinfo") and column.key != "lease_expires_at":
                            setattr(row, column.key, value - by)

    def go_offline(self, name: str) -> None:
        self.offline.add(name)
        with unit_of_work(self.backend.platform.database) as session:
            long_ago = now() - timedelta(seconds=60)
            session.execute(update(Worker).where(Worker.name == f"worker-{name}").values(last_seen_at=long_ago))
        self.backend.recover()

    def come_back(self, name: str) -> None:
        self.offline.discard(name)
        self.beat()

    def run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.backend.get(f"/runs/{run_id}")
        return found

    def statuses(self, run_id: str) -> dict[tuple[str, str, int], str]:
        tasks = self.backend.get(f"/runs/{run_id}/tasks")
        return {(task["kind"], task["participant"], task["round"]): task["status"] for task in tasks}

    def warnings(self, run_id: str) -> list[str]:
        found = self.backend.get(f"/runs/{run_id}/events", level="warning", limit=1000)
        return [event["message"] for event in found]
