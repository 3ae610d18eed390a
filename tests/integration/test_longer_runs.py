"""Runs that train more rounds than they began with, or fewer: the bits are the engine's."""

from pathlib import Path

import pytest

from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.status import RunStatus
from backend.contracts.strategy_configs import FedAvgConfig, FedSMConfig
from backend.federations.schemas import FederationRecord
from tests.conftest import wait_until
from tests.integration.in_process import run_in_process
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment, hashes_of
from tests.integration.test_cli import fedsm
from tests.integration.tiny_data import TASK, tiny_config

FEDSM = FedSMConfig(selector=LdaSelector(minimum_cases=2))


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, sites: dict[str, Path]) -> FederationRecord:
    return platform.add_federation("Longer runs", TASK, sites)


def test_a_run_given_more_rounds_has_the_artifacts_of_one_started_with_them(
    platform: LivePlatform, federation: FederationRecord, sites: dict[str, Path]
) -> None:
    """Two models a site with their Adam moments, and the selector's."""
    done = await_experiment(platform, platform.start_experiment(federation, "Two rounds", tiny_config(FEDSM)))
    run_id = done.runs[0].id
    shown = fedsm(platform, "run", "extend", run_id, "--rounds", "3", "--show")
    assert shown.returncode == 0, shown.stderr
    assert "to the bit" in shown.stdout
    assert platform.client.run(run_id).status == RunStatus.COMPLETED, "nothing was changed"
    assert fedsm(platform, "run", "extend", run_id, "--rounds", "2").returncode == 2
    assert fedsm(platform, "run", "extend", run_id, "--rounds", "3").returncode == 0
    wait_until(lambda: platform.client.run(run_id).status == RunStatus.COMPLETED, 120, "the third round")
    config = tiny_config(FEDSM, schedule=ScheduleConfig(rounds=3, batch_size=2))
    expected = run_in_process(config, FEDSM, TASK, sites)
    run = platform.client.run(run_id)
    assert hashes_of(platform, run) == expected.hashes
    assert run.notes[0] == "Given rounds 3 to 3 after its end."
    assert platform.client.run_cases(run_id).round == run.best_round


def test_a_run_stops_early_where_the_engine_alone_does(
    platform: LivePlatform, federation: FederationRecord, sites: dict[str, Path]
) -> None:
    """No round gains 0.9 of Dice: round 2 is known to have gained nothing once round 3 is trained."""
    schedule = ScheduleConfig(rounds=10, batch_size=2, patience=1, minimum_gain=0.9)
    config = tiny_config(FedAvgConfig(), schedule=schedule)
    done = await_experiment(platform, platform.start_experiment(federation, "Impatient", config))
    run = done.runs[0]
    assert (run.status, run.round, run.num_rounds) == (RunStatus.COMPLETED, 3, 3)
    assert hashes_of(platform, run) == run_in_process(config, FedAvgConfig(), TASK, sites).hashes
    initial = {m.site_slug for m in platform.client.run_metrics(run.id) if (m.round, m.split) == (0, "val")}
    assert initial == set(sites), "the initial state was validated everywhere"
