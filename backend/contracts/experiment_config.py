"""The configuration of an experiment: every hyper-parameter, its bounds, default and source.

Defaults and help text exist here only. The web form, the command line and the documentation read them from this
module's JSON schema; the engine has no defaults of its own.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from backend.contracts.base import Contract

REFERENCE = "Source: the authors' reference code (NVFlare research/fed-sm)."


class DataConfig(Contract):
    """How images reach the network."""

    image_size: int = Field(
        default=256,
        ge=32,
        le=1024,
        multiple_of=16,
        description="Side in pixels to which images are resized for the network. Predictions are resized back and "
        f"scored at the original size. {REFERENCE}",
    )
    intensity: Literal["unit", "standardized"] = Field(
        default="unit",
        description="unit: divide by the largest value of the pixel type; standardized: zero mean and unit variance "
        "for each image and channel.",
    )
    augmentation: Literal["none", "flips"] = Field(
        default="none", description="none, or random horizontal and vertical flips of the training images."
    )


class NetworkConfig(Contract):
    """MONAI's 2D residual U-Net."""

    name: Literal["unet"] = Field(default="unet", description="The segmentation network.")
    channels: tuple[Annotated[int, Field(ge=4, le=1024)], ...] = Field(
        default=(16, 32, 64, 128, 256),
        min_length=2,
        max_length=7,
        description=f"Feature channels of each level; each level but the last halves the image. {REFERENCE}",
    )
    num_residual_units: int = Field(
        default=2, ge=0, le=4, description=f"Residual units of each level; 0 for plain convolutions. {REFERENCE}"
    )


class ScheduleConfig(Contract):
    """How long, and how, the sites train."""

    rounds: int = Field(default=100, ge=1, le=1000, description=f"Communication rounds. {REFERENCE}")
    local_epochs: int = Field(
        default=1, ge=1, le=50, description=f"Passes over a site's training cases in each round. {REFERENCE}"
    )
    batch_size: int = Field(default=1, ge=1, le=128, description=f"Training images of one local step. {REFERENCE}")
    learning_rate: float = Field(
        default=1e-3, gt=0, le=1, description=f"Adam's learning rate at the sites. {REFERENCE}"
    )
    optimizer_state: Literal["keep", "reset"] = Field(
        default="keep",
        description="keep: Adam's moments stay at the site from round to round; reset: fresh moments in each round. "
        f"{REFERENCE}",
    )
    loss: Literal["dice", "dice_bce"] = Field(
        default="dice", description=f"dice: soft Dice; dice_bce: soft Dice plus binary cross-entropy. {REFERENCE}"
    )
    weighting: Literal["cases", "steps", "uniform"] = Field(
        default="steps",
        description="A site's weight in the average: its training cases, its local steps, or the same for every site. "
        f"{REFERENCE}",
    )


class LdaSelector(Contract):
    """Closed-form federated linear discriminant analysis: exact as if the data were pooled, and sent once."""

    name: Literal["lda"] = "lda"
    shrinkage: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="Share of the identity in the pooled, standardized covariance; 1 ignores correlations.",
    )
    minimum_cases: int = Field(
        default=5,
        ge=2,
        le=1000,
        description="A site with fewer training cases may not send its feature moments, for they could reveal a case.",
    )


class CnnSelector(Contract):
    """A small convolutional classifier with global average pooling, trained by cross-entropy each round."""

    name: Literal["cnn"] = "cnn"
    learning_rate: float = Field(default=1e-3, gt=0, le=1, description=f"Adam's learning rate. {REFERENCE}")


class Vgg11Selector(Contract):
    """VGG-11 without batch norm, as in the reference code: 128.8 million parameters, so slow and heavy to send."""

    name: Literal["vgg11"] = "vgg11"
    learning_rate: float = Field(default=1e-3, gt=0, le=1, description=f"Adam's learning rate. {REFERENCE}")


SelectorConfig = Annotated[LdaSelector | CnnSelector | Vgg11Selector, Field(discriminator="name")]


class FedSMConfig(Contract):
    """FedSM (Xu et al., CVPR 2022): a super model of one global model, a personalized model a site and a selector."""

    name: Literal["fedsm"] = "fedsm"
    lambda_: float = Field(
        default=0.7,
        alias="lambda",
        gt=0,
        le=1,
        description="SoftPull's share of a site's own personalized model; the rest is shared equally by the others. "
        f"1 is local training; it must be more than 1 / number of sites. {REFERENCE}",
    )
    gamma: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="The selector's probability above which a personalized model is used; 0 always personalized, "
        f"1 always the global model. {REFERENCE}",
    )
    selector: SelectorConfig = Field(
        default=LdaSelector(), description="The model selector. VGG-11 is the reference code's."
    )


