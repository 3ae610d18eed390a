"""What a configuration can do on a federation's sites and is still likely to be regretted; nothing of it is refused."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from backend.contracts.config_problems import ConfigProblem, in_short
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.hardware_problems import gpu_warnings
from backend.contracts.local_work import counted_work, mean_work
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import CentralizedConfig, LocalOnlyConfig
from backend.contracts.task_definition import SegmentationTask
from backend.evaluations.effort.remarks import MAX_RATIO
from backend.experiments.schemas import ConfigWarning
from backend.sites.schemas import SiteRecord

#: Fewer cases than this and one case moves a site's mean by more than methods differ.
FEW_TEST_CASES = 5
FEW_TRAINING_CASES = 10
#: Overlap alone has no slope where the reference is empty: 1 - 0 / (0 + false positives), whatever these are.
OVERLAP_LOSSES = ("dice", "tversky")


def warnings_on(
    config: ExperimentConfig,
    sites: Sequence[SiteRecord],
    task: SegmentationTask,
    num_slices: Mapping[str, int | None] = {},
) -> list[ConfigWarning]:
    """In the order of the set-up: sites first, then images, methods, network, schedule.

    num_slices: of a site's training cases where images are volumes, by its slug; None or absent where unknown.
    """
    used = [site for site in sites if any(site.num_cases.values())]
    training = [site for site in used if site.slug not in config.held_out_sites]
    problems = [
        *_site_warnings(config, sites, used),
        *_case_warnings(used, training),
        *_routing_warnings(config, training),
        *_setting_warnings(config, task),
    ]
    return [
        *as_warnings(problems),
        *_effort_warnings(config, training, task, num_slices),
        *as_warnings(gpu_warnings(config, [(site.name, site.gpus) for site in training])),
    ]


def as_warnings(problems: Iterable[ConfigProblem]) -> list[ConfigWarning]:
    return [ConfigWarning(**problem.model_dump()) for problem in problems]


def _site_warnings(
    config: ExperimentConfig, sites: Sequence[SiteRecord], used: Sequence[SiteRecord]
) -> Iterator[ConfigProblem]:
    if used and (empty := [site for site in sites if site not in used]):
        yield ConfigProblem(
            field="federation",
            value=_names(empty),
            message="no checked data set there, so no part in the experiment",
            remedy="register data there, or go on without",
        )
    if offline := [site for site in used if site.state == "offline"]:
        yield _offline_warning(config, used, offline)


def _offline_warning(
    config: ExperimentConfig, used: Sequence[SiteRecord], offline: Sequence[SiteRecord]
) -> ConfigProblem:
    training = [site for site in used if site.slug not in config.held_out_sites]
    quorum = min(config.minimum_sites, len(training))
    if sum(site not in offline for site in training) < quorum:
        message = f"offline, and a round waits until it has its quorum of {quorum}"
        remedy = "start the worker there, or lower minimum_sites so that rounds go on without"
    else:
        minutes = f"{config.waiting.absent_minutes:g}"
        message = f"offline: the run goes on without, {minutes} minutes after a quorum of {quorum} is reached"
        remedy = "start the worker there, or raise minimum_sites if its data must count"
    return ConfigProblem(field="federation", value=_names(offline), message=message, remedy=remedy)


def _case_warnings(used: Sequence[SiteRecord], training: Sequence[SiteRecord]) -> Iterator[ConfigProblem]:
    if small := [site for site in training if site.num_cases.get("train", 0) < FEW_TRAINING_CASES]:
        yield ConfigProblem(
            field="federation",
            value=_names(small),
            message=f"fewer than {FEW_TRAINING_CASES} training cases there, which a site's own model learns by heart",
            remedy="register more cases there, or hold the site out",
        )
    if unvalidated := [site for site in training if not site.num_cases.get("val", 0)]:
        yield ConfigProblem(
            field="federation",
            value=_names(unvalidated),
            message="no validation case there, so the best round is chosen without",
            remedy="give validation a share when registering data there",
        )
    if untested := [site for site in used if site.num_cases.get("test", 0) < FEW_TEST_CASES]:
        yield ConfigProblem(
            field="federation",
            value=_names(untested),
            message=f"fewer than {FEW_TEST_CASES} test cases there: a mean over so few says little of the site",
            remedy="register more cases there, or give the test a larger share",
        )


def _setting_warnings(config: ExperimentConfig, task: SegmentationTask) -> Iterator[ConfigProblem]:
    if config.network.spatial_dims == 2 and task.dimensions == 3:
        yield ConfigProblem(
            field="network.spatial_dims",
            value="2",
            message="a 2D network sees volumes slice by slice and nothing of the slices next to them",
            remedy="choose 3 where memory allows it, or go on: it trains much faster",
        )
    falls = config.schedule.learning_rate_schedule in ("cosine", "polynomial")
    if falls and any(strategy.name == "fedsm" for strategy in config.strategies):
        yield ConfigProblem(
            field="schedule.learning_rate_schedule",
            value=config.schedule.learning_rate_schedule,
            message="falls to almost 0, where SoftPull makes FedSM's personalized models equal",
            remedy="keep the learning rate constant, or raise FedSM's lambda",
        )


def _routing_warnings(config: ExperimentConfig, training: Sequence[SiteRecord]) -> Iterator[ConfigProblem]:
    """Of a rule that is learned from validation, at a site with too few cases for that."""
    for index, method in enumerate(config.strategies):
        if not isinstance(method, FedSMConfig):
            continue
        if method.routing == "quality":
            field, minimum, what = "quality_minimum_cases", method.quality_minimum_cases, "expected quality"
        elif method.routing == "hard" and method.threshold == "validation":
            field, minimum, what = "threshold_minimum_cases", method.threshold_minimum_cases, "the threshold"
        else:
            continue
        if small := [site for site in training if site.num_cases.get("val", 0) < minimum]:
            yield ConfigProblem(
                field=f"strategies.{index}.{field}",
                value=str(minimum),
                message=f"fewer validation cases at {_names(small)}, so {what} is learned without the images there",
                remedy="give validation a larger share there, or route by the threshold gamma as in the paper",
            )


def _effort_warnings(
    config: ExperimentConfig,
    training: Sequence[SiteRecord],
    task: SegmentationTask,
    num_slices: Mapping[str, int | None],
) -> Iterator[ConfigWarning]:
    """Said before a run, as docs/gap.md says it after: the results then show it as unequal effort."""
    centralized = [each.steps for each in config.strategies if isinstance(each, CentralizedConfig)]
    federated = any(not isinstance(each, CentralizedConfig | LocalOnlyConfig) for each in config.strategies)
    ratio = _pooled_steps_ratio(config, training, task, num_slices)
    if centralized == ["full"] and federated and ratio is not None and ratio > MAX_RATIO:
        yield ConfigWarning(
            field="strategies",
            value="centralized",
            message=f"takes {ratio:.1f} times the gradient steps that a site takes in a round on average, so a part of "
            "its lead will be effort and not pooled data",
            remedy="add centralized with steps equal; or give sites more local epochs and rounds, and average late "
            "rounds (schedule.averaging)",
            adds=CentralizedConfig(steps="equal"),
        )


def _pooled_steps_ratio(
    config: ExperimentConfig,
    training: Sequence[SiteRecord],
    task: SegmentationTask,
    num_slices: Mapping[str, int | None],
) -> float | None:
    """Steps a round of a model on all cases, over those of a site's model on average; None where nobody can say it."""
    cases = [number for site in training if (number := site.num_cases.get("train", 0))]
    slices = [num_slices.get(site.slug) for site in training if site.num_cases.get("train", 0)]
    known = [number for number in slices if number is not None]
    if not cases:
        return None
    is_volume = task.dimensions == 3
    works = [counted_work(config, *each, is_volume) for each in zip(cases, slices, strict=True)]
    all_slices = sum(known) if len(known) == len(slices) else None
    pooled, own = counted_work(config, sum(cases), all_slices, is_volume), mean_work(works)
    if any(work.least_steps != work.most_steps for work in (pooled, *works)):
        return None
    return pooled.least_steps / own.least_steps


def warnings_of_empty_cases(config: ExperimentConfig, num_empty: Mapping[str, int]) -> Iterator[ConfigProblem]:
    """num_empty: training cases with nothing there, by the names of the sites that train."""
    if config.schedule.loss in OVERLAP_LOSSES and (sites := [name for name, number in num_empty.items() if number]):
        yield ConfigProblem(
            field="schedule.loss",
            value=config.schedule.loss,
            message=f"learns nothing from the {sum(num_empty.values())} training cases in which nothing is there, at "
            f"{in_short(sites)}",
            remedy="choose dice_bce or dice_focal, whose second part counts every false positive",
        )


def _names(sites: Sequence[SiteRecord]) -> str:
    return in_short([site.name for site in sites])
