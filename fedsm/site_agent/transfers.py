"""Files between the workers and the hub: through a spool, verified, and resumed where a connection breaks."""

import asyncio
import hashlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
from pydantic import ValidationError

from backend.contracts.worker_state import ReceivedBytes
from fedsm.site_agent.hub import API, HubAway, jittered, refusal_of
from fedsm.site_agent.network import words_of
from fedsm.site_agent.session import Session

logger = logging.getLogger(__name__)

#: A file that is not larger is sent without asking what the hub has of it.
SMALL_BYTES = 2**20
#: What a connection takes at a time. A link of 20 kB/s passes it long before its silence counts as a break.
PIECE_BYTES = 2**16
#: Tries in a row that bring the file no further.
TRIES = 8
MAX_DELAY_SECONDS = 10.0
TASK_HEADER = "X-FedSM-Task"


class Damaged(Exception):
    """Bytes that do not hash to their address."""


class Transfers:
    """The spool is emptied when the agent starts: what was half way is asked for again."""

    def __init__(self, session: Session, spool: Path) -> None:
        self._session = session
        self._spool = spool
        spool.mkdir(exist_ok=True, mode=0o700)
        for path in spool.iterdir():
            path.unlink()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._readers: defaultdict[str, int] = defaultdict(int)

    async def take_in(self, sha256: str, chunks: AsyncIterable[bytes]) -> Path:
        """A worker's file in the spool. Raises Damaged."""
        path = self._spool / f"up-{uuid4().hex}"
        digest = hashlib.sha256()
        try:
            with open(path, "wb") as file:
                async for chunk in chunks:
                    digest.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
            if digest.hexdigest() != sha256:
                raise Damaged("the worker's file does not hash to its address: send it again")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    async def send(self, path: Path, sha256: str, media_type: str, task_id: str) -> httpx.Response:
        """The hub's answer. Where the connection breaks it goes on from what the hub has. The file stays in the spool
        only where the hub took it. Raises HubAway."""
        try:
            answer = await self._send(path, sha256, media_type, task_id)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        if answer.is_error:
            path.unlink(missing_ok=True)
        return answer

    async def _send(self, path: Path, sha256: str, media_type: str, task_id: str) -> httpx.Response:
        """A full disk of the hub is said at once, because the worker waits for room by itself; so is a fault of the hub
        after the last try. Raises HubAway."""
        size, last = path.stat().st_size, HubAway("the hub was not asked")
        fault: httpx.Response | None = None
        from_start = size <= SMALL_BYTES
        failed = furthest = 0
        while failed < TRIES:
            if failed:
                await asyncio.sleep(_delay(failed))
            failed, fault = failed + 1, None
            try:
                start = 0 if from_start else await self._received(sha256, task_id)
                start = start if start < size else 0
                if start > furthest:
                    failed, furthest = 1, start
                answer = await self._put(path, sha256, media_type, task_id, start)
            except HubAway as error:
                last, from_start = error, False
                logger.info("the upload of artifact %s broke off: %s", sha256[:12], error)
                continue
            code = refusal_of(answer).code if answer.is_error else ""
            if start and code == "hash_mismatch":  # what the hub had of it was damaged there
                last, from_start = HubAway(refusal_of(answer).detail), True
            elif code == "upload_moved":
                last, from_start = HubAway(refusal_of(answer).detail), False
            elif answer.is_server_error and answer.status_code != httpx.codes.INSUFFICIENT_STORAGE:
                fault, from_start = answer, False
            else:
                return answer
        if fault is not None:
            return fault
        raise last

    async def _put(self, path: Path, sha256: str, media_type: str, task_id: str, start: int) -> httpx.Response:
        """The hub's answer to the file from byte `start` on. Raises HubAway."""
        size = path.stat().st_size
        headers = {"Content-Type": media_type, TASK_HEADER: task_id, "Content-Length": str(size - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        return await self._session.hub.put_file(f"{API}/artifacts/{sha256}", _pieces(path, start), sha256, headers)

    async def _received(self, sha256: str, task_id: str) -> int:
        """How much the hub has of an upload that broke off; 0 at a hub of before it kept any. Raises HubAway."""
        address = f"{API}/artifacts/{sha256}/received"
        answer = await self._session.hub.ask("GET", address, headers={TASK_HEADER: task_id})
        if answer.status_code != httpx.codes.OK:
            return 0
        try:
            return ReceivedBytes.model_validate_json(answer.content).num_bytes
        except ValidationError:
            return 0

    async def fetch(self, sha256: str) -> Path:
        """The artifact in the spool, until `release`. Of several that ask at a time one brings it.

        Raises HubAway, HubRefused, Damaged."""
        path = self._spool / f"down-{sha256}"
        self._readers[sha256] += 1
        try:
            async with self._locks[sha256]:
                if not path.exists():
                    await self._bring(sha256, path)
        except BaseException:
            self.release(sha256)
            raise
        return path

    def release(self, sha256: str) -> None:
        """One reader has it; after the last one the file goes."""
        self._readers[sha256] -= 1
        if self._readers[sha256] <= 0:
            del self._readers[sha256]
            self._locks.pop(sha256, None)
            (self._spool / f"down-{sha256}").unlink(missing_ok=True)

    async def _bring(self, sha256: str, path: Path) -> None:
        partial = self._spool / f"part-{sha256}"
        failed = furthest = 0
        while True:
            try:
                await self._append(sha256, partial)
                break
            except httpx.HTTPError as error:
                have, problem = _size(partial), words_of(error, self._session.hub.url)
                logger.info("artifact %s broke off at %d bytes: %s", sha256[:12], have, problem)
                failed, furthest = (1, have) if have > furthest else (failed + 1, furthest)
                if failed == TRIES:
                    raise HubAway(problem) from error
            await asyncio.sleep(_delay(failed))
        if await asyncio.to_thread(_hash_of, partial) != sha256:
            partial.unlink()
            raise Damaged(f"artifact {sha256} came damaged: it was changed on the way, or at the hub")
        partial.rename(path)

    async def _append(self, sha256: str, partial: Path) -> None:
        """From where the last try ended. Raises httpx.HTTPError, HubAway, HubRefused."""
        have = _size(partial)
        headers = {"Range": f"bytes={have}-"} if have else {}
        async with self._session.hub.stream("GET", f"{API}/artifacts/{sha256}", headers=headers) as answer:
            if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # all of it is here
            if answer.is_server_error and answer.status_code != httpx.codes.INSUFFICIENT_STORAGE:
                raise HubAway(f"the hub answered {answer.status_code}")
            if answer.is_error:
                await answer.aread()
                raise refusal_of(answer)
            mode = "ab" if answer.status_code == httpx.codes.PARTIAL_CONTENT else "wb"
            with open(partial, mode) as file:
                async for chunk in answer.aiter_bytes():  # as they come: what broke off is kept to its last byte
                    await asyncio.to_thread(file.write, chunk)


def _delay(failed: int) -> float:
    """Seconds before the next try. failed: how many tries in a row brought nothing more, 1 or more."""
    return jittered(min(MAX_DELAY_SECONDS, 0.2 * float(2**failed)))


async def _pieces(path: Path, start: int) -> AsyncIterator[bytes]:
    with open(path, "rb") as file:
        file.seek(start)
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _hash_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
