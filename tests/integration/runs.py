"""Waiting for runs, and reading what they left."""

from backend.contracts.status import TERMINAL_RUN_STATUSES
from backend.experiments.schemas import ExperimentRecord
from backend.runs.schemas import RunRecord
from tests.conftest import wait_until
from tests.integration.in_process import Hashes
from tests.integration.live_platform import LivePlatform


def await_experiment(platform: LivePlatform, experiment: ExperimentRecord, seconds: float = 600) -> ExperimentRecord:
    """Until every run is over, well or badly."""

    def is_over() -> bool:
        return all(run.status in TERMINAL_RUN_STATUSES for run in platform.client.experiment(experiment.id).runs)

    wait_until(is_over, seconds, f"experiment {experiment.name}")
    return platform.client.experiment(experiment.id)


def await_training(platform: LivePlatform, run: RunRecord, round_number: int) -> None:
    """Until a site trains in the round: the moment to kill something."""

    def is_training() -> bool:
        tasks = platform.client.run_tasks(run.id)
        return any(t.kind == "train_site" and t.round == round_number and t.status == "running" for t in tasks)

    wait_until(is_training, 60, f"round {round_number}")


def hashes_of(platform: LivePlatform, run: RunRecord) -> Hashes:
    rounds = platform.client.run_rounds(run.id)
    return {state.round: {part.name: part.sha256 for part in state.parts} for state in rounds}
