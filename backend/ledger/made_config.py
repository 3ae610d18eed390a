"""The configuration of an experiment that is made from a finished model's."""

from pydantic import ValidationError

from backend.contracts.config_problems import ConfigProblem
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.refusals import one_by_one
from backend.errors import InvalidInput
from backend.problems import describe_problem


def require_valid(config: ExperimentConfig) -> ExperimentConfig:
    """The same, checked as one that somebody sends. Raises InvalidInput where its settings do not go together."""
    try:
        return ExperimentConfig.model_validate(config.model_dump(by_alias=True))
    except ValidationError as error:
        entries = one_by_one([entry | {"loc": ("body", *entry["loc"])} for entry in error.errors()])
        described = [describe_problem(entry, config.model_dump(by_alias=True)) for entry in entries]
        raise InvalidInput.of_problems([ConfigProblem.model_validate(problem) for problem in described]) from None
