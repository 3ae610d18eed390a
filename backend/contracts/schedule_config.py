"""How long, and how, the sites train."""

from typing import Literal, Self

from pydantic import Field, model_validator

from backend.contracts.base import REFERENCE, Contract, applies_when, unit
from backend.contracts.values import MOST_ROUNDS


class ScheduleConfig(Contract):
    """How long, and how, the sites train."""

    rounds: int = Field(default=100, ge=1, le=MOST_ROUNDS, description=f"Communication rounds. {REFERENCE}")
    patience: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Rounds without gain in validation Dice after which training stops early. Empty: all rounds are "
        "trained. Ours.",
        json_schema_extra=unit("rounds"),
    )
    minimum_gain: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="What counts as a gain for patience: validation Dice better than at the last gain by more than "
        "this. Ours.",
    )
    local_epochs: int = Field(
        default=1, ge=1, le=50, description=f"Passes over a site's training cases in each round. {REFERENCE}"
    )
    local_steps: int | None = Field(
        default=None,
        ge=1,
        le=10000,
        description="Optimizer steps in each round in place of local epochs, the same for small and large sites. "
        "Empty: local epochs count.",
    )
    participation: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Share of the sites that train in a round, drawn anew for each; all validate. 1 in cross-silo use.",
    )
    batch_size: int = Field(default=1, ge=1, le=128, description=f"Training images of one local step. {REFERENCE}")
    optimizer: Literal["adam", "adamw", "sgd"] = Field(default="adam", description=f"At the sites. {REFERENCE}")
    learning_rate: float = Field(
        default=1e-3, gt=0, le=1, description=f"The optimizer's learning rate at the sites. {REFERENCE}"
    )
    momentum: float = Field(
        default=0.9, ge=0, lt=1, description="0 is plain SGD. Ours.", json_schema_extra=applies_when("optimizer", "sgd")
    )
    weight_decay: float = Field(
        default=0.0, ge=0, le=1, description=f"L2 penalty of adam and sgd, decoupled decay of adamw. {REFERENCE}"
    )
    learning_rate_schedule: Literal["constant", "cosine", "polynomial", "step"] = Field(
        default="constant",
        description="How the learning rate falls over the rounds. Near 0 it leaves FedSM's personalized models equal "
        f"(docs/theory.md, claim 11). {REFERENCE}",
    )
    warmup_rounds: int = Field(
        default=0, ge=0, le=100, description="First rounds over which the learning rate rises to its value."
    )
    step_rounds: int = Field(
        default=30,
        ge=1,
        le=1000,
        description="Rounds between two falls. Ours.",
        json_schema_extra=applies_when("learning_rate_schedule", "step"),
    )
    step_factor: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="What is left at each fall. Ours.",
        json_schema_extra=applies_when("learning_rate_schedule", "step"),
    )
    power: float = Field(
        default=0.9,
        gt=0,
        le=5,
        description="Exponent of what is left of the rounds. Source: nnU-Net's.",
        json_schema_extra=applies_when("learning_rate_schedule", "polynomial"),
    )
    gradient_clipping: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="Largest 2-norm of a step's gradient. Empty: gradients are not clipped.",
    )
    mixed_precision: bool = Field(
        default=False, description="bfloat16 in the forward passes of training: faster, on GPUs only."
    )
    optimizer_state: Literal["keep", "reset"] = Field(
        default="keep",
        description="keep: the optimizer's moments stay at the site from round to round; reset: fresh moments in each "
        f"round. {REFERENCE}",
    )
    loss: Literal["dice", "dice_bce", "dice_focal", "tversky"] = Field(
        default="dice",
        description="dice: soft Dice; dice_bce: plus binary cross-entropy of each structure (DiceCE for structures "
        f"that may overlap); dice_focal: plus focal loss; tversky. {REFERENCE}",
    )
    focal_gamma: float = Field(
        default=2.0,
        ge=0,
        le=10,
        description="Focus on hard pixels; 0 is cross-entropy. Source: Lin et al., ICCV 2017.",
        json_schema_extra=applies_when("loss", "dice_focal"),
    )
    tversky_alpha: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Weight of false positives. Source: Salehi et al., MLMI 2017.",
        json_schema_extra=applies_when("loss", "tversky"),
    )
    tversky_beta: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="Weight of false negatives. Source: Salehi et al., MLMI 2017.",
        json_schema_extra=applies_when("loss", "tversky"),
    )
    weighting: Literal["cases", "steps", "uniform"] = Field(
        default="steps",
        description="A site's weight in the average: its training cases, its local steps, or the same for every site. "
        f"{REFERENCE}",
    )

    @model_validator(mode="after")
    def _one_measure_of_local_work(self) -> Self:
        if self.local_steps is not None and self.local_epochs != 1:
            raise ValueError(
                f"schedule.local_steps {self.local_steps} and schedule.local_epochs {self.local_epochs} both say how "
                "much a site trains in a round: leave local_epochs at 1, or remove local_steps"
            )
        return self

    @model_validator(mode="after")
    def _warmup_ends(self) -> Self:
        if self.warmup_rounds >= self.rounds:
            raise ValueError(
                f"schedule.warmup_rounds {self.warmup_rounds} leaves no round of schedule.rounds {self.rounds} at the "
                f"full learning rate: choose at most {self.rounds - 1}"
            )
        return self
