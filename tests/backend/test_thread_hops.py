"""How often a request goes to another thread and back: each time it waits for all others that compute."""

from typing import Any

import anyio
import anyio.to_thread
import pytest

from backend.dependencies import get_read_session
from tests.backend.live_backend import LiveBackend


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was run in another thread."""
    found: list[Any] = []
    run_sync = anyio.to_thread.run_sync

    async def counted(work: Any, *arguments: Any, **options: Any) -> Any:
        found.append(work)
        return await run_sync(work, *arguments, **options)

    monkeypatch.setattr(anyio.to_thread, "run_sync", counted)
    return found


def test_a_list_goes_to_a_thread_for_its_endpoint_and_its_session(backend: LiveBackend, hops: list[Any]) -> None:
    """And for the answer's JSON: none of them for who asks, whether they may, and which page it is."""
    for path in ("/federations", "/events"):
        hops.clear()
        backend.get(path)
        assert len(hops) <= 3, hops


def test_a_wrong_token_goes_to_no_thread(backend: LiveBackend, hops: list[Any]) -> None:
    """Neither of a person nor of a worker, who are known without the database."""
    for path in ("/api/v1/federations", "/worker-api/v1/heartbeat"):
        headers = {"Authorization": "Bearer another"}
        answer = backend.admin.post(path, json={"name": "x"}, headers=headers)
        assert (answer.status_code, hops) == (401, [])


def test_a_read_session_ends_while_all_threads_are_taken(backend: LiveBackend) -> None:
    """Else requests that wait for a connection would keep the threads without which none is given back."""

    async def end() -> None:
        given = get_read_session(backend.platform)
        session = await anext(given)
        session.connection()
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens = 1
        async with limiter:
            with anyio.fail_after(20):
                await given.aclose()
        assert not session.in_transaction()

    anyio.run(end)
