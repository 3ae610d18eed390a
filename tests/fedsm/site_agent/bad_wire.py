"""A connection between agent and hub that goes bad: one that stays silent or is reset, and then a good one; or one that
is slow, and breaks again and again."""

import contextlib
import math
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["silent", "reset"]
#: Close with a reset in place of an orderly end: SO_LINGER of no time.
RESET = struct.pack("ii", 1, 0)
#: Bytes that are passed on at a time, so that a slow wire is slow evenly.
PIECE_BYTES = 2**14


@dataclass
class BadWire:
    """to: the hub's port. faults: of the first connections, in their order; those that follow pass everything on. A
    fault comes once `after_bytes` of the request are here: `silent` keeps the connection and never answers, `reset`
    resets it. rate: bytes a second that a good connection passes on, in both directions together. cut_after: it is
    reset once it passed on so many. opened: when each connection came, by the monotonic clock."""

    to: int
    faults: list[Fault] = field(default_factory=list)
    after_bytes: int = 1
    rate: float = math.inf
    cut_after: float = math.inf
    opened: list[float] = field(default_factory=list)

    def __enter__(self) -> "BadWire":
        self._listener = socket.create_server(("127.0.0.1", 0))
        if self.rate < math.inf:  # or the machine takes megabytes at once, and the sender sees nothing of the rate
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
        self._listener.settimeout(0.02)
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listener.accept()
                number = len(self.opened)
                self.opened.append(time.monotonic())
                fault = self.faults[number] if number < len(self.faults) else None
                thread = threading.Thread(target=self._serve, args=(connection, fault), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, agent: socket.socket, fault: Fault | None) -> None:
        with agent:
            if fault is None:
                with socket.create_connection(("127.0.0.1", self.to)) as hub:
                    self._pass_on(agent, hub)
                return
            came = 0
            while came < self.after_bytes:
                piece = agent.recv(2**16)
                if not piece:
                    return
                came += len(piece)
            if fault == "reset":
                agent.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            else:
                self._over.wait()

    def _pass_on(self, agent: socket.socket, hub: socket.socket) -> None:
        other, passed = {agent: hub, hub: agent}, 0
        while not self._over.is_set():
            for source in select.select(list(other), [], [], 0.02)[0]:
                try:
                    piece = source.recv(PIECE_BYTES)
                    other[source].sendall(piece)
                except ConnectionError:
                    return
                if not piece:
                    return
                passed += len(piece)
                if passed >= self.cut_after:
                    agent.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    return
                time.sleep(len(piece) / self.rate)
