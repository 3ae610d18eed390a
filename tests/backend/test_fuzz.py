"""The whole API under hostile requests: no fault of the backend, and no answer that the OpenAPI document lacks.

schemathesis makes requests that the document allows, and such that it does not; to both come values that databases,
encodings and readers stumble over. The same requests in every run: seeds are fixed.
"""

import copy
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import randoms
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.backend.backend_states import BackendStates, saved_state
from tests.backend.conftest import start_run
from tests.backend.document import openapi_document
from tests.backend.live_backend import ADMIN_TOKEN, WORKER_TOKEN, LiveBackend
from tests.backend.played_worker import PlayedWorker

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
#: They never end; tests/backend/test_events.py reads them.
STREAMS = ("/api/v1/events/stream", "/api/v1/experiments/{experiment_id}/stream")
SEED = 20260
#: An archive is bytes to the fuzzer.
schemathesis.serializer.alias("application/zip", "application/octet-stream")
HOSTILE: tuple[Any, ...] = (
    "\x00", "a\x00b", "\ud800", "\u202egnp.exe", "\u200b", "\u3164", "\x1b[2J", "a\nb", " ", "", "a" * 5000,
    "../../etc/passwd", "%00", "'; DROP TABLE run; --", "{{7*7}}", "=1+1", "<script>", "\U0001d54f" * 300, "NaN",
    -1, 0, 2**31, 2**63, -(2**63) - 1, 10**30, 1e308, float("inf"), float("nan"), -0.0,
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "2026-01-01",
    None, True, [], {}, [[]] * 50, {"\x00": 1}, {"\ud800": "\ud800"}, {"a" * 3000: 1},
)  # fmt: skip


@dataclass(frozen=True)
class Door:
    """One way in: who calls which operations, and how often each in either mode."""

    name: str
    headers: dict[str, str]
    prefix: str
    examples: int
    modes: tuple[GenerationMode, ...] = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


#: `make test-fuzz` makes many times as many requests as `make test` has the time for.
EFFORT = int(os.environ.get("FEDSM_TEST_FUZZ_EFFORT", "1"))
DOORS = (
    Door("admin", {"Authorization": f"Bearer {ADMIN_TOKEN}"}, "/api/v1", 3 * EFFORT),
    Door("worker", {"Authorization": f"Bearer {WORKER_TOKEN}"}, "/worker-api/v1", 10 * EFFORT),
    # Who is not signed in is refused before anything is read: what the document forbids comes no further.
    Door("nobody", {}, "/", EFFORT, (GenerationMode.POSITIVE,)),
)


@dataclass(frozen=True)
class Target:
    """A backend, and the ids of what there is to ask for, by the name of the path's parameter."""

    database: str
    backend: LiveBackend
    ids: dict[str, str]


