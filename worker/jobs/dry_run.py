"""A few steps of every strategy of an experiment on a few of a site's cases, to see that it runs and what it costs."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, get_args

from backend.contracts.dry_runs import DryRunSitePayload, DryRunSiteResult, StrategyCost
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import LocalOnlyConfig
from backend.contracts.metrics import Split
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import DatasetManifest, RunSpec
from worker.datasets.folder import read_case
from worker.datasets.viewer_files import image_nifti, mask_nifti
from worker.engine.checkpoint import to_bytes
from worker.engine.data import Case, ParticipantData, training_cases
from worker.engine.evaluation import segmentation_parts
from worker.engine.federation import train_and_transform
from worker.engine.inference import predict_masks
from worker.engine.local_training import num_local_steps
from worker.engine.metrics import case_dice, case_scores
from worker.engine.plan import Plan
from worker.engine.plan_network import initial_network
from worker.engine.progress import part_of
from worker.engine.sampling import training_items
from worker.engine.server_step import check_updates
from worker.engine.state import State, personalized
from worker.engine.strategies.base import SiteContext, SiteUpdate, Strategy
from worker.jobs.build import build_plan, build_strategy
from worker.jobs.case_loading import load_participant_data
from worker.process.hardware import describe_hardware
from worker.process.lease import Lease
from worker.process.peak_memory import PeakMemory
from worker.process.toolbox import Toolbox

Result = TypeVar("Result")

#: Steps of a training that is timed against one of a single step: the difference is the cost of steps alone.
TIMED_STEPS = 3
#: Test cases whose viewer files are measured.
VIEWED_CASES = 3


def dry_run_site(payload: DryRunSitePayload, toolbox: Toolbox, lease: Lease) -> DryRunSiteResult:
    """The costs that this site measured. Raises ValueError or OSError, as the experiment's own tasks would."""
    num_cases = _num_cases(payload.data)
    runs = [_run_of(payload, strategy) for strategy in payload.config.strategies]
    with PeakMemory(toolbox.device) as memory:
        few = _few(payload)
        loaded = part_of(lease.report, 0.0, 0.1)
        data, loading = _timed(lambda: load_participant_data(runs[0], few, toolbox.data, loaded))
        lease.report(0.1)
        predicting, scoring = _prediction_seconds(data, build_plan(runs[0], toolbox.device))
        costs: list[StrategyCost] = []
        for run in runs if payload.participant in payload.sites else []:
            lease.report(0.2 + 0.8 * len(costs) / len(runs))
            plan = build_plan(run, toolbox.device)
            strategy = build_strategy(run.strategy)
            costs.append(_cost(strategy, plan, payload.participant, data, num_cases["train"], lease))
    image_bytes, mask_bytes = _viewer_bytes(payload)
    return DryRunSiteResult(
        device=describe_hardware()[:200],
        num_cases=num_cases,
        seconds_to_load=loading / max(1, sum(len(manifest.cases) for manifest in few)),
        seconds_to_predict=predicting,
        seconds_to_score=scoring,
        image_bytes=image_bytes,
        mask_bytes=mask_bytes,
        peak_memory_mib=memory.mib,
        peak_gpu_memory_mib=memory.gpu_mib,
        strategies=tuple(costs),
    )


def _cost(
    strategy: Strategy, plan: Plan, site: str, data: ParticipantData, num_training: int, lease: Lease
) -> StrategyCost:
    """The measured cost of one strategy; the pooled participant is tried with this site's data alone."""
    participant = next((name for name in strategy.participants(plan.sites) if name == site), None)
    participant = participant or strategy.participants(plan.sites)[0]
    state = strategy.initial_state(plan)
    parts = {name: state[name] for name in strategy.downloads(state.keys(), participant)}
    validated = {name: state[name] for name in strategy.validated_parts(participant, plan) if name in state}

    def train(steps: int) -> tuple[SiteUpdate, float]:
        """Trains without a report of progress; `lease.check` stops the work when nobody waits for it."""
        context = SiteContext(replace(plan, local_steps=steps), participant, 1, None, lambda _: lease.check())
        return _timed(lambda: train_and_transform(strategy, parts, data, context))

    train(1)  # the first step also loads kernels
    update, one = train(1)
    if refused := check_updates(strategy, state, {participant: update}, plan, 1).refused:
        raise ValueError(refused[participant])
    _, several = train(TIMED_STEPS)
    # On a busy machine the longer training may take less time; then all of it counts as steps.
    per_step = (several - one) / (TIMED_STEPS - 1) if several > one else several / TIMED_STEPS
    tried = training_cases(data)
    return StrategyCost(
        steps=_num_steps(tried, num_training, plan),
        seconds_per_step=per_step,
        seconds_beside=max(0.0, one - per_step) * max(1.0, num_training / len(tried)),
        validated_models=num_validated(strategy, participant, plan),
        tested_models=len(segmentation_parts(state.keys(), plan)),
        bytes_down=_num_bytes(parts | validated),  # each round scores the state that it begins with
        bytes_up=_num_bytes(update.parts),
        bytes_kept=_num_bytes(state),
    )


