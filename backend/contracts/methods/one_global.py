"""The methods that train one global model."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from backend.contracts.aggregation_configs import AGGREGATION, AggregationConfig
from backend.contracts.base import OWN, Contract, default_from
from backend.contracts.method_card import GLOBAL_ONLY, ONE_GLOBAL, MethodCard
from backend.contracts.refusals import refused


class FedProxConfig(Contract):
    """FedAvg whose sites are held near the global model."""

    card: ClassVar[MethodCard] = MethodCard("FedProx", ONE_GLOBAL, GLOBAL_ONLY, "Li et al., MLSys 2020, equation 2")
    name: Literal["fedprox"] = "fedprox"
    mu: float = Field(
        default=0.1,
        ge=0,
        le=100,
        description="Strength of the proximal term mu / 2 ||w - w_g||^2; 0 is FedAvg.",
        json_schema_extra=default_from(
            "the value with which the authors of FedSM's reference code report FedProx for prostate"
        ),
    )
    aggregation: AggregationConfig = AGGREGATION


class FedAvgMConfig(Contract):
    """FedAvg with momentum at the server."""

    card: ClassVar[MethodCard] = MethodCard("FedAvgM", ONE_GLOBAL, GLOBAL_ONLY, "Hsu et al., 2019")
    name: Literal["fedavgm"] = "fedavgm"
    server_learning_rate: float = Field(
        default=1.0, gt=0, le=10, description="eta.", json_schema_extra=default_from("Hsu et al., 2019")
    )
    beta_1: float = Field(
        default=0.9,
        ge=0,
        lt=1,
        description="Server momentum; 0 is FedAvg.",
        json_schema_extra=default_from("Hsu et al., 2019"),
    )
    aggregation: AggregationConfig = AGGREGATION


class _AdaptiveServerConfig(Contract):
    server_learning_rate: float = Field(
        default=0.01,
        gt=0,
        le=10,
        description="eta: about the largest change of a weight in a round.",
        json_schema_extra=default_from(f"{OWN}; the paper tunes it for each task"),
    )
    beta_1: float = Field(
        default=0.9,
        ge=0,
        lt=1,
        description="Decay of the first moment.",
        json_schema_extra=default_from("Reddi et al., ICLR 2021"),
    )
    tau: float = Field(
        default=1e-3,
        gt=0,
        le=1,
        description="Degree of adaptivity.",
        json_schema_extra=default_from("Reddi et al., ICLR 2021"),
    )
    aggregation: AggregationConfig = AGGREGATION


class FedAdamConfig(_AdaptiveServerConfig):
    """FedAvg with Adam at the server."""

    card: ClassVar[MethodCard] = MethodCard("FedAdam", ONE_GLOBAL, GLOBAL_ONLY, "Reddi et al., ICLR 2021, algorithm 2")
    name: Literal["fedadam"] = "fedadam"
    beta_2: float = Field(
        default=0.99,
        ge=0,
        lt=1,
        description="Decay of the second moment.",
        json_schema_extra=default_from("Reddi et al., ICLR 2021"),
    )


class FedYogiConfig(_AdaptiveServerConfig):
    """FedAvg with Yogi at the server."""

    card: ClassVar[MethodCard] = MethodCard("FedYogi", ONE_GLOBAL, GLOBAL_ONLY, "Reddi et al., ICLR 2021, algorithm 2")
    name: Literal["fedyogi"] = "fedyogi"
    beta_2: float = Field(
        default=0.99,
        ge=0,
        lt=1,
        description="Decay of the second moment.",
        json_schema_extra=default_from("Reddi et al., ICLR 2021"),
    )


class FedAdagradConfig(_AdaptiveServerConfig):
    """FedAvg with Adagrad at the server."""

    card: ClassVar[MethodCard] = MethodCard(
        "FedAdagrad", ONE_GLOBAL, GLOBAL_ONLY, "Reddi et al., ICLR 2021, algorithm 2"
    )
    name: Literal["fedadagrad"] = "fedadagrad"
    beta_1: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Decay of the first moment.",
        json_schema_extra=default_from("Reddi et al., ICLR 2021"),
    )


class ScaffoldConfig(Contract):
    """FedAvg whose sites correct their drift by control variates. Plain SGD only."""

    card: ClassVar[MethodCard] = MethodCard("SCAFFOLD", ONE_GLOBAL, GLOBAL_ONLY, "Karimireddy et al., ICML 2020")
    name: Literal["scaffold"] = "scaffold"
    server_learning_rate: float = Field(
        default=1.0,
        gt=0,
        le=10,
        description="eta_g: 1 goes to the mean of the sites.",
        json_schema_extra=default_from("the paper's experiments"),
    )


class FedNovaConfig(Contract):
    """FedAvg that divides a site's change by its number of steps. SGD only."""

    card: ClassVar[MethodCard] = MethodCard("FedNova", ONE_GLOBAL, GLOBAL_ONLY, "Wang et al., NeurIPS 2020")
    name: Literal["fednova"] = "fednova"


