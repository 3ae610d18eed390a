"""What a hospital allows, whatever the hub asks: a file in the site's folder, read anew for every task.

What the file does not open stays closed, but for personalized models: without them no FedSM runs, and a person approves
each run that makes them. The hub's policy of the site may close more, never open what is closed here.
A file that cannot be read closes everything, training included.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, get_args

import yaml
from pydantic import Field, ValidationError

from backend.contracts.artifacts import JPEG, NIFTI_GZ, PNG, SAFETENSORS
from backend.contracts.base import Contract
from backend.contracts.dry_runs import DryRunSitePayload
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.own_policy import Opened, OwnPolicy
from backend.contracts.strategy_configs import METHODS, StrategyName
from backend.contracts.tasks import (
    ClaimedTask,
    DatasetManifest,
    DescribeDatasetPayload,
    DescribeDatasetResult,
    EvaluateSiteResult,
    RunSpec,
    TaskPayload,
    TaskResult,
    TrainSitePayload,
)
from backend.contracts.values import MAX_ROUNDS, MAX_SITES, AtMost, Name
from fedsm.site_agent.hours import PATTERN as HOURS_PATTERN
from fedsm.site_agent.operations import Refused

FILE_NAME = "policy.yaml"


Hours = Annotated[str, Field(pattern=HOURS_PATTERN)]


class StandingApproval(Contract):
    """Runs that need no person's approval here. What is left out does not narrow: an empty rule approves every run."""

    strategies: Annotated[tuple[StrategyName, ...], AtMost(100)] | None = None
    federations: Annotated[tuple[Name, ...], AtMost(100)] | None = None
    maximum_rounds: Annotated[int, Field(ge=1, le=MAX_ROUNDS)] | None = None
    minimum_sites: Annotated[int, Field(ge=1, le=MAX_SITES)] | None = None
    until: date | None = Field(default=None, description="The last day on which it holds.")


class HospitalPolicy(Contract):
    """The hospital's own say. Updates of the models that may be trained leave always, and so do metrics and scores as
    means over cases: without them nothing is federated, and nobody knows what the models are worth."""

    allowed_strategies: Annotated[tuple[StrategyName, ...], AtMost(100)] | None = Field(
        default=None, description="The methods that may run on this site's data. Left out: all."
    )
    allowed_federations: Annotated[tuple[Name, ...], AtMost(100)] | None = Field(
        default=None,
        description="The federations, by their names when the site joined, that may work on this site's data. Left "
        "out: all.",
    )
    personalized_models: bool = Field(
        default=True,
        description="Models fitted to this site's own data, which leave as updates like the global one. Closed: the "
        "methods that make them, FedSM among them, are refused.",
    )
    minimum_training_cases: int = Field(
        default=1, ge=1, le=1_000_000, description="With fewer training cases this site does not train."
    )
    hours: Annotated[tuple[Hours, ...], AtMost(100)] | None = Field(
        default=None,
        description="When runs and dry runs work here, by this machine's clock; outside of these hours they wait, and "
        "what is under way is given back. Days and times, as mon-fri 19:00-06:00. Left out: at any time.",
    )
    maximum_runs: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None,
        description="Runs and dry runs with work under way here at the same time; others wait. Left out: any number.",
    )
    gpus: Annotated[tuple[Annotated[int, Field(ge=0, le=1023)], ...], AtMost(64)] | None = Field(
        default=None,
        description="The GPUs that the site's worker may use, as nvidia-smi numbers them; [] is none. It counts from "
        "the next start of the site. Left out: all.",
    )
    maximum_memory_gib: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(
        default=None, description="Main memory that one task may take; one that takes more ends. Left out: any."
    )
    maximum_disk_gib: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(
        default=None,
        description="What the worker's folder may hold; a task ends where it holds more, once its cache is empty. Left "
        "out: any.",
    )
    standing_approvals: Annotated[tuple[StandingApproval, ...], AtMost(100)] = Field(
        default=(),
        description="Runs that need no person's approval here, as rules of strategies, federations, maximum_rounds, "
        "minimum_sites, until. Left out: a person approves each run.",
    )
    may_send_names: bool = Field(
        default=False,
        description="Names of cases and the paths of their files. Closed: pseudonyms, which names.json resolves here.",
    )
    may_send_texts: bool = Field(
        default=False, description="Lines of logs and texts of errors, which may name files. Closed: their kind alone."
    )
    may_send_case_scores: bool = Field(
        default=False,
        description="Scores of single test cases, and what the selector said of each. Closed: means and counts.",
    )
    minimum_scored_cases: int = Field(
        default=5,
        ge=1,
        le=1_000_000,
        description="A mean in place of scores, and the difference of two means, is over at least this many cases.",
    )
    may_send_thumbnails: bool = Field(default=False, description="Small pictures of the cases.")
    may_send_images: bool = Field(
        default=False, description="Images and reference masks of test cases; only together with may_send_case_scores."
    )
    may_send_predictions: bool = Field(
        default=False, description="Predicted masks of test cases; only together with may_send_case_scores."
    )
    may_send_hashes: bool = Field(
        default=False, description="Hashes of decoded images. Closed: cases that two sites share are not found."
    )

    def opens(self, switch: str) -> bool:
        """Pictures of test cases stand next to their scores, and stay where those stay."""
        of_cases = switch in ("may_send_images", "may_send_predictions")
        return bool(getattr(self, switch)) and (self.may_send_case_scores or not of_cases)

    def makes_none_that_is_closed(self, name: StrategyName) -> bool:
        """Whether a method makes no personalized models, or the site lets them leave."""
        return self.personalized_models or "personalized" not in METHODS[name].models

    @property
    def methods(self) -> tuple[StrategyName, ...] | None:
        """Those that may run here; None: all."""
        if self.personalized_models:
            return self.allowed_strategies
        allowed = METHODS if self.allowed_strategies is None else self.allowed_strategies
        return tuple(name for name in allowed if self.makes_none_that_is_closed(name))

    def said_to(self, federation: str) -> OwnPolicy:
        """What people at the hub see of it: no other federation's name."""
        return OwnPolicy(
            methods=self.methods,
            allows_federation=self.allowed_federations is None or federation in self.allowed_federations,
            approves_by_rule=bool(self.standing_approvals),
            minimum_training_cases=self.minimum_training_cases,
            minimum_scored_cases=self.minimum_scored_cases,
            leaves=tuple(opened for opened in get_args(Opened) if self.opens(f"may_send_{opened}")),
        )