def num_validated(strategy: Strategy, participant: str, plan: Plan) -> int:
    """With one more for the cases that a selector sends to a model of another site, where not all are loaded."""
    loaded = strategy.validated_parts(participant, plan)
    sent_elsewhere = strategy.criterion == "super" and not {*map(personalized, plan.sites)} <= {*loaded}
    return len(loaded) + sent_elsewhere


def _num_steps(tried: tuple[Case, ...], num_training: int, plan: Plan) -> int:
    """The steps of a round with all training cases; those beyond the cases tried count as many slices or patches
    each."""
    if plan.local_steps is not None:
        return num_local_steps(tried, plan)
    items = len(training_items(tried, plan.sampling, plan.spatial_dims)) * num_training / len(tried)
    return plan.local_epochs * max(1, -(-round(items) // plan.batch_size))


def _prediction_seconds(data: ParticipantData, plan: Plan) -> tuple[float, float]:
    """Seconds to predict a case with its Dice, and to score it by every metric; 0 where no case of any split was
    tried."""
    case = next((case for site in data for case in (*site.test, *site.val, *site.train)), None)
    if case is None:
        return 0.0, 0.0
    network = initial_network(plan)
    list(predict_masks(network, [case], plan))  # the first prediction also loads kernels
    (mask,), predicting = _timed(lambda: list(predict_masks(network, [case], plan)))
    reference = case.reference_original
    _, comparing = _timed(lambda: case_dice(plan.structures, mask, reference))
    _, scoring = _timed(lambda: case_scores(plan.structures, reference, reference, case.spacing, plan.nsd_tolerance))
    return predicting + comparing, scoring


def _viewer_bytes(payload: DryRunSitePayload) -> tuple[int, int]:
    """Mean bytes over a few test cases: of image and reference together, and of one mask.

    They are 0 where images or masks may not leave the site.
    """
    tests = [(manifest, case) for manifest in payload.data for case in manifest.cases if case.split == "test"]
    images, masks = [], []
    for manifest, case in tests[:VIEWED_CASES]:
        read = read_case(Path(manifest.folder), case, payload.task, manifest.reading)
        mask = len(mask_nifti(read.structures, read.affine))
        image = len(image_nifti(read.image, read.spacing, read.affine)) + mask
        images.append(image if manifest.may_send_images else 0)
        masks.append(mask if manifest.may_send_predictions else 0)
    count = max(1, len(images))
    return sum(images) // count, sum(masks) // count


def _few(payload: DryRunSitePayload) -> tuple[DatasetManifest, ...]:
    """The manifests with one batch of training cases, and one case each for validation and test."""
    wanted: dict[Split, int] = {"train": _training_cases_wanted(payload), "val": 1, "test": 1}
    few = []
    for manifest in payload.data:
        cases = []
        for case in manifest.cases:
            if wanted[case.split] > 0:
                wanted[case.split] -= 1
                cases.append(case)
        few.append(manifest.model_copy(update={"cases": tuple(cases)}))
    return tuple(few)


def _training_cases_wanted(payload: DryRunSitePayload) -> int:
    """One batch of cases, or the minimum number that a closed-form selector needs."""
    selectors = [strategy.selector for strategy in payload.config.strategies if isinstance(strategy, FedSMConfig)]
    minimum = [selector.minimum_cases for selector in selectors if isinstance(selector, LdaSelector)]
    return max(payload.config.schedule.batch_size, *minimum, 1)


def _num_cases(data: tuple[DatasetManifest, ...]) -> dict[Split, int]:
    splits = [case.split for manifest in data for case in manifest.cases]
    return {split: splits.count(split) for split in get_args(Split)}


def _run_of(payload: DryRunSitePayload, strategy: StrategyConfig) -> RunSpec:
    held_out = () if payload.participant in payload.sites else (payload.participant,)
    return RunSpec(
        run_id=payload.dry_run_id,
        config=payload.config,
        strategy=_at_full_steps(strategy),
        seed=payload.config.seeds[0],
        task=payload.task,
        sites=payload.sites,
        held_out_sites=held_out,
    )


def _at_full_steps(strategy: StrategyConfig) -> StrategyConfig:
    """What one site's steps cost does not depend on their number, which at equal effort all sites together make."""
    return strategy.model_copy(update={"steps": "full"}) if isinstance(strategy, LocalOnlyConfig) else strategy


def _num_bytes(parts: State) -> int:
    return sum(len(to_bytes(tensors)) for tensors in parts.values())


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.monotonic()
    return work(), time.monotonic() - started
