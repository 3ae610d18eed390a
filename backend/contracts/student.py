"""One network that learns from a finished super model's soft answers, so that everybody can run one file."""

from pydantic import Field

from backend.contracts.base import OWN, Contract, default_from, with_example
from backend.contracts.registry import ModelName, ModelReference
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.thresholds import THRESHOLD_CHOICE, ThresholdChoice
from backend.contracts.values import Id, RoundNumber, ShortSaid

#: Before the name of each part of the teacher in a student's state; `worker.engine` has the same.
TEACHER_PART = "teacher_"


class Distillation(Contract):
    """How a student learns."""

    temperature: float = Field(
        default=2.0,
        ge=1,
        le=20,
        description="T: logits of teacher and student are divided by it; 1 leaves the answers as they are, more makes "
        "them softer.",
        json_schema_extra=default_from(OWN),
    )
    reference_weight: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of the loss that the reference masks have; the soft answers have the rest. 0: no mask is "
        "looked at. 1: no teacher.",
        json_schema_extra=default_from(OWN),
    )


class Taught(Distillation):
    """What a run learns from."""

    run_id: Id
    round: RoundNumber = Field(description="Of that run: its best.")
    title: ShortSaid = Field(description="The experiment, method and seed of that run.")
    version: ModelReference | None = Field(default=None, description="`name:number`, where it was one that taught.")
    strategy: StrategyConfig = Field(description="The teacher's method, as it predicts.")

    def in_words(self) -> str:
        """`fundus:3` or `Retina: FedSM, seed 0, round 20`"""
        return self.version or f"{self.title}, round {self.round}"


class StudentCreate(Distillation):
    model_config = with_example(rounds=20, learning_rate=0.001, temperature=2.0, reference_weight=0.5)

    rounds: int = Field(
        default=20, ge=1, le=1000, description="Federated rounds. Each is validated, the best is taken."
    )
    learning_rate: float | None = Field(
        default=None, gt=0, le=1, description="Constant; left out: that of the super model's training, constant."
    )
    threshold: ThresholdChoice = Field(default="run", description=THRESHOLD_CHOICE)
    version: ModelReference | None = Field(
        default=None, description="`name:number` of the run's registered version that teaches, for the record."
    )
    name: ModelName | None = Field(
        default=None, description="Of the registered model that gets the result as its next version; left out: none."
    )