@saved_state
def fuzzed(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> dict[str, str]:
    """The ids of a federation with a completed run."""
    run_id = start_run(backend, federation)
    worker.work_until_idle()
    (experiment,) = backend.get(f"/federations/{federation['id']}/experiments")
    (dataset, *_) = backend.get(f"/federations/{federation['id']}/datasets")
    return {
        "federation_id": federation["id"],
        "site_id": backend.get(f"/federations/{federation['id']}")["sites"][0]["id"],
        "dataset_id": dataset["id"],
        "experiment_id": experiment["id"],
        "run_id": run_id,
        "task_id": backend.get(f"/runs/{run_id}/tasks")[0]["id"],
        "round_number": "1",
    }


@pytest.fixture
def targets(
    tmp_path: Path, postgres_url: str, broker: redis.Redis, backend_states: BackendStates, valkey_url: str
) -> Iterator[list[Target]]:
    """One on SQLite, one on PostgreSQL."""
    made = []
    for name, url in (("sqlite", ""), ("postgresql", postgres_url)):
        home = tmp_path / name
        home.mkdir()
        ids = backend_states.restore("fuzzed", home, url, broker)["fuzzed"]
        made.append(Target(name, LiveBackend(home, url, valkey_url), ids))
    yield made
    for target in made:
        target.backend.stop()


@pytest.mark.slow  # a minute on one core, most of it to make the requests: so both databases get the same ones
def test_no_request_breaks_the_backend_or_gets_an_answer_that_is_not_documented(targets: list[Target]) -> None:
    schema = schemathesis.openapi.from_dict(copy.deepcopy(openapi_document()))
    problems: dict[str, str] = {}
    with requests.Session() as http:
        http.trust_env = False  # it would look for a file of passwords before each request
        for door in DOORS:
            for operation in _operations(schema, door.prefix):
                for mode in door.modes:
                    _fuzz(operation, mode, Caller(door, targets, http, problems))
    assert not problems, "\n\n".join(f"{place}: {words}" for place, words in problems.items())
    for target in targets:
        assert target.backend.get("/health")["status"] == "ok"


def _operations(schema: Any, prefix: str) -> Iterator[APIOperation]:
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.path.startswith(prefix) and operation.path not in STREAMS:
            yield operation


@dataclass(frozen=True)
class Caller:
    """Sends requests through one door of each target, and keeps what went wrong."""

    door: Door
    targets: list[Target]
    http: requests.Session
    problems: dict[str, str]

    def call(self, case: Case, chance: random.Random) -> None:
        seed = chance.getrandbits(64)
        for target in self.targets:
            self._call(target, case, random.Random(seed))

    def _call(self, target: Target, case: Case, chance: random.Random) -> None:
        request = self._request(target, case, chance)
        response = self.http.request(**request, timeout=60)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as failures:
            sent = {key: request.get(key) for key in ("method", "url", "params", "data")}
            words = f"{response.status_code} {response.text[:200]!r}: " + "; ".join(map(str, failures.exceptions))
            place = f"{self.door.name} {case.operation.label} on {target.database}"
            self.problems.setdefault(place, f"{str(sent)[:700]}\n{words[:900]}")

    def _request(self, target: Target, case: Case, chance: random.Random) -> dict[str, Any]:
        if case.method != "DELETE" and chance.random() < 0.7:
            real = {name: target.ids[name] for name in case.path_parameters or {} if name in target.ids}
            case.path_parameters = {**(case.path_parameters or {}), **real}
        request: dict[str, Any] = case.as_transport_kwargs(base_url=target.backend.url, headers=self.door.headers)
        body = copy.deepcopy(request.pop("json", None))
        places = [place for place in (body, request.get("params")) if isinstance(place, dict | list) and place]
        if places and chance.random() < 0.5:
            _poison(chance.choice(places), chance)
        if body is not None:  # infinity, and halves of characters, which the client would not send itself
            request["data"] = json.dumps(body)
            request["headers"]["Content-Type"] = "application/json"
        if isinstance(params := request.get("params"), dict):
            request["params"] = {key: _encodable(value) for key, value in params.items()}
        return request


def _fuzz(operation: APIOperation, mode: GenerationMode, caller: Caller) -> None:
    @seed(SEED)
    @settings(
        max_examples=caller.door.examples,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), chance=randoms(use_true_random=False))
    def send(case: Case, chance: random.Random) -> None:
        caller.call(case, chance)

    try:
        send()
    except Unsatisfiable:
        assert mode == GenerationMode.NEGATIVE, f"no request of {operation.label} can be made"


def _poison(node: Any, chance: random.Random) -> None:
    """Puts a hostile value in the place of one that was made."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    key = chance.choice(keys)
    if isinstance(node[key], dict | list) and node[key] and chance.random() < 0.8:
        _poison(node[key], chance)
    else:
        node[key] = chance.choice(HOSTILE)


def _encodable(value: Any) -> Any:
    """What an address can hold."""
    return value if isinstance(value, list) else str(value).encode(errors="replace")
