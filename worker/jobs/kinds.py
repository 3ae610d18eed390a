"""What each kind of task does between its payload and its result."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import assert_never

from backend.contracts.dry_runs import DryRunSitePayload
from backend.contracts.metrics import CaseRouting, CaseScore
from backend.contracts.task_progress import PREPARED_SHARE
from backend.contracts.tasks import (
    AggregateRoundPayload,
    AggregateRoundResult,
    DescribeDatasetPayload,
    EvaluateSitePayload,
    EvaluateSiteResult,
    ExportModelPayload,
    InitializeRunPayload,
    InitializeRunResult,
    OutlyingUpdate,
    PredictCasePayload,
    TaskPayload,
    TaskResult,
    TrainSitePayload,
    TrainSiteResult,
    ValidateSitePayload,
    ValidateSiteResult,
    ViewerFiles,
)
from backend.contracts.thresholds import GAMMAS, ThresholdPoint
from worker.engine.checkpoint import to_bytes
from worker.engine.data import ParticipantData
from worker.engine.evaluation import EvaluatedCase, evaluate, evaluate_validation
from worker.engine.federation import train_and_transform, validate_state
from worker.engine.history import PastPrediction
from worker.engine.late_average import averaged_state
from worker.engine.progress import counted, part_of
from worker.engine.room import large_models_in
from worker.engine.server_step import aggregate_updates, check_updates
from worker.engine.start import started_state
from worker.engine.state import POOLED, State
from worker.engine.strategies.base import SiteContext, Strategy
from worker.engine.thresholds import threshold_scores
from worker.jobs.build import build_plan, strategy_of
from worker.jobs.case_loading import load_participant_data
from worker.jobs.data_roots import require_open
from worker.jobs.dataset_jobs import CaseFileStore, describe_dataset
from worker.jobs.dry_run import dry_run_site
from worker.jobs.exports import export_model
from worker.jobs.past_masks import kept_of, past_masks
from worker.jobs.predictions import predict_case
from worker.jobs.results import case_routing, case_scores, metric_points
from worker.jobs.run_log import data_line, training_line, transfer_line, validation_line
from worker.jobs.site_state import keep_local_state, load_local_state
from worker.jobs.state_transfer import StateTransfer
from worker.process.lease import Lease
from worker.process.toolbox import Toolbox
from worker.stores.state_parts import StateParts

#: Of a training, whose cases are then loaded; validation goes on from here to PREPARED_SHARE.
_LOADED_SHARE = PREPARED_SHARE / 2
#: Of a test, whose test cases are then scored; validation cases come after them.
_TESTED_SHARE = 0.8


def execute(payload: TaskPayload, toolbox: Toolbox, lease: Lease) -> TaskResult:
    """Does a task. Raises ValueError for the caller's fault, OSError for what may pass, and StopRequested."""
    require_open(payload, toolbox.settings.open_roots)
    match payload:
        case DescribeDatasetPayload():
            return describe_dataset(payload, toolbox.api, lease, toolbox.settings.folder)
        case DryRunSitePayload():
            return dry_run_site(payload, toolbox, lease)
        case InitializeRunPayload():
            return initialize_run(payload, toolbox)
        case TrainSitePayload():
            return train_site(payload, toolbox, lease)
        case AggregateRoundPayload():
            return aggregate(payload, toolbox)
        case ValidateSitePayload():
            return validate_site(payload, toolbox, lease)
        case EvaluateSitePayload():
            return evaluate_site(payload, toolbox, lease)
        case PredictCasePayload():
            return predict_case(payload, toolbox, lease)
        case ExportModelPayload():
            return export_model(payload, toolbox, lease)
        case _:
            assert_never(payload)


def initialize_run(payload: InitializeRunPayload, toolbox: Toolbox) -> InitializeRunResult:
    """Stores the parts of round 0. Raises ValueError where another run's models do not fit."""
    run = payload.run
    strategy = strategy_of(run)
    plan, transfer = build_plan(run, toolbox.device), StateTransfer(toolbox.api)
    if run.start is None:
        state = strategy.initial_state(plan)
    else:
        state = started_state(strategy, plan, transfer.download(run.start.parts))
    participants = strategy.participants(run.sites)
    return InitializeRunResult(
        participants=participants,
        evaluators=(*run.sites, *run.held_out_sites),
        criterion=strategy.criterion,
        parts=transfer.upload(state),
        downloads=_downloads(strategy, state, strategy.round_participants(plan, 1)),
    )


