"""Early stopping of rounds run in one process, by the platform's rule."""

from collections.abc import Mapping

from backend.contracts.early_stopping import stops
from backend.contracts.schedule_config import ScheduleConfig
from worker.engine.federation import Ends
from worker.engine.metrics import Metric, ModelKind
from worker.in_process.best_round import validation_scores


def early_stopping(schedule: ScheduleConfig, criterion: ModelKind) -> Ends:
    """The `ends` of `run_rounds` for a run of this schedule. criterion: the model that the strategy is for."""

    def ends(validated: Mapping[int, Mapping[str, tuple[Metric, ...]]]) -> bool:
        scores = {round_: validation_scores(metrics, criterion) for round_, metrics in validated.items()}
        return stops(scores, schedule.patience, schedule.minimum_gain) is not None

    return ends
