"""An agent of the protocol before takes the hub's runs: what it does not know is left out where it is not used."""

from backend.contracts.methods.references import LocalOnlyConfig
from backend.contracts.tasks import RunSpec
from tests.integration.tiny_data import SITES, TASK, tiny_config

#: Fields of a run in protocol 2, whose contracts refuse any other.
RUN_BEFORE = {"run_id", "config", "strategy", "seed", "task", "sites", "held_out_sites", "start", "site_steps"}
LOCAL_ONLY_BEFORE = {"name", "steps"}


def test_a_run_has_no_field_that_the_protocol_before_refuses() -> None:
    strategy = LocalOnlyConfig()
    run = RunSpec(run_id="run", config=tiny_config(strategy), strategy=strategy, seed=0, task=TASK, sites=SITES)
    said = run.model_dump(mode="json")
    assert said.keys() == RUN_BEFORE
    assert said["strategy"].keys() == LOCAL_ONLY_BEFORE
    assert said["config"]["strategies"][0].keys() == LOCAL_ONLY_BEFORE


def test_what_is_chosen_is_sent() -> None:
    strategy = LocalOnlyConfig(pull_to_start=0.1)
    run = RunSpec(run_id="run", config=tiny_config(strategy), strategy=strategy, seed=0, task=TASK, sites=SITES)
    assert run.model_dump(mode="json")["strategy"]["pull_to_start"] == 0.1
    assert RunSpec.model_validate_json(run.model_dump_json()) == run
