"""Masks over rounds: of a few cases, by the states of earlier rounds, as real workers leave them."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from backend.contracts.experiment_config import EvaluationConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import CentralizedConfig, LocalOnlyConfig
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.selector_configs import LdaSelector
from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import SITES, TASK, tiny_config

STRUCTURES = ("optic disc", "optic cup")
ROUNDS, CASES = 3, 2


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, sites: dict[str, Path]) -> FederationRecord:
    return platform.add_federation("History", TASK, sites)


@pytest.fixture(scope="module")
def finished(platform: LivePlatform, federation: FederationRecord) -> ExperimentRecord:
    strategies = FedSMConfig(selector=LdaSelector(minimum_cases=2)), LocalOnlyConfig(), CentralizedConfig()
    config = tiny_config(
        *strategies,
        schedule=ScheduleConfig(rounds=5, batch_size=2),
        evaluation=EvaluationConfig(history_rounds=ROUNDS, history_cases=CASES),
        held_out_sites=(SITES[2],),
    )
    return await_experiment(platform, platform.start_experiment(federation, "Grown", config))


def mask(platform: LivePlatform, url: str) -> NDArray[np.int64]:
    return np.asarray(nibabel.Nifti1Image.from_bytes(gzip.decompress(platform.client.artifact(url))).dataobj, dtype=int)


def test_every_method_keeps_some_cases_of_each_site(platform: LivePlatform, finished: ExperimentRecord) -> None:
    """A site held out too, by the global model; local-only has none there."""
    wanted = {
        "fedsm": {"super", "global", "personalized"},
        "local-only": {"personalized"},
        "centralized": {"global"},
    }
    for run in finished.runs:
        history = platform.client.run_history(run.id)
        assert run.best_round is not None
        assert {run.best_round, run.num_rounds} <= set(history.rounds)
        assert len(history.rounds) == ROUNDS
        by_site = {slug: [case for case in history.cases if case.site_slug == slug] for slug in SITES}
        assert [len(by_site[slug]) for slug in SITES[:2]] == [CASES, CASES]
        assert len(by_site[SITES[2]]) == (0 if run.strategy.name == "local-only" else CASES)
        for case in by_site[SITES[0]]:
            for past in case.rounds:
                kinds = {model.partition("/")[0] for model in past.models}
                assert kinds == wanted[run.strategy.name]


def test_masks_of_the_best_round_are_those_of_its_evaluation(
    platform: LivePlatform, finished: ExperimentRecord
) -> None:
    run = finished.runs[0]
    evaluated = {case.case_id: case for case in platform.client.run_cases(run.id).cases}
    for case in platform.client.run_history(run.id).cases:
        past = next(entry for entry in case.rounds if entry.round == run.best_round)
        now = evaluated[case.case_id]
        assert past.chosen_model == now.chosen_model
        for model, entry in past.models.items():
            assert entry.mask_url == now.predictions[model]
            assert entry.dice == now.dice[model]


def test_masks_grow_and_are_scored_by_their_own_dice(platform: LivePlatform, finished: ExperimentRecord) -> None:
    run = finished.runs[0]
    references = {case.case_id: case.reference_url for case in platform.client.run_cases(run.id).cases}
    changed = 0
    for case in platform.client.run_history(run.id).cases:
        reference = mask(platform, references[case.case_id] or "")
        for past in case.rounds:
            entry = past.models["global"]
            predicted = mask(platform, entry.mask_url or "")
            for bit, structure in enumerate(STRUCTURES):
                one, other = (predicted >> bit) & 1, (reference >> bit) & 1
                assert entry.dice[structure] == pytest.approx(2 * (one & other).sum() / (one.sum() + other.sum()))
        changed += len({past.models["global"].mask_url for past in case.rounds}) > 1
    assert changed > 0


def test_history_can_be_switched_off(platform: LivePlatform, federation: FederationRecord) -> None:
    config = tiny_config(LocalOnlyConfig(), evaluation=EvaluationConfig(history_rounds=0))
    done = await_experiment(platform, platform.start_experiment(federation, "None kept", config))
    history = platform.client.run_history(done.runs[0].id)
    assert (history.rounds, history.cases) == ([], [])
