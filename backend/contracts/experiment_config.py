"""The configuration of an experiment: every hyper-parameter, its bounds, default and source.

Defaults and help text exist in these contracts only. The web form, the command line and the documentation read them
from their JSON schema; the engine has no defaults of its own.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from backend.contracts.base import OWN, Contract, choices, default_from, unit
from backend.contracts.data_config import DataConfig
from backend.contracts.network_configs import AnyNetworkConfig, NetworkConfig, SwinUNETRConfig
from backend.contracts.refusals import all_refused, refused
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.start_model import StartFrom
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.strategy_settings import setting_problems
from backend.contracts.values import Slug
from backend.contracts.waiting_config import WaitingConfig

#: Methods with their settings, of one experiment.
MAX_METHODS = 32


class EvaluationConfig(Contract):
    """How predictions are scored."""

    nsd_tolerance: float = Field(
        default=2.0,
        gt=0,
        le=100,
        description="Normalized surface Dice: distance up to which two surfaces agree, in mm, for "
        "photographs in pixels (docs/results.md#scores-of-a-case).",
        json_schema_extra=unit("mm (px)") | default_from(f"{OWN}; choose what experts disagree by"),
    )
    history_rounds: int = Field(
        default=5,
        ge=0,
        le=50,
        description="Rounds whose masks are kept of a few test cases, to look at how predictions grew: the first, the "
        "best, the last, and others evenly between. Predicted after training, which they do not change. 0: none.",
    )
    history_cases: int = Field(
        default=3, ge=1, le=100, description="Test cases of each site whose masks are kept over the rounds."
    )


class ExperimentConfig(Contract):
    """One question on one federation: data, network, schedule and the methods to compare."""

    data: DataConfig = DataConfig()
    network: AnyNetworkConfig = NetworkConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    strategies: tuple[StrategyConfig, ...] = Field(
        min_length=1, max_length=MAX_METHODS, description="The methods to compare; each becomes one run for each seed."
    )
    seeds: tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...] = Field(
        default=(0,), min_length=1, max_length=20, description="One run of every strategy for each seed."
    )
    held_out_sites: tuple[Slug, ...] = Field(
        default=(),
        max_length=1000,
        description="Slugs of sites that do not train: every model is tested on their test cases, as on those of a "
        "hospital that the federation has never seen.",
        examples=[["site-d"]],
    )
    start_from: StartFrom | None = Field(
        default=None,
        description="A model that training begins with, of a completed run or imported. Empty: random weights, drawn "
        "from the seed.",
    )
    minimum_sites: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="Quorum: with fewer sites' updates a round fails; with at least this many it goes on without those "
        "that failed, are offline or come too late (docs/runs.md#waiting).",
    )
    waiting: WaitingConfig = WaitingConfig()
    refuse_outliers: bool = Field(
        default=False,
        description="Refuse an update that is out of the others' line: of three or more, one that changes "
        "the weights more than ten times as much as the median of the others. Off: a warning "
        "only (docs/runs.md#refused-updates).",
        json_schema_extra=default_from(OWN),
    )

    retention: Literal["needed", "all"] = Field(
        default="needed",
        description="Which rounds' models stay on the disk (docs/runs.md#retention).",
        json_schema_extra=choices(
            {
                "needed": "the best, the last, those whose masks are shown, and while it trains what resuming needs",
                "all": "every round's, to look at them one by one",
            }
        ),
    )

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) != len(seeds):
            raise refused(f"seeds must differ, got {list(seeds)}", "remove the repeated one")
        return seeds

    @field_validator("held_out_sites")
    @classmethod
    def _held_out_sites_differ(cls, sites: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(sites)) != len(sites):
            raise refused(f"held_out_sites must differ, got {list(sites)}", "remove the repeated one")
        return sites

    @field_validator("network", mode="before")
    @classmethod
    def _unet_if_not_said(cls, network: object) -> object:
        """Files that name no network mean the U-Net, the only one there was."""
        return {"name": "unet", **network} if isinstance(network, dict) else network

    @model_validator(mode="after")
    def _network_fits_image(self) -> Self:
        factor = 2**self.network.num_halvings
        size = self.data.image_size
        if size % factor:
            raise refused(
                f"data.image_size {size} must be a multiple of {factor} for a network of "
                f"{self.network.num_halvings + 1} levels",
                f"choose {factor * max(1, size // factor)} or a network of fewer levels",
                field="data.image_size",
                value=size,
            )
        if size == factor:  # norms need more than one pixel
            raise refused(
                f"a network of {self.network.num_halvings + 1} levels leaves one pixel of data.image_size {size}",
                f"choose {2 * factor} or more, or a network of fewer levels",
                field="data.image_size",
                value=size,
            )
        if isinstance(self.network, SwinUNETRConfig) and self.network.spatial_dims == 3 and self.data.depth % 32:
            raise refused(
                f"data.depth {self.data.depth} must be a multiple of 32 for Swin UNETR, which halves it five times",
                "choose 32, or another network",
                field="data.depth",
                value=self.data.depth,
            )
        return self

    @model_validator(mode="after")
    def _strategies_fit_schedule(self) -> Self:
        """What a method cannot do with these settings is refused, with the remedy."""
        problems = [
            problem | {"field": problem["field"].replace("strategies", f"strategies.{index}", 1)}
            for index, strategy in enumerate(self.strategies)
            for problem in setting_problems(strategy, self.schedule, self.network, self.data)
        ]
        if problems:
            raise all_refused(problems)
        return self

    @model_validator(mode="after")
    def _strategies_differ(self) -> Self:
        if len(set(self.strategies)) != len(self.strategies):
            raise refused("strategies contains the same configuration twice", "remove one of them", field="strategies")
        return self
