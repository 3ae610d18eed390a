"""Masks of earlier rounds for the viewer's slider, predicted of a few test cases once training is over."""

from collections.abc import Iterator
from pathlib import Path

from backend.contracts.artifacts import NIFTI_GZ
from backend.contracts.tasks import DatasetManifest, EvaluateSitePayload, ManifestCase, PastMask
from worker.datasets.folder import read_case
from worker.datasets.viewer_files import Affine, mask_nifti
from worker.engine.data import ParticipantData
from worker.engine.history import PastPrediction, past_predictions
from worker.engine.plan import Plan
from worker.engine.strategies.base import Strategy
from worker.process.lease import Lease
from worker.stores.api_client import ApiClient
from worker.stores.state_parts import StateParts


def past_masks(
    payload: EvaluateSitePayload, data: ParticipantData, strategy: Strategy, plan: Plan, api: ApiClient, lease: Lease
) -> Iterator[PastMask]:
    """The masks in order of rounds, then of cases. Dice always leaves the site, masks where its policy lets predictions
    leave."""
    most = payload.run.config.evaluation.history_cases
    sources = {file.case_id: (manifest, file) for manifest in payload.data for file in manifest.cases}
    affines: dict[str, Affine | None] = {}
    for round_number, state in sorted(payload.history.items()):
        parts = StateParts(api, state)
        for past in past_predictions(strategy, state.keys(), parts.load, data, most, plan):
            yield from _masks_of(past, round_number, sources[past.case_id], payload, affines, api)
            lease.check()


def _masks_of(
    past: PastPrediction,
    round_number: int,
    source: tuple[DatasetManifest, ManifestCase],
    payload: EvaluateSitePayload,
    affines: dict[str, Affine | None],
    api: ApiClient,
) -> Iterator[PastMask]:
    manifest, file = source
    for part, mask in past.masks.items():
        sha256 = None
        if manifest.may_send_predictions:
            if past.case_id not in affines:
                read = read_case(Path(manifest.folder), file, payload.run.task, manifest.reading)
                affines[past.case_id] = read.affine
            sha256 = api.upload(mask_nifti(mask, affines[past.case_id]), NIFTI_GZ)
        yield PastMask(
            case_id=past.case_id,
            round=round_number,
            model=part,
            dice=past.dice[part],
            mask=sha256,
            chosen=part == past.chosen_part,
        )
