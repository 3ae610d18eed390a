"""The aggregation's job, with real bytes over a real HTTP server: one site's fault stops nobody else."""

import hashlib
import json
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.personalized import DittoConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.student import Taught
from backend.contracts.tasks import AggregateRoundPayload, InitializeRunPayload, RunSpec, SiteUpdateRef
from tests.integration.tiny_data import SITES, TASK, tiny_config
from tests.worker.worker_api_server import Answer, Request, WorkerApiServer, serve_worker_api
from worker.engine.checkpoint import from_bytes, to_bytes
from worker.engine.state import State, Tensors
from worker.jobs import kinds as jobs
from worker.jobs import state_transfer
from worker.jobs.build import build_plan, build_strategy, strategy_of
from worker.process.settings import WorkerSettings
from worker.process.shutdown import is_shutting_down
from worker.process.toolbox import Toolbox
from worker.stores.api_client import ApiClient
from worker.stores.artifact_cache import ArtifactCache
from worker.stores.data_cache import DataCache
from worker.stores.local_state import LocalStateStore
from worker.stores.state_parts import StateParts

BAD = SITES[-1]


class Artifacts:
    """What the server keeps, by content."""

    def __init__(self, server: WorkerApiServer) -> None:
        self.contents: dict[str, bytes] = {}
        server.answer = self._answer

    def add(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        self.contents[sha256] = content
        return sha256

    def _answer(self, request: Request) -> Answer:
        sha256 = request.path.rpartition("/")[2]
        if request.method == "PUT":
            self.contents[sha256] = request.body
            return Answer(204)
        return Answer(200, self.contents[sha256]) if sha256 in self.contents else Answer(404)


@pytest.fixture
def artifacts(server: WorkerApiServer) -> Artifacts:
    return Artifacts(server)


@pytest.fixture
def server() -> Iterator[WorkerApiServer]:
    with serve_worker_api() as running:
        yield running


@pytest.fixture
def toolbox(server: WorkerApiServer, tmp_path: Path) -> Toolbox:
    return Toolbox(
        settings=WorkerSettings(token="token"),
        api=ApiClient(server.url, "token", ArtifactCache(tmp_path / "artifacts", 10**8), is_shutting_down),
        data=DataCache(10**6),
        local_states=LocalStateStore(tmp_path / "local_state"),
        device=torch.device("cpu"),
    )


def run_spec(**config: Any) -> RunSpec:
    strategy = FedAvgConfig()
    return RunSpec(
        run_id="run", config=tiny_config(strategy, **config), strategy=strategy, seed=0, task=TASK, sites=SITES
    )


def first_state(run: RunSpec) -> State:
    return build_strategy(run.strategy).initial_state(build_plan(run, torch.device("cpu")))


def moved(state: State, by: float) -> Tensors:
    return {
        key: tensor + by if tensor.is_floating_point() else tensor.clone() for key, tensor in state["global"].items()
    }


def payload(run: RunSpec, artifacts: Artifacts, updates: dict[str, bytes]) -> AggregateRoundPayload:
    state = {name: artifacts.add(to_bytes(tensors)) for name, tensors in first_state(run).items()}
    refs = [
        SiteUpdateRef(participant=site, parts={"global": artifacts.add(content)}, num_cases=2, num_steps=1)
        for site, content in updates.items()
    ]
    return AggregateRoundPayload(run=run, round=1, state=state, updates=tuple(refs))


def header_only(dtype: str) -> bytes:
    """A safetensors file of one tensor of this type and 8 bytes."""
    header = json.dumps({"w": {"dtype": dtype, "shape": [1], "data_offsets": [0, 8]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(8)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage that is no weights",
        b"\xff" * 64,
        pickle.dumps({"w": [1.0]}),
        to_bytes({"w": torch.ones(9)})[:-7],
        to_bytes({"w": torch.ones(9)})[:12],
        header_only("F32"),
        header_only("X9"),
        header_only("C64"),
    ],
    ids=["empty", "garbage", "length", "pickle", "truncated", "header", "bytes", "type", "complex"],
)
def test_bytes_that_cannot_be_decoded_refuse_that_update_alone(
    artifacts: Artifacts, toolbox: Toolbox, content: bytes
) -> None:
    run = run_spec()
    good = {site: to_bytes(moved(first_state(run), 0.25)) for site in SITES if site != BAD}
    result = jobs.aggregate(payload(run, artifacts, good | {BAD: content}), toolbox)
    assert list(result.refused) == [BAD]
    assert BAD in result.refused[BAD]
    alone = jobs.aggregate(payload(run, artifacts, good), toolbox)
    assert result.parts == alone.parts, "the same bits as if the site had not answered"


@pytest.mark.parametrize("refuse", [False, True])
def test_an_update_out_of_line_is_told_and_dropped_only_by_choice(
    artifacts: Artifacts, toolbox: Toolbox, refuse: bool
) -> None:
    run = run_spec(refuse_outliers=refuse)
    state = first_state(run)
    good = {site: to_bytes(moved(state, 0.25)) for site in SITES if site != BAD}
    result = jobs.aggregate(payload(run, artifacts, good | {BAD: to_bytes(moved(state, 1e4))}), toolbox)
    assert list(result.outliers) == [BAD]
    assert list(result.refused) == ([BAD] if refuse else [])
    key = next(key for key, tensor in state["global"].items() if tensor.is_floating_point())
    change = from_bytes(artifacts.contents[result.parts["global"]])[key] - state["global"][key]
    assert bool((change.abs() < 1).all()) is refuse


def test_a_students_teacher_is_named_in_each_state_and_travels_once(artifacts: Artifacts, toolbox: Toolbox) -> None:
    """The aggregation works without the teacher's files: they are not even there. A machine fetches a frozen part once,
    and every other part counts each time."""
    taught = Taught(run_id="before", round=1, title="teacher", strategy=FedSMConfig())
    run = run_spec().model_copy(update={"taught": taught})
    good = {site: to_bytes(moved(first_state(run), 0.25)) for site in SITES}
    plain = payload(run, artifacts, good)
    teacher = {f"teacher_{name}": "a" * 64 for name in ("global", "personalized/site-a", "selector")}
    result = jobs.aggregate(plain.model_copy(update={"state": plain.state | teacher}), toolbox)
    assert result.parts == teacher | {"global": hashlib.sha256(good[BAD]).hexdigest()}
    assert result.downloads == dict.fromkeys(SITES, ("global",))

    content = to_bytes({"w": torch.ones(9)})
    names = {"global": result.parts["global"], "teacher_global": artifacts.add(content)}
    received = []
    for _ in range(2):
        parts = StateParts(toolbox.api, names, strategy_of(run).is_frozen)
        for name in names:
            parts.load(name)
        received.append(parts.num_bytes)
    assert received == [len(good[BAD]) + len(content), len(good[BAD])]


def test_a_model_that_no_step_replaced_keeps_its_hash_and_is_asked_for_by_nobody(
    artifacts: Artifacts, toolbox: Toolbox, server: WorkerApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last site is absent, so its personalized model stays: the round makes the bytes of the other three parts."""
    made: list[Tensors] = []

    def counted(tensors: Tensors) -> bytes:
        made.append(tensors)
        return to_bytes(tensors)

    monkeypatch.setattr(state_transfer, "to_bytes", counted)
    run = run_spec().model_copy(update={"strategy": DittoConfig()})
    state = first_state(run)
    parts = {name: artifacts.add(to_bytes(tensors)) for name, tensors in state.items()}
    refs = [
        SiteUpdateRef(
            participant=site,
            parts={
                name: artifacts.add(to_bytes(moved({"global": state[name]}, 0.25 + place)))
                for name in ("global", f"personalized/{site}")
            },
            num_cases=2,
            num_steps=1,
        )
        for place, site in enumerate(SITES[:-1])
    ]
    result = jobs.aggregate(AggregateRoundPayload(run=run, round=1, state=parts, updates=tuple(refs)), toolbox)
    own = {name: sha256 for name, sha256 in result.parts.items() if name != "global"}
    assert own == {name: parts[name] for name in parts if name.endswith(BAD)} | {
        f"personalized/{ref.participant}": ref.parts[f"personalized/{ref.participant}"] for ref in refs
    }
    assert len(made) == 1, "the average alone"
    sent = [path.rpartition("/")[2] for method, path in server.paths() if method in ("HEAD", "PUT")]
    assert {*sent} == {result.parts["global"]}


def test_the_parts_of_round_0_which_begin_as_one_are_sent_once(toolbox: Toolbox, server: WorkerApiServer) -> None:
    run = run_spec().model_copy(update={"strategy": DittoConfig()})
    result = jobs.initialize_run(InitializeRunPayload(run=run), toolbox)
    assert len(result.parts) == 1 + len(SITES)
    assert [method for method, _ in server.paths()] == ["PUT"]


def test_two_updates_come_at_once(artifacts: Artifacts, toolbox: Toolbox, server: WorkerApiServer) -> None:
    both, run = threading.Barrier(2, timeout=20), run_spec()
    asked = payload(run, artifacts, {site: to_bytes(moved(first_state(run), 0.25 + i)) for i, site in enumerate(SITES)})
    wanted = [ref.parts["global"] for ref in asked.updates[:2]]
    stored = server.answer

    def answer(request: Request) -> Answer:
        if request.path.rpartition("/")[2] in wanted:
            both.wait()
        return stored(request)

    server.answer = answer
    assert not jobs.aggregate(asked, toolbox).refused
