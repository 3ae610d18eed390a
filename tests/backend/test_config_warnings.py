"""What would run on a federation and is still likely to be regretted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.contracts.config_problems import SiteFacts, in_short, problems_for_sites
from backend.contracts.datasets import SitePolicy
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.hardware_problems import Gpus, gpus_of
from backend.contracts.methods.references import CentralizedConfig
from backend.contracts.task_definition import SegmentationTask
from backend.experiments.warnings import warnings_on
from backend.sites.schemas import SiteRecord
from tests.backend.conftest import DISC, FEDSM, make_experiment
from tests.backend.live_backend import LiveBackend

TASK = SegmentationTask.model_validate(DISC)
PLENTY = {"train": 40, "val": 8, "test": 12}


def site(slug: str, cases: dict[str, int], state: str = "online", gpus: Gpus = "unknown") -> SiteRecord:
    return SiteRecord.model_validate(
        {
            "id": slug,
            "federation_id": "f",
            "slug": slug,
            "name": f"Clinic {slug}",
            "description": "",
            "contact": "",
            "archived_at": None,
            "kind": "simulated",
            "position": 0,
            "state": state,
            "last_seen_at": datetime.now(UTC),
            "hardware": None,
            "gpus": gpus,
            "queue": "simulated",
            "tasks": [],
            "policy": SitePolicy(),
            "num_cases": cases,
            "unserved": None,
            "link": None,
        }
    )


def warn(*sites: SiteRecord, task: SegmentationTask = TASK, **config: Any) -> dict[str, str]:
    """Field and message start to value."""
    parsed = ExperimentConfig.model_validate({"strategies": [{"name": "fedavg"}]} | config)
    return {f"{entry.field}: {entry.message}": entry.value for entry in warnings_on(parsed, sites, task)}


def test_nothing_is_said_of_a_sound_set_up() -> None:
    assert warn(site("a", PLENTY), site("b", PLENTY)) == {}


def test_that_centralized_training_takes_more_steps_is_said_before_the_run() -> None:
    """64 cases in batches of 4 are 16 steps; 40 and 24 of them are 10 and 6, on average 8."""
    sites = (site("a", PLENTY), site("b", {**PLENTY, "train": 24}))
    strategies: list[dict[str, Any]] = [{"name": "fedavg"}, {"name": "centralized"}]
    (message,) = warn(*sites, strategies=strategies, schedule={"batch_size": 4})
    assert message.startswith("strategies: takes 2.0 times the gradient steps")
    equal = [*strategies, {"name": "centralized", "steps": "equal"}]
    assert warn(*sites, strategies=equal, schedule={"batch_size": 4}) == {}
    assert warn(*sites, strategies=strategies, schedule={"local_steps": 8}) == {}
    assert warn(*sites, strategies=strategies[1:], schedule={"batch_size": 4}) == {}
    assert warn(site("a", PLENTY), strategies=strategies) == {}
    parsed = ExperimentConfig.model_validate({"strategies": strategies, "schedule": {"batch_size": 4}})
    (warning,) = warnings_on(parsed, sites, TASK)
    assert warning.adds == CentralizedConfig(steps="equal")
    answered = parsed.model_copy(update={"strategies": (*parsed.strategies, warning.adds)})
    assert warnings_on(answered, sites, TASK) == []


def test_the_steps_of_volumes_are_those_of_their_slices_where_these_are_known() -> None:
    """30 and 10 slices in batches of 10 are 4 steps together, 3 and 1 alone."""
    sites = (site("a", PLENTY), site("b", PLENTY))
    volumes = TASK.model_copy(update={"dimensions": 3, "num_channels": 1})
    body: dict[str, Any] = {
        "strategies": [{"name": "fedavg"}, {"name": "centralized"}],
        "schedule": {"batch_size": 10},
        "data": {"intensity": "percentile", "slices": "all"},
    }

    def ratios(num_slices: dict[str, int | None], **data: Any) -> list[str]:
        config = ExperimentConfig.model_validate({**body, "data": {**body["data"], **data}})
        found = warnings_on(config, sites, volumes, num_slices)
        return [each.message.split(" the ")[0] for each in found if each.field == "strategies"]

    assert ratios({"a": 30, "b": 10}) == ["takes 2.0 times"]
    assert ratios({"a": 30, "b": None}) == ratios({}) == []
    assert ratios({"a": 30, "b": 10}, slices="foreground") == []


@pytest.mark.parametrize(
    ("method", "found"),
    [
        ({"routing": "quality"}, ["strategies.0.quality_minimum_cases"]),
        ({"routing": "quality", "quality_minimum_cases": 4}, []),
        ({"threshold": "validation"}, ["strategies.0.threshold_minimum_cases"]),
        ({"routing": "soft", "threshold": "validation"}, []),
        ({}, []),
    ],
)
def test_a_site_whose_validation_cases_are_too_few_to_learn_a_rule_from_is_named(
    method: dict[str, Any], found: list[str]
) -> None:
    few = {**PLENTY, "val": 4}
    config = ExperimentConfig.model_validate({"strategies": [{"name": "fedsm", **method}]})
    warnings = warnings_on(config, [site("a", PLENTY), site("b", few)], TASK)
    assert [warning.field for warning in warnings] == found
    assert all("fewer validation cases at Clinic b" in warning.message for warning in warnings)


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        ({}, "no part in the experiment"),
        ({**PLENTY, "train": 9}, "fewer than 10 training cases"),
        ({**PLENTY, "val": 0}, "no validation case"),
        ({**PLENTY, "test": 4}, "fewer than 5 test cases"),
    ],
)
def test_poor_sites_are_named(cases: dict[str, int], words: str) -> None:
    (found,) = warn(site("a", PLENTY), site("b", cases)).items()
    assert words in found[0]
    assert found[1] == "Clinic b"


def test_an_offline_site_is_named() -> None:
    found = warn(site("a", PLENTY), site("b", PLENTY, "offline"), waiting={"absent_minutes": 7})
    assert "federation: offline: the run goes on without, 7 minutes after a quorum of 1 is reached" in found


def test_sites_without_which_there_is_no_quorum_are_named() -> None:
    found = warn(site("a", PLENTY), site("b", PLENTY, "offline"), minimum_sites=2)
    assert "federation: offline, and a round waits until it has its quorum of 2" in found


def test_a_site_held_out_needs_no_training_cases() -> None:
    assert warn(site("a", PLENTY), site("b", {"train": 1, "val": 0, "test": 12}), held_out_sites=["b"]) == {}


def test_slices_of_volumes_and_a_falling_learning_rate_are_told() -> None:
    volumes = TASK.model_copy(update={"dimensions": 3, "num_channels": 1})
    found = warn(
        site("a", PLENTY),
        task=volumes,
        data={"intensity": "percentile"},
        schedule={"learning_rate_schedule": "cosine"},
        strategies=[FEDSM],
    )
    assert [message.split(":")[0] for message in found] == ["network.spatial_dims", "schedule.learning_rate_schedule"]


def test_thirty_sites_with_the_same_problem_are_one_problem() -> None:
    facts = [SiteFacts(slug=f"s{i}", simulated=True, num_training_cases=3 if i else 2) for i in range(30)]
    config = ExperimentConfig.model_validate({"strategies": [{"name": "fedsm"}]})
    (problem,) = problems_for_sites(config, facts, TASK)
    assert "s0 has 2, s1 has 3, s2 has 3, s3 has 3 and 26 more" in problem.message
    assert "lower it to 2" in problem.remedy


def test_lists_are_cut_where_that_saves_more_than_one() -> None:
    assert in_short(["a", "b", "c"], most=2) == "a, b, c"
    assert in_short(["a", "b", "c", "d"], most=2) == "a, b and 2 more"


def test_the_check_answers_warnings_and_the_rho_of_the_sites_that_train(
    backend: LiveBackend, federation: dict[str, Any]
) -> None:
    config = {"strategies": [FEDSM], "held_out_sites": ["c"]}
    check = backend.post(f"/federations/{federation['id']}/experiments/check", {"config": config})
    # Two of three sites train: rho = (0.7 * 2 - 1) / (2 - 1) = 0.4
    assert check["rho"] == {"0.7": pytest.approx(0.4)}
    assert {entry["field"] for entry in check["warnings"]} == {"federation"}
    assert any(entry["value"] == "a, b" for entry in check["warnings"])
    assert make_experiment(backend, federation, **config)["status"] == "created"  # a warning refuses nothing


def test_gpus_of_a_site_are_those_of_the_workers_that_serve_it() -> None:
    answers = [gpus_of(numbers) for numbers in ([], [None, 1], [0, 0], [1, 0], [2, 1])]
    assert answers == ["unknown", "unknown", "none", "some", "all"]


@pytest.mark.parametrize("gpus", ["none", "some", "unknown"])
def test_mixed_precision_where_a_site_may_lack_a_gpu_is_told(gpus: Gpus) -> None:
    found = warn(site("a", PLENTY, gpus="all"), site("b", PLENTY, gpus=gpus), schedule={"mixed_precision": True})
    assert list(found.values()) == ["Clinic b"]
    assert warn(site("a", PLENTY, gpus="all"), site("b", PLENTY, gpus=gpus)) == {}
    every = warn(site("a", PLENTY, gpus="all"), schedule={"mixed_precision": True})
    assert every == {}


def test_mixed_precision_where_no_site_has_a_gpu_is_refused_before_the_start(
    backend: LiveBackend, federation: dict[str, Any]
) -> None:
    path = f"/federations/{federation['id']}/experiments/check"
    config = {"schedule": {"mixed_precision": True}, "strategies": [{"name": "fedavg"}], "held_out_sites": ["c"]}

    def problems(num_gpus: int | None) -> list[str]:
        """Of the check, after a heartbeat that says so."""
        heartbeat = {"worker": "w", "queues": ["simulated"], "hardware": "2 CPU cores", "num_processes": 2}
        said = {} if num_gpus is None else {"num_gpus": num_gpus}
        assert backend.worker.post("/worker-api/v1/heartbeat", json=heartbeat | said).status_code == 204
        return [problem["field"] for problem in backend.post(path, {"config": config})["problems"]]

    assert problems(None) == []
    assert problems(0) == ["schedule.mixed_precision"]
    refused = backend.admin.post(
        f"/api/v1/federations/{federation['id']}/experiments", json={"name": "Fast", "config": config}
    )
    assert refused.status_code == 422
    assert refused.json()["fields"][0]["field"] == "schedule.mixed_precision"
    assert problems(2) == []
