"""The whole job over REST, with a real backend, a real worker, real Valkey, on SQLite and on PostgreSQL."""

import gzip
import io
from pathlib import Path

import nibabel
import numpy as np
import pytest

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import CentralizedConfig, FedAvgConfig, LocalOnlyConfig
from backend.contracts.selector_configs import CnnSelector, LdaSelector
from backend.contracts.status import RunStatus
from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from backend.runs.schemas import RunRecord
from tests.conftest import wait_until
from tests.integration.in_process import run_in_process
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment, hashes_of
from tests.integration.stored_files import cached, delete_everything, stored
from tests.integration.tiny_data import HEIGHT, NUM_CASES, SITES, TASK, WIDTH, tiny_config

FEDSM = FedSMConfig(selector=LdaSelector(minimum_cases=2))
STRATEGIES = (FEDSM, FedAvgConfig(), LocalOnlyConfig(), CentralizedConfig())


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, sites: dict[str, Path]) -> FederationRecord:
    return platform.add_federation("Whole job", TASK, sites)


@pytest.fixture(scope="module")
def finished(platform: LivePlatform, federation: FederationRecord) -> ExperimentRecord:
    started = platform.start_experiment(federation, "All methods", tiny_config(*STRATEGIES))
    return await_experiment(platform, started)


def test_every_run_completes(finished: ExperimentRecord) -> None:
    assert [(run.strategy.name, run.status, run.failure) for run in finished.runs] == [
        (strategy.name, RunStatus.COMPLETED, None) for strategy in STRATEGIES
    ]


@pytest.mark.parametrize("position", range(len(STRATEGIES)))
def test_the_artifacts_are_those_of_the_engine_alone(
    platform: LivePlatform, finished: ExperimentRecord, sites: dict[str, Path], position: int
) -> None:
    run = finished.runs[position]
    expected = run_in_process(finished.config, STRATEGIES[position], TASK, sites)
    assert hashes_of(platform, run) == expected.hashes
    assert run.best_round == expected.best_round


def test_the_same_seed_gives_the_same_artifacts_on_another_platform(
    postgres_platform: LivePlatform, platform: LivePlatform, finished: ExperimentRecord, sites: dict[str, Path]
) -> None:
    """PostgreSQL and another worker; the first platform ran four methods at once, this one runs two, and keeps every
    round: what is let go changes no result. Afterwards everything is deleted, and no file is left."""
    federation = postgres_platform.add_federation("On PostgreSQL", TASK, sites)
    config = tiny_config(FEDSM, FedAvgConfig(), retention="all")
    again = await_experiment(postgres_platform, postgres_platform.start_experiment(federation, "Again", config))
    assert postgres_platform.client.system().database.lower().startswith("postgres")
    for run, before in zip(again.runs, finished.runs, strict=False):
        assert run.status == RunStatus.COMPLETED, run.failure
        assert hashes_of(postgres_platform, run) == hashes_of(platform, before)
        assert run.best_round == before.best_round
        assert history_masks(postgres_platform, run) == history_masks(platform, before) != []
    wait_until(lambda: postgres_platform.client.storage().unowned_bytes == 0, 20, "uploads of finished rounds to go")
    storage = postgres_platform.client.storage()
    assert len(stored(postgres_platform)) == storage.num_files
    assert [run.removed_rounds for run in storage.experiments[0].runs] == [[], []]
    assert cached(postgres_platform)
    delete_everything(postgres_platform)
    assert postgres_platform.client.storage().num_files == 0


def history_masks(platform: LivePlatform, run: RunRecord) -> list[tuple[str, int, str, str | None]]:
    """Site, round, model and hash of each mask over the rounds, whose cases have other ids on another platform."""
    return sorted(
        (case.site_slug, past.round, model, (entry.mask_url or "").rpartition("/")[2])
        for case in platform.client.run_history(run.id).cases
        for past in case.rounds
        for model, entry in past.models.items()
    )


def test_a_finished_run_keeps_what_its_retention_says(platform: LivePlatform, finished: ExperimentRecord) -> None:
    """Of two rounds the initial state went, and every upload."""
    wait_until(lambda: platform.client.storage().unowned_bytes == 0, 20, "uploads of finished rounds to go")
    for run in platform.client.experiment_storage(finished.id).runs:
        assert (run.kept_rounds, run.removed_rounds) == ([1, 2], [0])
        assert run.by_kind.keys() == {"states", "images", "masks"}
    assert len(stored(platform)) == platform.client.storage().num_files