class FedAvgConfig(Contract):
    """Federated averaging (McMahan et al., AISTATS 2017)."""

    name: Literal["fedavg"] = "fedavg"


class FedProxConfig(Contract):
    """FedAvg whose sites are held near the global model (Li et al., MLSys 2020, equation 2)."""

    name: Literal["fedprox"] = "fedprox"
    mu: float = Field(
        default=0.1,
        ge=0,
        le=100,
        description="Strength of the proximal term mu / 2 ||w - w_g||^2; 0 is FedAvg. Source: the value with which the "
        "authors of FedSM's reference code report FedProx for prostate.",
    )


SERVER_OPTIMIZER_PAPER = "Source: Reddi et al., ICLR 2021."


class FedAvgMConfig(Contract):
    """FedAvg with momentum at the server (Hsu et al., 2019)."""

    name: Literal["fedavgm"] = "fedavgm"
    server_learning_rate: float = Field(default=1.0, gt=0, le=10, description="eta. Source: Hsu et al., 2019.")
    beta_1: float = Field(
        default=0.9, ge=0, lt=1, description="Server momentum; 0 is FedAvg. Source: Hsu et al., 2019."
    )


class _AdaptiveServerConfig(Contract):
    server_learning_rate: float = Field(
        default=0.01,
        gt=0,
        le=10,
        description="eta: about the largest change of a weight in a round. Ours; the paper tunes it for each task.",
    )
    beta_1: float = Field(default=0.9, ge=0, lt=1, description=f"Decay of the first moment. {SERVER_OPTIMIZER_PAPER}")
    tau: float = Field(default=1e-3, gt=0, le=1, description=f"Degree of adaptivity. {SERVER_OPTIMIZER_PAPER}")


class FedAdamConfig(_AdaptiveServerConfig):
    """FedAvg with Adam at the server (Reddi et al., ICLR 2021, algorithm 2)."""

    name: Literal["fedadam"] = "fedadam"
    beta_2: float = Field(default=0.99, ge=0, lt=1, description=f"Decay of the second moment. {SERVER_OPTIMIZER_PAPER}")


class FedYogiConfig(_AdaptiveServerConfig):
    """FedAvg with Yogi at the server (Reddi et al., ICLR 2021, algorithm 2)."""

    name: Literal["fedyogi"] = "fedyogi"
    beta_2: float = Field(default=0.99, ge=0, lt=1, description=f"Decay of the second moment. {SERVER_OPTIMIZER_PAPER}")


class FedAdagradConfig(_AdaptiveServerConfig):
    """FedAvg with Adagrad at the server (Reddi et al., ICLR 2021, algorithm 2)."""

    name: Literal["fedadagrad"] = "fedadagrad"
    beta_1: float = Field(default=0.0, ge=0, lt=1, description=f"Decay of the first moment. {SERVER_OPTIMIZER_PAPER}")


class DittoConfig(Contract):
    """A global model, and personalized models held near it (Li et al., ICML 2021, algorithm 1)."""

    name: Literal["ditto"] = "ditto"
    lambda_: float = Field(
        default=1.0,
        alias="lambda",
        ge=0,
        le=100,
        description="Strength of the pull to the global model; 0 is local-only. Source: the value with which the "
        "authors of FedSM's reference code report Ditto for prostate.",
    )


class MrMtlConfig(Contract):
    """Personalized models held near their mean (Liu et al., NeurIPS 2022, algorithm 1)."""

    name: Literal["mr-mtl"] = "mr-mtl"
    lambda_: float = Field(
        default=0.1,
        alias="lambda",
        ge=0,
        le=100,
        description="Strength of the pull to the mean; 0 is local-only. Ours; the paper tunes it.",
    )


class LocalOnlyConfig(Contract):
    """Each site trains alone; nothing is shared."""

    name: Literal["local-only"] = "local-only"


class CentralizedConfig(Contract):
    """All data pooled in one place: the reference that a federation approaches. Simulated sites only."""

    name: Literal["centralized"] = "centralized"


