"""What a worker says of itself: that it lives, and what it has on its disk; and how much of an upload arrived."""

from typing import Annotated

from pydantic import Field

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract
from backend.contracts.values import AtMost, Hardware, Id, NumBytes, QueueName, Within, WorkerName


class Heartbeat(Contract):
    """Sent every few seconds by each worker, busy or idle."""

    worker: WorkerName
    queues: Annotated[tuple[QueueName, ...], AtMost(1000)]
    hardware: Hardware = Field(description="For people: '2 CPU cores, 24 GiB', 'NVIDIA H100, ...'.")
    num_gpus: Annotated[int, Within(0, 1024)] | None = Field(
        default=None, description="GPUs that its processes may use; null: it does not say."
    )
    num_processes: Annotated[int, Within(1, 10_000)]
    num_hung: Annotated[int, Within(0, 10_000)] = Field(
        default=0, description="Of the processes, those that give no sign of life."
    )
    disk_free: NumBytes | None = Field(default=None, description="Bytes, of the disk of its folder.")
    disk_total: NumBytes | None = Field(default=None, description="Bytes, of the disk of its folder.")


class ReceivedBytes(Contract):
    num_bytes: NumBytes = Field(description="Of an upload that broke off: from there it goes on.")


class KeptAtWorker(Contract):
    """What a worker has on its disk. The answer names what of it nobody needs any more."""

    artifacts: Annotated[tuple[Sha256, ...], AtMost(10_000)] = ()
    runs: Annotated[tuple[Id, ...], AtMost(10_000)] = Field(
        default=(), description="Runs of which it keeps optimizer states."
    )