class FedDynConfig(Contract):
    """FedAvg whose sites' objectives follow the global one."""

    card: ClassVar[MethodCard] = MethodCard("FedDyn", ONE_GLOBAL, GLOBAL_ONLY, "Acar et al., ICLR 2021, algorithm 1")
    name: Literal["feddyn"] = "feddyn"
    alpha: float = Field(
        default=0.01,
        gt=0,
        le=100,
        description="Strength of the dynamic regularization.",
        json_schema_extra=default_from("among the paper's values"),
    )


class CyclicWeightTransferConfig(Contract):
    """One model that goes from site to site: one site trains in each round, so as many rounds as sites are a cycle."""

    card: ClassVar[MethodCard] = MethodCard(
        "Cyclic weight transfer", ONE_GLOBAL, GLOBAL_ONLY, "Chang et al., JAMIA 2018"
    )
    name: Literal["cyclic"] = "cyclic"


class FedLWSConfig(Contract):
    """FedAvg whose server shrinks a layer of the average the more, the less the sites' changes of it agree."""

    card: ClassVar[MethodCard] = MethodCard("FedLWS", ONE_GLOBAL, GLOBAL_ONLY, "Shi et al., ICLR 2025")
    name: Literal["fedlws"] = "fedlws"
    beta: float = Field(
        default=0.03,
        ge=0,
        le=100,
        description="How strongly disagreement of the sites shrinks a layer.",
        json_schema_extra=default_from("authors' code"),
    )
    min_tau: float = Field(
        default=0.01,
        ge=0,
        le=10,
        description="Lower bound of a layer's strength of shrinking.",
        json_schema_extra=default_from("authors' code"),
    )
    max_tau: float = Field(
        default=0.2,
        ge=0,
        le=10,
        description="Upper bound of a layer's strength of shrinking.",
        json_schema_extra=default_from("authors' code"),
    )

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.min_tau > self.max_tau:
            raise refused(
                f"min_tau {self.min_tau:g} is above max_tau {self.max_tau:g}",
                f"choose at most {self.max_tau:g}",
                field="min_tau",
                value=self.min_tau,
            )
        return self


class FedAWAConfig(Contract):
    """FedAvg whose server learns the sites' weights from how their changes lie to one another."""

    card: ClassVar[MethodCard] = MethodCard("FedAWA", ONE_GLOBAL, GLOBAL_ONLY, "Shi et al., CVPR 2025")
    name: Literal["fedawa"] = "fedawa"
    server_learning_rate: float = Field(
        default=1e-3,
        gt=0,
        le=10,
        description="Of the weights' logarithms, by Adam at the server. 0.001 is for hundreds of rounds.",
        json_schema_extra=default_from("authors' code"),
    )
    server_steps: int = Field(
        default=1,
        ge=0,
        le=1000,
        description="Steps on the weights in each round; 0 is FedAvg.",
        json_schema_extra=default_from("authors' code"),
    )


class MoonConfig(Contract):
    """FedAvg whose sites hold images' representations near the global model's, away from their previous model's."""

    card: ClassVar[MethodCard] = MethodCard("MOON", ONE_GLOBAL, GLOBAL_ONLY, "Li et al., CVPR 2021, equation 3")
    name: Literal["moon"] = "moon"
    mu: float = Field(
        default=1.0,
        ge=0,
        le=100,
        description="Strength of the contrastive term; 0 is FedAvg.",
        json_schema_extra=default_from("among the paper's values"),
    )
    temperature: float = Field(
        default=0.5,
        gt=0,
        le=100,
        description="Of the similarities in the contrastive term.",
        json_schema_extra=default_from("the paper"),
    )


#: In the order in which the methods are listed.
OneGlobalConfig = (
    FedProxConfig
    | FedAvgMConfig
    | FedAdamConfig
    | FedYogiConfig
    | FedAdagradConfig
    | ScaffoldConfig
    | FedNovaConfig
    | FedDynConfig
    | MoonConfig
    | FedAWAConfig
    | FedLWSConfig
    | CyclicWeightTransferConfig
)
OneGlobalName = Literal[
    "fedprox",
    "fedavgm",
    "fedadam",
    "fedyogi",
    "fedadagrad",
    "scaffold",
    "fednova",
    "feddyn",
    "moon",
    "fedawa",
    "fedlws",
    "cyclic",
]