StrategyConfig = Annotated[
    FedSMConfig
    | FedAvgConfig
    | LocalOnlyConfig
    | CentralizedConfig
    | FedProxConfig
    | FedAvgMConfig
    | FedAdamConfig
    | FedYogiConfig
    | FedAdagradConfig
    | DittoConfig
    | MrMtlConfig,
    Field(discriminator="name"),
]
StrategyName = Literal[
    "fedsm",
    "fedavg",
    "local-only",
    "centralized",
    "fedprox",
    "fedavgm",
    "fedadam",
    "fedyogi",
    "fedadagrad",
    "ditto",
    "mr-mtl",
]


class ExperimentConfig(Contract):
    """One question on one federation: data, network, schedule and the methods to compare."""

    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    strategies: tuple[StrategyConfig, ...] = Field(
        min_length=1, max_length=16, description="The methods to compare; each becomes one run for each seed."
    )
    seeds: tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...] = Field(
        default=(0,), min_length=1, max_length=20, description="One run of every strategy for each seed."
    )
    minimum_sites: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="Quorum: with fewer sites' updates a round fails; with at least so many it goes on without those "
        "that failed.",
    )

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) != len(seeds):
            raise ValueError(f"seeds must differ, got {list(seeds)}: remove the repeated one")
        return seeds

    @model_validator(mode="after")
    def _network_fits_image(self) -> Self:
        factor = 2 ** (len(self.network.channels) - 1)
        if self.data.image_size % factor:
            raise ValueError(
                f"data.image_size {self.data.image_size} must be a multiple of {factor} for a network of "
                f"{len(self.network.channels)} levels: choose {factor * max(1, self.data.image_size // factor)} "
                "or fewer network.channels"
            )
        if self.data.image_size == factor:  # instance norm needs more than one pixel
            raise ValueError(
                f"a network of {len(self.network.channels)} levels leaves one pixel of data.image_size "
                f"{self.data.image_size}: choose {2 * factor} or more, or fewer network.channels"
            )
        return self

    @model_validator(mode="after")
    def _strategies_differ(self) -> Self:
        if len(set(self.strategies)) != len(self.strategies):
            raise ValueError("strategies contains the same configuration twice: remove one of them")
        return self


def soft_pull_contraction(lambda_: float, num_sites: int) -> float:
    """rho = (lambda K - 1) / (K - 1): the factor by which SoftPull shrinks disagreement in a round; 1 for one site."""
    if num_sites < 2:
        return 1.0
    return (lambda_ * num_sites - 1) / (num_sites - 1)


class ConfigProblem(Contract):
    """Why a configuration cannot run: the field, its value, what is wrong and what to do."""

    field: str
    value: str
    message: str
    remedy: str


def problems_for_sites(config: ExperimentConfig, num_sites: int, all_simulated: bool) -> list[ConfigProblem]:
    """What a valid configuration still cannot do on a federation of `num_sites` sites that have data."""
    problems = []
    if config.minimum_sites > num_sites:
        problems.append(
            ConfigProblem(
                field="minimum_sites",
                value=str(config.minimum_sites),
                message=f"the federation has {num_sites} site(s) with data",
                remedy=f"set minimum_sites to at most {num_sites}, or register data at more sites",
            )
        )
    for index, strategy in enumerate(config.strategies):
        match strategy:
            case FedSMConfig() if num_sites < 2:
                problems.append(
                    ConfigProblem(
                        field=f"strategies.{index}.name",
                        value="fedsm",
                        message=f"FedSM needs at least 2 sites with data, the federation has {num_sites}",
                        remedy="register data at another site, or choose local-only",
                    )
                )
            case FedSMConfig(lambda_=lambda_) if lambda_ <= 1 / num_sites:
                problems.append(
                    ConfigProblem(
                        field=f"strategies.{index}.lambda",
                        value=str(lambda_),
                        message=f"at most 1/K = {1 / num_sites:.3g} for {num_sites} sites: every site would keep no "
                        "more of its own model than of each other's "
                        f"(rho = {soft_pull_contraction(lambda_, num_sites):.2f})",
                        remedy=f"set lambda above {1 / num_sites:.3g} and at most 1; the reference code uses 0.7",
                    )
                )
            case CentralizedConfig() if not all_simulated:
                problems.append(
                    ConfigProblem(
                        field=f"strategies.{index}.name",
                        value="centralized",
                        message="pooling needs all data in one place, but a site of this federation is a real one",
                        remedy="remove centralized, or use simulated sites only",
                    )
                )
    return problems
