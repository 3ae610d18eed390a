"""A guard: the bytes of a round, of default FedSM next to FedAvg and of updates in fewer bits."""

import torch

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import RunSpec
from backend.contracts.update_format import UpdateFormat
from benchmarks.update_formats import Traffic, rows, table, traffic
from tests.integration.tiny_data import TASK
from tests.worker.engine.small_sites import small_sites
from worker.engine.federation import run_rounds
from worker.engine.plan import Plan
from worker.jobs.build import build_plan, build_strategy

SITES = small_sites(("a", "b"))


def planned(strategy: StrategyConfig, form: UpdateFormat) -> Plan:
    """A network of 1.6 MB on small images; one step a round."""
    network = {"channels": (8, 16, 32, 64, 128), "num_residual_units": 2}
    schedule = {"rounds": 2, "local_steps": 1, "update_format": form}
    fields = {"data": {"image_size": 32}, "network": network, "schedule": schedule, "strategies": [strategy]}
    config = ExperimentConfig.model_validate(fields)
    run = RunSpec(run_id="run", config=config, strategy=strategy, seed=0, task=TASK, sites=tuple(SITES))
    return build_plan(run, torch.device("cpu"))


def moved(strategy: StrategyConfig, *forms: UpdateFormat) -> list[Traffic]:
    """In round 2 in each format, with the selector that round 1 has solved."""
    torch.set_num_threads(1)
    engine = build_strategy(strategy)
    records = run_rounds(engine, SITES, planned(strategy, "float32"))
    state = [next(records).state for _ in range(2)][-1]
    return [traffic(engine, SITES, state, planned(strategy, form), 2) for form in forms]


def test_default_fedsm_moves_at_most_2_2_times_the_bytes_of_fedavg() -> None:
    (usual,) = moved(FedAvgConfig(), "float32")
    fedsm, half, quarter = moved(FedSMConfig(), "float32", "bfloat16", "int8")
    assert 2.0 < (fedsm.up + fedsm.down) / (usual.up + usual.down) <= 2.2
    assert 2.0 < fedsm.up / usual.up <= 2.1
    assert half.up <= 0.52 * fedsm.up
    assert quarter.up <= 0.28 * fedsm.up
    assert half.down == quarter.down == fedsm.down


def test_the_table_has_each_method_in_each_format_and_differences_of_equal_seeds() -> None:
    result = {"dice": 0.5, "bytes_up": 100, "bytes_down": 100}
    found = {row.label: [result, result | {"dice": 0.7}] for row in rows()}
    found["FedSM, int8"] = [result | {"dice": 0.4, "bytes_up": 50, "bytes_down": 200}]
    lines = list(table(found))
    assert len(lines) == 2 + len(found)
    assert lines[-1] == "| FedSM | int8 | 0.50 | 1.25 | 0.4000 | -0.1000 | -0.1000 |"
