"""Masks of earlier rounds for the viewer's slider, predicted of a few test cases once training is over."""

from collections.abc import Iterable, Iterator, Mapping

from backend.contracts.artifacts import NIFTI_GZ
from backend.contracts.tasks import EvaluateSitePayload, PartMap, PastMask
from worker.datasets.viewer_files import Affine, mask_nifti
from worker.engine.data import ParticipantData
from worker.engine.evaluation import EvaluatedCase
from worker.engine.history import PastPrediction, as_past, past_predictions, shown_cases
from worker.engine.plan import Plan
from worker.engine.strategies.base import Strategy
from worker.process.lease import Lease
from worker.stores.api_client import ApiClient
from worker.stores.state_parts import StateParts


def past_masks(
    payload: EvaluateSitePayload,
    data: ParticipantData,
    strategy: Strategy,
    plan: Plan,
    api: ApiClient,
    lease: Lease,
    known: Mapping[str, PastPrediction],
) -> Iterator[PastMask]:
    """The masks in order of rounds, then of cases. Dice always leaves the site, masks where its policy lets predictions
    leave.

    known: by case id, what `kept_of` had of the payload's own round.
    """
    shown = shown_cases(data, payload.run.config.evaluation.history_cases)
    affines = {case.case_id: case.affine for case in shown}
    may_leave = {file.case_id for manifest in payload.data if manifest.may_send_predictions for file in manifest.cases}

    def predictions(round_number: int, state: PartMap) -> Iterable[PastPrediction]:
        if round_number == payload.round:
            return (known[case.case_id] for case in shown)
        most = payload.run.config.evaluation.history_cases
        return past_predictions(strategy, state.keys(), StateParts(api, state).load, data, most, plan)

    for round_number, state in sorted(payload.history.items()):
        for past in predictions(round_number, state):
            sending = api if past.case_id in may_leave else None
            yield from _masks_of(past, round_number, affines[past.case_id], sending)
            lease.check()


def kept_of(payload: EvaluateSitePayload, data: ParticipantData, case: EvaluatedCase) -> PastPrediction | None:
    """What the slider shows of a case by the payload's own round, which has just predicted it; None: nothing."""
    state = payload.history.get(payload.round)
    most = payload.run.config.evaluation.history_cases
    if state is None or all(case.case_id != other.case_id for other in shown_cases(data, most)):
        return None
    return as_past(case, state.keys())


def _masks_of(
    past: PastPrediction, round_number: int, affine: Affine | None, api: ApiClient | None
) -> Iterator[PastMask]:
    """api: None where the masks may not leave."""
    for part, mask in past.masks.items():
        yield PastMask(
            case_id=past.case_id,
            round=round_number,
            model=part,
            dice=past.dice[part],
            mask=None if api is None else api.upload(mask_nifti(mask, affine), NIFTI_GZ),
            chosen=part == past.chosen_part,
        )