def train_site(payload: TrainSitePayload, toolbox: Toolbox, lease: Lease) -> TrainSiteResult:
    """Scores the state that arrived, trains from it, and leaves the optimizer's state here for the next round."""
    started, transferred = time.monotonic(), toolbox.api.transfer_seconds
    run, participant = payload.run, payload.participant
    plan, strategy = build_plan(run, toolbox.device), strategy_of(run)
    data = _load_data(payload, toolbox, lease, _LOADED_SHARE)
    parts = StateParts(toolbox.api, payload.state, strategy.is_frozen)
    validating = part_of(lease.report, _LOADED_SHARE, PREPARED_SHARE)
    before = SiteContext(plan, participant, payload.round - 1, None, validating)
    begun = time.monotonic()
    metrics, report = validate_state(strategy, payload.state.keys(), parts.load, data, before)
    lease.log("info", validation_line(metrics, payload.round - 1, time.monotonic() - begun))
    lease.check()
    local_state = load_local_state(payload, toolbox, lease)
    training = part_of(lease.report, PREPARED_SHARE, 1.0)
    context = SiteContext(plan, participant, payload.round, local_state, training, parts.load)
    received = {name: parts.load(name) for name in payload.parts}
    begun = time.monotonic()
    update = train_and_transform(strategy, received, data, context, report)
    lease.log("info", training_line(update, time.monotonic() - begun))
    contents = {name: to_bytes(tensors) for name, tensors in update.parts.items()}
    with ThreadPoolExecutor(1, "local state") as pool:  # the file is written while the hub takes the update
        kept = (
            pool.submit(keep_local_state, payload, local_state, update.local_state, toolbox, lease)
            if update.local_state
            else None
        )
        sent = {name: toolbox.api.upload(content) for name, content in contents.items()}
        if kept is not None:
            kept.result()
    bytes_up, transfer = sum(map(len, contents.values())), toolbox.api.transfer_seconds - transferred
    lease.log("info", transfer_line(bytes_up, parts.num_bytes, transfer))
    return TrainSiteResult(
        parts=sent,
        num_cases=update.num_cases,
        num_steps=update.num_steps,
        metrics=metric_points((*update.metrics, *metrics)),
        seconds=time.monotonic() - started,
        transfer_seconds=transfer,
        bytes_up=bytes_up,
        bytes_down=parts.num_bytes,
    )


def aggregate(payload: AggregateRoundPayload, toolbox: Toolbox) -> AggregateRoundResult:
    """Stores the next state, made of the updates that are sound, and says why the others were refused; or of no update,
    the averages of late rounds.

    Frozen parts are not fetched: the next state names the same artifacts.
    """
    run = payload.run
    plan, strategy = build_plan(run, toolbox.device), strategy_of(run)
    frozen = {name: sha256 for name, sha256 in payload.state.items() if strategy.is_frozen(name)}
    changing = {name: sha256 for name, sha256 in payload.state.items() if name not in frozen}
    transfer = StateTransfer(toolbox.api)
    state = transfer.download(changing)
    updates, unreadable = transfer.download_updates(payload.updates)
    checked = check_updates(strategy, state, updates, plan, payload.round)
    with large_models_in(toolbox.settings.folder / "aggregation"):
        if plan.is_averaging(payload.round):
            state = averaged_state(state)
        elif checked.sound:  # else the round is over, and resuming the run asks the sites again
            state = aggregate_updates(strategy, state, checked.sound, plan, payload.round)
    return AggregateRoundResult(
        parts=transfer.upload(state) | frozen,
        downloads=_downloads(strategy, state, strategy.round_participants(plan, payload.round + 1)),
        refused=unreadable | checked.refused,
        outliers={
            participant: OutlyingUpdate(norm=outlier.norm, usual=outlier.usual)
            for participant, outlier in checked.outliers.items()
        },
    )