#: Of what is left out by default, an example.
_EXAMPLES = {
    "allowed_strategies": "[fedsm, fedavg]",
    "allowed_federations": "[Prostate MR]",
    "hours": "[mon-fri 19:00-06:00, sat-sun 00:00-24:00]",
    "maximum_runs": "1",
    "gpus": "[0]",
    "maximum_memory_gib": "16",
    "maximum_disk_gib": "50",
    "standing_approvals": "[{strategies: [fedsm, fedavg], maximum_rounds: 100}]",
}


def _line(name: str, default: Any) -> str:
    return f"# {name}: {_EXAMPLES[name]}" if name in _EXAMPLES else f"{name}: {str(default).lower()}"


#: What `fedsm site join` writes where there is no file: the defaults, to be read and changed.
TEMPLATE = "# What may run here and what may leave, whatever the hub asks. Read anew for every task.\n" + "".join(
    f"# {field.description}\n{_line(name, field.default)}\n" for name, field in HospitalPolicy.model_fields.items()
)


def read_policy(path: Path) -> HospitalPolicy:
    """The closed one where there is no file. Raises Refused where the file cannot be understood."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return HospitalPolicy()
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Refused(
            f"{FILE_NAME} of the site cannot be read ({type(error).__name__}): nothing runs until it is mended"
        ) from None
    try:
        return HospitalPolicy.model_validate({} if content is None else content)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, problem["loc"])) or "the file" for problem in error.errors()[:5])
        raise Refused(f"{FILE_NAME} of the site is wrong at {places}: nothing runs until it is mended") from None


def require_allowed(policy: HospitalPolicy, federation: str, payload: TaskPayload) -> None:
    """Raises Refused with the policy's line."""
    if (problem := _problem_of_federation(policy, federation)) is not None:
        raise Refused(problem)
    for name in _strategies_of(payload):
        if (problem := _problem_of_strategy(policy, name)) is not None:
            raise Refused(problem)
    if isinstance(payload, TrainSitePayload) and (problem := _problem_of_data(policy, payload.data)) is not None:
        raise Refused(problem)


def problem_of_run(
    policy: HospitalPolicy, federation: str, run: RunSpec, data: tuple[DatasetManifest, ...]
) -> str | None:
    """The policy's line by which a run cannot be approved at all; None where there is none."""
    trains = data and data[0].site in run.sites
    of_data = _problem_of_data(policy, data) if trains else None
    of_methods = (_problem_of_strategy(policy, method.name) for method in run.methods)
    return _problem_of_federation(policy, federation) or next(filter(None, of_methods), None) or of_data


