"""What the backend removed goes from a worker's disk too: once for each removal."""

import json
from pathlib import Path

from tests.worker.worker_api_server import Answer, Request, serve_worker_api
from worker.process.housekeeping import Housekeeping
from worker.stores.api_client import ApiClient
from worker.stores.artifact_cache import ArtifactCache, sha256_of
from worker.stores.local_state import LocalStateStore

KEPT, GONE = b"still named", b"of a deleted run"


def test_removed_artifacts_and_deleted_runs_go(tmp_path: Path) -> None:
    cache, states = ArtifactCache(tmp_path / "artifacts", 10**9), LocalStateStore(tmp_path / "local_state")
    for content in (KEPT, GONE):
        cache.write(sha256_of(content), content)
    for run_id in ("kept", "gone"):
        states.save(run_id, "site-a", 1, b"moments")

    def answer(request: Request) -> Answer:
        asked = json.loads(request.body)
        gone = [sha256 for sha256 in asked["artifacts"] if sha256 != sha256_of(KEPT)]
        return Answer(
            200, json.dumps({"artifacts": gone, "runs": [run for run in asked["runs"] if run == "gone"]}).encode()
        )

    with serve_worker_api() as server:
        server.answer = answer
        api = ApiClient(server.url, "token", cache)
        house = Housekeeping(api, cache, states)
        house.follow("first")
        num_asked = len(server.requests)
        house.follow("first")
        assert len(server.requests) == num_asked, "nothing was removed since"
        house.follow("second")
        assert len(server.requests) > num_asked
        api.close()
    assert cache.addresses() == [sha256_of(KEPT)]
    assert states.runs() == ["kept"]
