"""An agent of the protocol before takes the hub's work: what it does not know is left out where it is not used.

`protocol_2.json` holds the schemas of what that agent reads, as its contracts were; they refuse every other field. When
PROTOCOL is raised, the schemas of the protocol before take its place: `models_json_schema` of the same contracts.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, get_args

import httpx
import jsonschema
import pytest

from backend.contracts.methods.references import LocalOnlyConfig
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import RunSpec
from backend.link.versions import PROTOCOL
from tests.backend.conftest import start_run
from tests.backend.link.played_site import PlayedSite
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.integration.tiny_data import SITES, TASK, tiny_config

BEFORE: dict[str, Any] = json.loads((Path(__file__).parent / f"protocol_{PROTOCOL - 1}.json").read_text())
METHODS_BEFORE = {
    name: ref.rpartition("/")[2]
    for name, ref in BEFORE["$defs"]["RunSpec"]["properties"]["strategy"]["discriminator"]["mapping"].items()
}
METHODS = {one.model_fields["name"].default: one for one in get_args(get_args(StrategyConfig)[0])}


@cache
def reader(contract: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{contract}"} | BEFORE)


def validate(contract: str, value: Any) -> None:
    """As the agent before reads it. Raises jsonschema.ValidationError."""
    reader(contract).validate(value)


def run_of(strategy: LocalOnlyConfig) -> RunSpec:
    return RunSpec(run_id="run", config=tiny_config(strategy), strategy=strategy, seed=0, task=TASK, sites=SITES)


@pytest.mark.parametrize("name", METHODS_BEFORE)
def test_a_run_has_no_field_that_the_protocol_before_refuses(name: str) -> None:
    said = run_of(LocalOnlyConfig()).model_dump(mode="json")
    strategy = METHODS[name]().model_dump(mode="json")
    validate("RunSpec", said | {"strategy": strategy, "config": said["config"] | {"strategies": [strategy]}})


def test_what_is_chosen_is_sent_and_refused_by_the_protocol_before() -> None:
    run = run_of(LocalOnlyConfig(pull_to_start=0.1))
    assert run.model_dump(mode="json")["strategy"]["pull_to_start"] == 0.1
    assert RunSpec.model_validate_json(run.model_dump_json()) == run
    with pytest.raises(jsonschema.ValidationError, match="pull_to_start"):
        validate("RunSpec", run.model_dump(mode="json"))


def test_a_hub_serves_a_whole_run_to_agents_of_the_protocol_before(
    backend: LiveBackend,
    worker: PlayedWorker,
    hospitals: dict[str, Any],
    sites: dict[str, PlayedSite],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fedsm.site_agent.signing.PROTOCOL", PROTOCOL - 1)
    kinds: set[str] = set()

    def look(response: httpx.Response) -> None:
        path = response.url.path
        response.read()
        if not response.is_success:
            return
        if path.endswith("/poll"):
            validate("PollAnswer", response.json())
        elif path.endswith("/claim"):
            validate("ClaimedTask", response.json())
            kinds.add(response.json()["payload"]["kind"])
        elif "/approvals/" in path:
            validate("ApprovalSheet", response.json())
            kinds.add("approval")

    for site in sites.values():
        site.client.event_hooks["response"].append(look)
    run_id = start_run(backend, hospitals, schedule={"rounds": 1})
    backend.post(f"/sites/{sites['north'].site['id']}/datasets", {"name": "More", "folder": "/data/more"})
    for _ in range(6):
        worker.work_until_idle()
        for site in sites.values():
            site.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    assert kinds == {"approval", "describe_dataset", "train_site", "validate_site", "evaluate_site"}


@pytest.mark.parametrize(
    ("difference", "words"), [(-2, "install the hub's release at the site"), (1, "update the hub, or install")]
)
def test_an_agent_of_another_protocol_is_told_what_to_do(
    sites: dict[str, PlayedSite], monkeypatch: pytest.MonkeyPatch, difference: int, words: str
) -> None:
    monkeypatch.setattr("fedsm.site_agent.signing.PROTOCOL", PROTOCOL + difference)
    answer = sites["north"].poll()
    assert (answer.status_code, answer.json()["error"]) == (426, "agent_outdated")
    assert words in answer.json()["detail"]