def _problem_of_federation(policy: HospitalPolicy, federation: str) -> str | None:
    allowed = policy.allowed_federations
    if allowed is None or federation in allowed:
        return None
    names = ", ".join(allowed) or "none"
    return f"{FILE_NAME} of the site, allowed_federations: {names}; {federation} may not work here"


def _problem_of_strategy(policy: HospitalPolicy, name: StrategyName) -> str | None:
    allowed = policy.allowed_strategies
    if allowed is not None and name not in allowed:
        return f"{FILE_NAME} of the site, allowed_strategies: {', '.join(allowed)}; {name} may not run here"
    if not policy.makes_none_that_is_closed(name):
        return f"{FILE_NAME} of the site, personalized_models: false; {name} makes them and may not run here"
    return None


def _problem_of_data(policy: HospitalPolicy, data: tuple[DatasetManifest, ...]) -> str | None:
    cases = sum(case.split == "train" for manifest in data for case in manifest.cases)
    if cases >= policy.minimum_training_cases:
        return None
    return f"{FILE_NAME} of the site, minimum_training_cases: {policy.minimum_training_cases}; the data hold fewer"


#: FedSM's settings of how many cases the sums over validation scores are of at least.
MINIMUM_CASES = ("threshold_minimum_cases", "quality_minimum_cases")


def narrowed(policy: HospitalPolicy, claimed: ClaimedTask) -> ClaimedTask:
    """The task as the site's workers get it: the hub's permissions less those that the hospital does not give."""
    payload = claimed.payload
    if isinstance(payload, DescribeDatasetPayload):
        changes: dict[str, Any] = _both(policy, payload, "may_send_thumbnails", "may_send_hashes")
    elif (manifests := getattr(payload, "data", None)) is not None:
        changes = {
            "data": tuple(
                manifest.model_copy(update=_both(policy, manifest, "may_send_images", "may_send_predictions"))
                for manifest in manifests
            )
        }
        if isinstance(payload, TrainSitePayload) and not policy.may_send_case_scores:
            changes["run"] = _with_enough_cases(payload.run, policy.minimum_scored_cases)
    else:
        return claimed
    return claimed.model_copy(update={"payload": payload.model_copy(update=changes)})


def _with_enough_cases(run: RunSpec, minimum: int) -> RunSpec:
    """The run with sums of validation scores over no fewer cases than that; it trains the same."""
    if not isinstance(strategy := run.strategy, FedSMConfig):
        return run
    numbers = {name: max(getattr(strategy, name), minimum) for name in MINIMUM_CASES}
    return run.model_copy(update={"strategy": strategy.model_copy(update=numbers)})


def require_within(policy: HospitalPolicy, result: TaskResult) -> None:
    """Raises Refused where a result holds what may not leave, although its task was narrowed."""
    for switch, there in _shown_by(result):
        if there and not policy.opens(switch):
            raise Refused(f"{FILE_NAME} of the site closes {switch}; the result holds some")


def require_file(policy: HospitalPolicy, media_type: str) -> None:
    """Raises Refused for a file of a kind of which none may leave. Models are safetensors."""
    open_to = {
        SAFETENSORS: True,
        JPEG: policy.may_send_thumbnails,
        PNG: policy.opens("may_send_images") or policy.opens("may_send_predictions"),
        NIFTI_GZ: policy.opens("may_send_images") or policy.opens("may_send_predictions"),
    }
    if not open_to.get(media_type, False):
        raise Refused(f"{FILE_NAME} of the site lets no file of the kind {media_type} leave")


def _both(policy: HospitalPolicy, given: Contract, *switches: str) -> dict[str, bool]:
    """What hub and hospital allow."""
    return {name: getattr(given, name) and policy.opens(name) for name in switches}


def _strategies_of(payload: TaskPayload) -> tuple[StrategyName, ...]:
    if isinstance(payload, DryRunSitePayload):
        return tuple(strategy.name for strategy in payload.config.strategies)
    run = getattr(payload, "run", None)
    return () if run is None else tuple(method.name for method in run.methods)


def _shown_by(result: TaskResult) -> Iterator[tuple[str, bool]]:
    if isinstance(result, DescribeDatasetResult):
        yield "may_send_thumbnails", any(case.thumbnail is not None for case in result.cases)
        yield "may_send_hashes", any(case.pixel_sha256 or case.perceptual_hash for case in result.cases)
    if isinstance(result, EvaluateSiteResult):
        yield "may_send_images", any(files.image or files.reference for files in result.files)
        predicted = any(files.predictions for files in result.files)
        yield "may_send_predictions", predicted or any(past.mask is not None for past in result.history)
