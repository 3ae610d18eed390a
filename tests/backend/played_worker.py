"""A worker played by the test: takes messages of the real broker, speaks the real worker API, but trains nothing."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import redis

from tests.backend.played_results import PlayedResults, Result

QUEUES = ("coordinator", "simulated")


def open_broker(url: str) -> redis.Redis:
    return redis.Redis.from_url(url.replace("redis+socket://", "unix://"))


class PlayedWorker(PlayedResults):
    """`fail` gives an error for (kind, participant, round)."""

    def __init__(self, client: httpx.Client, broker: redis.Redis, name: str = "played-worker") -> None:
        super().__init__(client)
        self.broker, self.name = broker, name
        self.fail: Callable[[str, str, int], str | None] = lambda _kind, _participant, _round: None
        self.done: list[tuple[str, str, int]] = []

    def next_task_id(self, queue: str) -> str | None:
        """The task id of the next message, as Celery's wire format has it: [[task id], {}, {...}]."""
        raw = self.broker.rpop(queue)
        if raw is None:
            return None
        message = json.loads(raw)
        assert message["headers"]["task"] == "fedsm.run_task"
        args, _kwargs, _options = json.loads(base64.b64decode(message["body"]))
        return str(args[0])

    def task_ids(self, queue: str) -> list[str]:
        """All waiting messages' task ids."""
        found = []
        while (task_id := self.next_task_id(queue)) is not None:
            found.append(task_id)
        return found

    def claim(self, task_id: str) -> httpx.Response:
        return self.client.post(f"/worker-api/v1/tasks/{task_id}/claim", json={"worker": self.name})

    def must_claim(self, task_id: str) -> dict[str, Any]:
        response = self.claim(task_id)
        assert response.status_code == 200, response.text
        claimed: dict[str, Any] = response.json()
        return claimed

    def progress(self, claimed: dict[str, Any], **report: Any) -> httpx.Response:
        body = {"attempt": claimed["attempt"], "fraction": 0.5, **report}
        return self.client.post(f"/worker-api/v1/tasks/{claimed['task_id']}/progress", json=body)

    def complete(self, claimed: dict[str, Any], result: Result | None = None) -> httpx.Response:
        self.task_id = claimed["task_id"]
        body = {"attempt": claimed["attempt"], "result": result or self.work(claimed["payload"])}
        self.task_id = None
        return self.client.post(f"/worker-api/v1/tasks/{claimed['task_id']}/complete", json=body)

    def fail_task(self, claimed: dict[str, Any], message: str, retryable: bool = False) -> httpx.Response:
        body = {"attempt": claimed["attempt"], "message": message, "detail": "Traceback ...", "retryable": retryable}
        return self.client.post(f"/worker-api/v1/tasks/{claimed['task_id']}/fail", json=body)

    def release(self, claimed: dict[str, Any]) -> httpx.Response:
        body = {"attempt": claimed["attempt"], "message": "shutting down", "retryable": True, "released": True}
        return self.client.post(f"/worker-api/v1/tasks/{claimed['task_id']}/fail", json=body)

    def work_one(self, queue: str, drop_refused: bool = False) -> bool:
        """Claims and ends the next task of a queue; False when there is no message.

        drop_refused: a message whose task is over is dropped, as real workers do."""
        task_id = self.next_task_id(queue)
        if task_id is None:
            return False
        if drop_refused:
            response = self.claim(task_id)
            if response.status_code == 409:
                return True
            claimed = response.json()
        else:
            claimed = self.must_claim(task_id)
        payload = claimed["payload"]
        key = (payload["kind"], payload.get("participant", "coordinator"), payload.get("round", 0))
        message = self.fail(*key)
        response = self.complete(claimed) if message is None else self.fail_task(claimed, message)
        assert response.status_code == 204, response.text
        self.done.append(key)
        return True

    def work_until_idle(self, queues: tuple[str, ...] = QUEUES) -> None:
        """Until no queue holds a message."""
        while any(self.work_one(queue) for queue in queues):
            pass
