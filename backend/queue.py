"""The task queue. Celery is only a client here: a message is a task id, and only a hint that there is work."""

import logging
from collections.abc import Iterable

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from backend.contracts.tasks import COORDINATOR
from backend.db.session import Message

logger = logging.getLogger(__name__)

TASK_NAME = "fedsm.run_task"
COORDINATOR_QUEUE = COORDINATOR
SIMULATED_QUEUE = "simulated"
REAL_QUEUE_PREFIX = "site."

BROKER_ERRORS = (OperationalError, RedisError, OSError)


def site_queue(kind: str, slug: str) -> str:
    """The central workers serve simulated sites; a real site's own worker serves its queue."""
    return SIMULATED_QUEUE if kind == "simulated" else f"{REAL_QUEUE_PREFIX}{slug}"


class QueueUnavailable(Exception):
    """The broker cannot be reached; the recovery loop sends again."""


class TaskQueue:
    """Sends task ids to the broker."""

    def __init__(self, url: str) -> None:
        self.connected = True
        self._app = Celery("fedsm-backend", broker=url, set_as_current=False)
        self._app.conf.update(
            task_ignore_result=True,
            task_serializer="json",
            broker_connection_timeout=2,
            broker_transport_options={"socket_timeout": 3, "socket_connect_timeout": 2},
        )

    def send(self, messages: Iterable[Message]) -> None:
        """Raises QueueUnavailable at the first message that cannot be sent."""
        retry_policy = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1}
        try:
            for queue, task_id in messages:
                self._app.send_task(TASK_NAME, args=[task_id], queue=queue, retry=True, retry_policy=retry_policy)
        except BROKER_ERRORS as error:
            self.connected = False
            raise QueueUnavailable(str(error)) from error
        self.connected = True

    def length(self, queue: str) -> int:
        """Messages waiting in a queue. Raises QueueUnavailable."""
        try:
            with self._app.connection_for_write() as connection:
                length = int(connection.default_channel.client.llen(queue))
        except BROKER_ERRORS as error:
            self.connected = False
            raise QueueUnavailable(str(error)) from error
        self.connected = True
        return length

    def is_connected(self) -> bool:
        try:
            self.length(COORDINATOR_QUEUE)
        except QueueUnavailable:
            return False
        return True

    def close(self) -> None:
        self._app.close()