def test_another_seed_gives_other_artifacts(
    platform: LivePlatform, federation: FederationRecord, finished: ExperimentRecord
) -> None:
    config = tiny_config(FedAvgConfig(), seeds=(1,))
    other = await_experiment(platform, platform.start_experiment(federation, "Another seed", config))
    fedavg = finished.runs[1]
    assert hashes_of(platform, other.runs[0])[0] != hashes_of(platform, fedavg)[0]


def test_a_trained_selector_and_reset_optimizers_run_too(
    platform: LivePlatform, federation: FederationRecord, sites: dict[str, Path]
) -> None:
    strategy = FedSMConfig(selector=CnnSelector())
    schedule = {"rounds": 2, "batch_size": 2, "optimizer_state": "reset", "weighting": "uniform", "loss": "dice_bce"}
    config = tiny_config(strategy, schedule=schedule)
    done = await_experiment(platform, platform.start_experiment(federation, "CNN selector", config))
    assert done.runs[0].status == RunStatus.COMPLETED, done.runs[0].failure
    assert hashes_of(platform, done.runs[0]) == run_in_process(config, strategy, TASK, sites).hashes


def test_results_have_every_method_site_and_structure(platform: LivePlatform, finished: ExperimentRecord) -> None:
    results = platform.client.results(finished.id)
    assert results.complete
    cells = {(c.strategy_label, c.model, c.site_slug, c.structure): c for c in results.cells}
    structures = (None, "optic disc", "optic cup")
    for label, model in (("FedSM", "super"), ("FedSM", "global"), ("FedAvg", "global"), ("Local-only", "personalized")):
        for site in (*SITES, None):
            for structure in structures:
                cell = cells[label, model, site, structure]
                assert cell.mean is not None
                assert 0 <= cell.mean <= 1
                assert cell.num_cases > 0
    (selector,) = results.selectors
    assert sum(sum(row.chosen.values()) for row in selector.confusion) == selector.num_cases
    assert selector.accuracy == 1.0  # the three sites' colours could not differ more


def test_every_test_case_has_an_image_a_reference_and_predictions(
    platform: LivePlatform, finished: ExperimentRecord
) -> None:
    fedsm = finished.runs[0]
    cases = platform.client.run_cases(fedsm.id).cases
    assert {case.site_slug for case in cases} == set(SITES)
    case = cases[0]
    assert case.image_url is not None
    assert case.reference_url is not None
    assert {"global", f"personalized/{case.site_slug}", "super"} <= case.predictions.keys()
    for url in (case.image_url, case.reference_url, *case.predictions.values()):
        volume = nibabel.Nifti1Image.from_bytes(gzip.decompress(platform.client.artifact(url)))
        assert volume.shape[:2] == (WIDTH, HEIGHT)
    reference = np.asarray(
        nibabel.Nifti1Image.from_bytes(gzip.decompress(platform.client.artifact(case.reference_url))).dataobj
    )
    assert set(np.unique(reference)) == {0, 1, 3}  # bit 0 disc, bit 1 cup, which lies in the disc


def test_thumbnails_are_pictures(platform: LivePlatform, federation: FederationRecord) -> None:
    from PIL import Image

    dataset = platform.client.datasets(federation.id)[0]
    cases = platform.client.dataset_cases(dataset.id)
    assert len(cases) == NUM_CASES[dataset.site_slug]
    url = cases[0].thumbnail_url
    assert url is not None
    assert Image.open(io.BytesIO(platform.client.artifact(url))).size == (WIDTH, HEIGHT)


def test_metrics_cover_every_round_and_site(platform: LivePlatform, finished: ExperimentRecord) -> None:
    metrics = platform.client.run_metrics(finished.runs[0].id)
    dice = {
        (m.round, m.site_slug, m.model)
        for m in metrics
        if m.name == "dice" and m.split == "val" and m.structure is None
    }
    expected = {(r, site, m) for r in (1, 2) for site in SITES for m in ("global", "personalized", "super")}
    assert expected <= dice
    losses = {(m.round, m.site_slug, m.model) for m in metrics if m.name == "loss"}
    assert losses == {(r, site, m) for r in (1, 2) for site in SITES for m in ("global", "personalized")}


def test_a_second_click_on_start_changes_nothing(platform: LivePlatform, finished: ExperimentRecord) -> None:
    again = platform.client.start_experiment(finished.id)
    assert [(run.id, run.status, run.started_at) for run in again.runs] == [
        (run.id, run.status, run.started_at) for run in finished.runs
    ]
