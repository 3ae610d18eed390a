"""Bad input over REST gets a clear error and loses nothing."""

from pathlib import Path

import pytest
from PIL import Image

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.status import DatasetStatus, RunStatus
from backend.datasets.schemas import DatasetCreate
from backend.federations.schemas import FederationRecord
from backend.sites.schemas import SiteCreate
from fedsm.client import ApiError
from tests.conftest import wait_until
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import SITES, TASK, tiny_config, write_sites

CONFIG = tiny_config(FedSMConfig(), FedAvgConfig()).model_dump(mode="json")


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, sites: dict[str, Path]) -> FederationRecord:
    return platform.add_federation("Bad input", TASK, sites)


def with_change(path: str, value: object) -> dict[str, object]:
    """The valid body with one field changed; `path` is dotted, numbers are positions."""
    body: dict[str, object] = {"name": "Wrong", "config": tiny_config(FedSMConfig()).model_dump(mode="json")}
    node: object = body
    *steps, last = path.split(".")
    for step in steps:
        node = node[int(step)] if isinstance(node, list) else node[step]  # type: ignore[index]
    node[last] = value  # type: ignore[index]
    return body


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("config.schedule.epochs", 3, "not a field known here"),
        ("config.strategies.0.lambda", 1.2, "less than or equal to 1"),
        ("config.strategies.0.lambda", 0.3, "1/K = 0.333"),
        ("config.strategies.0.gamma", -0.1, "greater than or equal to 0"),
        ("config.schedule.rounds", 0, "greater than or equal to 1"),
        ("config.strategies.0.name", "fedfoo", "fedsm"),
        ("config.data.image_size", 33, "multiple of 16"),
        ("config.minimum_sites", 4, "3 site(s) with data"),
        ("config.seeds", [1, 1], "seeds must differ"),
        ("name", "", "has 0 characters (give at least 1)"),
    ],
)
def test_a_wrong_experiment_is_refused_with_field_value_and_remedy(
    platform: LivePlatform, federation: FederationRecord, path: str, value: object, words: str
) -> None:
    before = len(platform.client.experiments(federation.id))
    with pytest.raises(ApiError) as caught:
        platform.client.post_json(f"/federations/{federation.id}/experiments", with_change(path, value))
    error = caught.value
    assert (error.status, error.code) == (422, "invalid_input")
    assert words in error.detail + str(error)
    assert error.fields
    assert all(field["remedy"] for field in error.fields)
    assert len(platform.client.experiments(federation.id)) == before


def test_fedsm_on_one_site_is_refused(platform: LivePlatform, sites: dict[str, Path]) -> None:
    alone = platform.add_federation("One site", TASK, {"site-a": sites["site-a"]})
    with pytest.raises(ApiError, match="FedSM needs at least 2 sites with data"):
        platform.client.create_experiment(alone.id, "Alone", tiny_config(FedSMConfig()))


def test_a_wrong_token_is_refused(platform: LivePlatform) -> None:
    from fedsm.client import Client

    with Client(platform.client.server, "guess") as stranger, pytest.raises(ApiError) as caught:
        stranger.federations()
    assert caught.value.status == 401


def test_a_missing_folder_fails_its_check_with_the_path(platform: LivePlatform, tmp_path: Path) -> None:
    federation = platform.client.create_federation("No folder", "", TASK)
    site = platform.client.create_site(federation.id, SiteCreate(name="Nowhere"))
    absent = tmp_path / "absent"
    dataset = platform.client.register_dataset(site.id, DatasetCreate(name="cases", folder=str(absent)))
    checked = platform.await_check(dataset.id)
    assert checked.status == DatasetStatus.FAILED
    assert checked.error is not None
    assert str(absent) in checked.error


def test_each_bad_case_is_skipped_with_its_reason_and_the_others_are_used(
    platform: LivePlatform, tmp_path: Path
) -> None:
    folder = write_sites(tmp_path)["site-a"]
    images, masks = folder / "images", folder / "masks"
    Image.open(masks / "case-00.png").resize((20, 20)).save(masks / "case-00.png")
    Image.open(masks / "case-01.png").point(lambda value: 7 if value == 2 else value).save(masks / "case-01.png")
    (images / "case-02.png").write_text("no image")
    (masks / "case-03.png").unlink()
    Image.open(masks / "case-04.png").point(lambda value: 0).save(masks / "case-04.png")
    federation = platform.client.create_federation("Bad cases", "", TASK)
    site = platform.client.create_site(federation.id, SiteCreate(name="Site"))
    dataset = platform.client.register_dataset(site.id, DatasetCreate(name="cases", folder=str(folder)))
    checked = platform.await_check(dataset.id)
    assert (checked.status, checked.num_used, checked.num_skipped) == (DatasetStatus.READY, 5, 5)
    reasons = {c.name: c.reason_code for c in platform.client.dataset_cases(dataset.id) if not c.used}
    assert reasons == {
        "case-00": "size_mismatch",
        "case-01": "unknown_label",
        "case-02": "unreadable_image",
        "case-03": "no_mask",
        "case-04": "empty_mask",
    }


