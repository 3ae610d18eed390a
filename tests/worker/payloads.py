"""Small valid payloads."""

from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.tasks import AggregateRoundPayload, RunSpec
from tests.integration.tiny_data import SITES, TASK, tiny_config


def run_spec() -> RunSpec:
    strategy = FedAvgConfig()
    return RunSpec(run_id="run", config=tiny_config(strategy), strategy=strategy, seed=0, task=TASK, sites=SITES)


def aggregate_payload() -> AggregateRoundPayload:
    return AggregateRoundPayload(run=run_spec(), round=1, state={}, updates=())