def validate_site(payload: ValidateSitePayload, toolbox: Toolbox, lease: Lease) -> ValidateSiteResult:
    """Scores a state on the participant's validation cases."""
    run = payload.run
    plan, strategy = build_plan(run, toolbox.device), strategy_of(run)
    data = _load_data(payload, toolbox, lease, PREPARED_SHARE)
    parts = StateParts(toolbox.api, payload.state)
    validating = part_of(lease.report, PREPARED_SHARE, 1.0)
    context = SiteContext(plan, payload.participant, payload.round, None, validating)
    begun = time.monotonic()
    metrics, _ = validate_state(strategy, payload.state.keys(), parts.load, data, context)
    lease.log("info", validation_line(metrics, payload.round, time.monotonic() - begun))
    return ValidateSiteResult(metrics=metric_points(metrics))


def evaluate_site(payload: EvaluateSitePayload, toolbox: Toolbox, lease: Lease) -> EvaluateSiteResult:
    """Scores every model, and stores what the viewer shows where the payload asks for it.

    The optimizer's state is marked as that of a run that was tested, because the run may still be given more rounds.
    """
    run = payload.run
    plan, strategy = build_plan(run, toolbox.device), strategy_of(run)
    begun = time.monotonic()
    data = _load_data(payload, toolbox, lease, PREPARED_SHARE)
    parts = StateParts(toolbox.api, payload.state)
    viewer = CaseFileStore(payload, data, toolbox.api)
    num_cases = sum(len(site.test) for site in data)
    testing = part_of(lease.report, PREPARED_SHARE, _TESTED_SHARE)
    scores: list[CaseScore] = []
    routing: list[CaseRouting | None] = []
    files: list[ViewerFiles | None] = []
    shown: dict[str, PastPrediction] = {}
    for case in counted(evaluate(strategy, payload.state.keys(), parts.load, data, plan), num_cases, testing):
        scores += case_scores(case)
        routing.append(case_routing(case))
        files.append(viewer.store(case))
        if (past := kept_of(payload, data, case)) is not None:
            shown[case.case_id] = past
    lease.log("info", f"tested {len(files)} cases in {time.monotonic() - begun:.1f} s, {len(scores)} rows of scores")
    validated: list[EvaluatedCase] = []
    if payload.with_files and payload.participant in run.sites and payload.round > 0:
        scored = evaluate_validation(strategy, payload.state.keys(), parts.load, data, plan)
        scoring = part_of(lease.report, _TESTED_SHARE, 1.0)
        validated = list(counted(_without_masks(scored), sum(len(site.val) for site in data), scoring))
        lease.log("info", f"scored {len(validated)} validation cases one by one, for the list of cases")
    known = {case.case_id: case for case in validated}
    thresholds = threshold_scores(strategy, parts.load, data, plan, GAMMAS, known)
    history = tuple(past_masks(payload, data, strategy, plan, toolbox.api, lease, shown))
    for participant in (payload.participant, POOLED):
        toolbox.local_states.end(run.run_id, participant)
    toolbox.local_states.sweep(toolbox.settings.keep_state_days)
    return EvaluateSiteResult(
        scores=tuple(scores),
        routing=tuple(route for route in routing if route is not None),
        files=tuple(stored for stored in files if stored is not None),
        history=history,
        validation=tuple(score for case in validated for score in case_scores(case)),
        validation_routing=tuple(route for case in validated if (route := case_routing(case)) is not None),
        thresholds=tuple(
            ThresholdPoint(gamma=score.gamma, dice=score.dice, num_cases=score.num_cases) for score in thresholds
        ),
    )


def _without_masks(cases: Iterable[EvaluatedCase]) -> Iterator[EvaluatedCase]:
    """Nobody looks at masks of validation cases: they are let go one by one."""
    return (replace(case, masks={}) for case in cases)


def _load_data(
    payload: TrainSitePayload | ValidateSitePayload | EvaluateSitePayload, toolbox: Toolbox, lease: Lease, share: float
) -> ParticipantData:
    """share: of the task, that loading its cases is reported as."""
    begun = time.monotonic()
    data = load_participant_data(payload.run, payload.data, toolbox.data, part_of(lease.report, 0.0, share))
    lease.log("info", data_line(data, time.monotonic() - begun))
    return data


def _downloads(strategy: Strategy, state: State, participants: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return {participant: strategy.downloads(state.keys(), participant) for participant in participants}
