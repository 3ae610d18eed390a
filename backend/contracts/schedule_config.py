"""How long, and how, the sites train."""

from typing import Literal, Self

from pydantic import Field, model_validator

from backend.contracts.base import OWN, REFERENCE, Contract, applies_when, choices, default_from, unit
from backend.contracts.refusals import refused
from backend.contracts.update_format import UpdateFormat
from backend.contracts.values import MAX_ROUNDS


class ScheduleConfig(Contract):
    """How long, and how, the sites train."""

    rounds: int = Field(
        default=100,
        ge=1,
        le=MAX_ROUNDS,
        description="Communication rounds.",
        json_schema_extra=default_from(REFERENCE),
    )
    patience: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Rounds without gain in validation Dice after which training stops early. Empty: all "
        "rounds are trained (docs/runs.md#early-stopping).",
        json_schema_extra=unit("rounds") | default_from(OWN),
    )
    minimum_gain: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="What counts as a gain for patience: validation Dice better than at the last gain by "
        "more than this.",
        json_schema_extra=default_from(OWN),
    )
    local_epochs: int = Field(
        default=1,
        ge=1,
        le=50,
        description="Passes over a site's training cases in each round.",
        json_schema_extra=default_from(REFERENCE),
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
    batch_size: int = Field(
        default=1,
        ge=1,
        le=128,
        description="Training images of one local step.",
        json_schema_extra=default_from(REFERENCE),
    )
    optimizer: Literal["adam", "adamw", "sgd"] = Field(
        default="adam", description="At the sites.", json_schema_extra=default_from(REFERENCE)
    )
    learning_rate: float = Field(
        default=1e-3,
        gt=0,
        le=1,
        description="The optimizer's learning rate at the sites.",
        json_schema_extra=default_from(REFERENCE),
    )
    momentum: float = Field(
        default=0.9,
        ge=0,
        lt=1,
        description="0 is plain SGD.",
        json_schema_extra=applies_when("optimizer", "sgd") | default_from(OWN),
    )
    weight_decay: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="L2 penalty of adam and sgd, decoupled decay of adamw.",
        json_schema_extra=default_from(REFERENCE),
    )
    learning_rate_schedule: Literal["constant", "cosine", "polynomial", "step"] = Field(
        default="constant",
        description="How the learning rate falls over the rounds. Near 0 it leaves FedSM's personalized "
        "models equal (docs/theory.md, claim 11).",
        json_schema_extra=default_from(REFERENCE),
    )
    warmup_rounds: int = Field(
        default=0, ge=0, le=100, description="First rounds over which the learning rate rises to its value."
    )
    step_rounds: int = Field(
        default=30,
        ge=1,
        le=1000,
        description="Rounds between two falls.",
        json_schema_extra=applies_when("learning_rate_schedule", "step") | default_from(OWN),
    )
    step_factor: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="What is left at each fall.",
        json_schema_extra=applies_when("learning_rate_schedule", "step") | default_from(OWN),
    )
    power: float = Field(
        default=0.9,
        gt=0,
        le=5,
        description="Exponent of what is left of the rounds.",
        json_schema_extra=applies_when("learning_rate_schedule", "polynomial") | default_from("nnU-Net's"),
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
        json_schema_extra=choices(
            {
                "keep": "the optimizer's moments stay at the site from round to round",
                "reset": "fresh moments in each round",
            }
        )
        | default_from(REFERENCE),
    )
    loss: Literal["dice", "dice_bce", "dice_focal", "tversky"] = Field(
        default="dice",
        json_schema_extra=choices(
            {
                "dice": "soft Dice",
                "dice_bce": "Dice plus binary cross-entropy of each structure (DiceCE for structures that may overlap)",
                "dice_focal": "Dice plus focal loss",
                "tversky": "Dice with weights of false positives and false negatives",
            }
        )
        | default_from(REFERENCE),
    )
    focal_gamma: float = Field(
        default=2.0,
        ge=0,
        le=10,
        description="Focus on hard pixels; 0 is cross-entropy.",
        json_schema_extra=applies_when("loss", "dice_focal") | default_from("Lin et al., ICCV 2017"),
    )
    tversky_alpha: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Weight of false positives.",
        json_schema_extra=applies_when("loss", "tversky") | default_from("Salehi et al., MLMI 2017"),
    )
    tversky_beta: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="Weight of false negatives.",
        json_schema_extra=applies_when("loss", "tversky") | default_from("Salehi et al., MLMI 2017"),
    )
    weighting: Literal["cases", "steps", "uniform"] = Field(
        default="steps",
        description="A site's weight in the average: its training cases, its local steps, or the same for every site.",
        json_schema_extra=default_from(REFERENCE),
    )

    update_format: UpdateFormat = Field(
        default="float32",
        exclude_if=lambda form: form == "float32",  # agents of the protocol before know no such field
        description="How the models that a site trained travel to the server. In fewer bits a site keeps what rounding "
        "loses and sends it with its next update (docs/runs.md#smaller-updates).",
        json_schema_extra=choices(
            {
                "float32": "the weights as they are",
                "bfloat16": "the differences to what the site received, half the bytes",
                "int8": "the differences in 8 bits, a quarter of the bytes",
            }
        )
        | default_from(OWN),
    )
    averaging: Literal["none", "mean", "ema"] = Field(
        default="none",
        description="Averages of the models of late rounds, of any method, as one more round in which nobody trains. "
        "It is the best round where validation finds it better than every round that was trained.",
        json_schema_extra=choices(
            {
                "none": "no round more",
                "mean": "the mean of the models over the last rounds",
                "ema": "the exponential moving average of the models over all rounds",
            }
        )
        | default_from(OWN),
    )
    averaged_rounds: int = Field(
        default=10,
        ge=2,
        le=MAX_ROUNDS,
        description="How many of the last rounds the mean is taken of.",
        json_schema_extra=applies_when("averaging", "mean") | unit("rounds") | default_from(OWN),
    )
    average_decay: float = Field(
        default=0.9,
        ge=0,
        lt=1,
        description="Share of itself that the moving average keeps in each round: 0.9 looks back about ten rounds.",
        json_schema_extra=applies_when("averaging", "ema") | default_from(OWN),
    )

    @property
    def last_round(self) -> int:
        """The number of a run's last state: that of the round which averages late rounds, where one does."""
        return self.rounds if self.averaging == "none" else self.rounds + 1

    def is_averaging(self, round_: int) -> bool:
        """Whether nobody trains in the round, because it averages those before it."""
        return self.rounds < round_ == self.last_round

    @model_validator(mode="after")
    def _averages_know_the_last_round(self) -> Self:
        if self.averaging != "none" and self.patience is not None:
            raise refused(
                f"schedule.averaging {self.averaging} takes place after the last round, and with schedule.patience "
                f"{self.patience} nobody knows before which one that is",
                "leave patience empty, or set averaging to none",
                field="averaging",
                value=self.averaging,
            )
        if self.last_round > MAX_ROUNDS:
            raise refused(
                f"schedule.averaging {self.averaging} takes one round more than schedule.rounds {self.rounds}",
                f"choose at most {MAX_ROUNDS - 1} rounds, or set averaging to none",
                field="rounds",
                value=self.rounds,
            )
        if self.averaging == "mean" and self.averaged_rounds > self.rounds:
            raise refused(
                f"schedule.averaged_rounds {self.averaged_rounds} is more than schedule.rounds {self.rounds}",
                f"choose at most {self.rounds}",
                field="averaged_rounds",
                value=self.averaged_rounds,
            )
        return self

    @model_validator(mode="after")
    def _one_measure_of_local_work(self) -> Self:
        if self.local_steps is not None and self.local_epochs != 1:
            raise refused(
                f"schedule.local_steps {self.local_steps} and schedule.local_epochs {self.local_epochs} "
                "both say how much a site trains in a round",
                "leave local_epochs at 1, or remove local_steps",
                field="local_steps",
                value=self.local_steps,
            )
        return self

    @model_validator(mode="after")
    def _warmup_ends(self) -> Self:
        if self.warmup_rounds >= self.rounds:
            raise refused(
                f"schedule.warmup_rounds {self.warmup_rounds} leaves no round of schedule.rounds "
                f"{self.rounds} at the full learning rate",
                f"choose at most {self.rounds - 1}",
                field="warmup_rounds",
                value=self.warmup_rounds,
            )
        return self