def test_a_run_goes_on_without_a_site_whose_file_is_gone(platform: LivePlatform, tmp_path: Path) -> None:
    """Quorum 2 of 3: the others finish; the cause names the site and the file."""
    folders = write_sites(tmp_path)
    federation = platform.add_federation("A file gone", TASK, folders)
    gone = folders["site-b"] / "images" / "case-03.png"
    gone.unlink()
    strategy = FedSMConfig(selector=LdaSelector(minimum_cases=2))
    experiment = platform.start_experiment(federation, "Quorum", tiny_config(strategy, minimum_sites=2))
    run = await_experiment(platform, experiment).runs[0]
    assert run.status == RunStatus.COMPLETED, run.failure
    failed = [t for t in platform.client.run_tasks(run.id) if t.status == "failed"]
    assert {task.participant for task in failed} == {"site-b"}
    assert all(str(gone) in (task.error or "") for task in failed)
    warnings = [event.message for event in platform.client.run_events(run.id) if event.level == "warning"]
    assert any("site-b" in message and str(gone) in message for message in warnings)


def test_a_run_goes_on_without_a_site_that_fails_in_mid_run(platform: LivePlatform, tmp_path: Path) -> None:
    """Its file goes after some rounds: those stay, the later ones go on without it and say why."""
    folders = write_sites(tmp_path)
    federation = platform.add_federation("A site fails in mid-run", TASK, folders)
    schedule = {"rounds": 12, "batch_size": 1, "local_epochs": 3}
    config = tiny_config(FedAvgConfig(), schedule=schedule, minimum_sites=2)
    experiment = platform.start_experiment(federation, "Mid-run", config)
    run_id = experiment.runs[0].id
    wait_until(lambda: platform.client.run(run_id).round >= 3, 60, "the third round")
    gone = folders["site-b"] / "images" / "case-03.png"
    gone.unlink()
    run = await_experiment(platform, experiment).runs[0]
    assert run.status == RunStatus.COMPLETED, run.failure
    trainings = [t for t in platform.client.run_tasks(run.id) if t.kind == "train_site"]
    failed_rounds = {t.round for t in trainings if t.status == "failed"}
    assert {t.participant for t in trainings if t.status == "failed"} == {"site-b"}
    assert min(failed_rounds) >= 3
    assert {t.round for t in trainings if t.participant == "site-b" and t.status == "completed"} >= {1, 2}
    assert {t.round for t in trainings if t.participant == "site-a" and t.status == "completed"} == set(range(1, 13))
    warnings = [event.message for event in platform.client.run_events(run.id) if event.level == "warning"]
    assert any("goes on without site-b" in message and str(gone) in message for message in warnings)


def test_below_quorum_the_run_fails_with_the_cause_and_goes_on_when_it_is_mended(
    platform: LivePlatform, tmp_path: Path
) -> None:
    folders = write_sites(tmp_path)
    federation = platform.add_federation("Below quorum", TASK, folders)
    gone = folders["site-c"] / "masks" / "case-05.png"
    content = gone.read_bytes()
    gone.unlink()
    config = tiny_config(FedAvgConfig(), minimum_sites=3)
    run = await_experiment(platform, platform.start_experiment(federation, "Quorum", config)).runs[0]
    assert run.status == RunStatus.FAILED
    assert run.failure is not None
    for words in ("2 of 3", "site-c", str(gone)):
        assert words in run.failure
    gone.write_bytes(content)
    platform.client.post_json(f"/runs/{run.id}/resume", None)
    resumed = await_experiment(platform, platform.client.experiment(run.experiment_id)).runs[0]
    assert resumed.status == RunStatus.COMPLETED, resumed.failure
    assert resumed.round == 2


def test_a_file_that_changes_after_the_check_is_noticed(platform: LivePlatform, tmp_path: Path) -> None:
    """The worker keeps decoded cases in memory, and still sees that the file is not the one that was checked."""
    folders = write_sites(tmp_path)
    federation = platform.add_federation("A file changed", TASK, folders)
    config = tiny_config(FedAvgConfig(), minimum_sites=3)
    first = await_experiment(platform, platform.start_experiment(federation, "Before", config)).runs[0]
    assert first.status == RunStatus.COMPLETED
    changed = folders["site-a"] / "images" / "case-00.png"
    Image.open(changed).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(changed)
    second = await_experiment(platform, platform.start_experiment(federation, "After", config)).runs[0]
    assert second.status == RunStatus.FAILED
    assert second.failure is not None
    assert str(changed) in second.failure
    assert "changed since the data set was checked" in second.failure
    assert SITES[0] in second.failure
