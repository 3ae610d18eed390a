"""Runs that train more rounds than they began with, or fewer: the bits are the engine's."""

from pathlib import Path

import pytest

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.personalized import DittoConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.status import RunStatus
from backend.federations.schemas import FederationRecord
from tests.conftest import wait_until
from tests.integration.in_process import run_in_process
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment, hashes_of
from tests.integration.test_cli import fedsm
from tests.integration.tiny_data import TASK, tiny_config, write_sites

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
    assert run.notes[0] == "Given round 3 after its end."
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


def test_a_run_begins_with_the_models_of_another_and_its_round_0_says_what_they_are_worth(
    platform: LivePlatform, federation: FederationRecord, sites: dict[str, Path]
) -> None:
    source = await_experiment(platform, platform.start_experiment(federation, "Source", tiny_config(FEDSM))).runs[0]
    assert source.best_round is not None
    given = hashes_of(platform, source)[source.best_round]
    config = tiny_config(FedAvgConfig(), DittoConfig(), start_from={"run": source.id})
    done = await_experiment(platform, platform.start_experiment(federation, "Begun", config))
    fedavg, ditto = (hashes_of(platform, run)[0] for run in done.runs)
    assert fedavg == {"global": given["global"]}
    assert ditto == {name: given[name] for name in ("global", *(f"personalized/{site}" for site in sites))}

    def dice(run_id: str, number: int) -> dict[str, float]:
        """Of the global model, by site."""
        found = platform.client.run_metrics(run_id)
        wanted = ("global", "val", "dice", None, number)
        return {m.site_slug: m.value for m in found if (m.model, m.split, m.name, m.structure, m.round) == wanted}

    assert dice(done.runs[0].id, 0) == dice(source.id, source.best_round)


def test_a_finished_model_is_tested_on_another_federations_data(
    platform: LivePlatform, federation: FederationRecord, tmp_path: Path
) -> None:
    """Its masks and routes are those of trying the images one by one."""
    folders = write_sites(tmp_path / "new", seed=5)
    elsewhere = platform.add_federation("Elsewhere", TASK, {"site-z": folders["site-b"]})
    source = await_experiment(platform, platform.start_experiment(federation, "To test", tiny_config(FEDSM))).runs[0]
    (dataset,) = platform.client.datasets(elsewhere.id)
    body = {"datasets": [dataset.id], "cases": "test"}
    experiment = platform.client.post_json(f"/runs/{source.id}/tests", body)
    done = await_experiment(platform, platform.client.experiment(experiment["id"]))
    assert done.runs[0].status == RunStatus.COMPLETED, done.runs[0].failure
    cases = platform.client.run_cases(done.runs[0].id).cases
    num_tested = sum(case.split == "test" for case in platform.client.dataset_cases(dataset.id))
    assert len(cases) == num_tested > 0
    assert {"global", "super", "personalized/site-a"} <= cases[0].dice.keys()
    assert all(case.image_url and case.predictions["super"] for case in cases)
    predicted = platform.client.predict(source.id, folders["site-b"] / "images" / f"{cases[0].name}.png")
    wait_until(lambda: platform.client.prediction(predicted.id).status == "completed", 60, "the prediction")
    answer = platform.client.prediction(predicted.id)
    assert answer.chosen_model == cases[0].chosen_model
    (mask,) = (mask for mask in answer.masks if mask.model == "global")
    assert platform.client.artifact(mask.mask_url) == platform.client.artifact(cases[0].predictions["global"])
