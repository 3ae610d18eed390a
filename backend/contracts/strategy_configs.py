"""The methods, and their hyper-parameters with bounds, default and source."""

from dataclasses import replace
from inspect import getdoc
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from backend.contracts.aggregation_configs import AggregationConfig, MeanAggregation
from backend.contracts.base import OWN, REFERENCE, Contract, applies_when, choices, default_from
from backend.contracts.method_card import BOTH, GLOBAL_ONLY, ONE_GLOBAL, PERSONALIZED, REFERENCES, MethodCard
from backend.contracts.refusals import refused
from backend.contracts.selector_configs import LdaSelector, SelectorConfig

_AGGREGATION = Field(
    default=MeanAggregation(),
    description="How the server makes one model of the sites': the weighted mean, or a rule that resists bad updates.",
)


class FedSMConfig(Contract):
    """A super model: one global model, a personalized model a site, and a selector that decides between them."""

    card: ClassVar[MethodCard] = MethodCard(
        "FedSM",
        REFERENCES,
        (*BOTH, "super"),
        "Xu et al., CVPR 2022",
        also_sends="what its model selector learns from: sums of features of the training images, or gradients",
    )
    name: Literal["fedsm"] = "fedsm"
    lambda_: float = Field(
        default=0.7,
        alias="lambda",
        gt=0,
        le=1,
        description="SoftPull's share of a site's own personalized model; the rest is shared equally by the "
        "others. 1 is local training; it must be more than 1 / number of sites. At one lambda a "
        "lower learning rate pulls harder: where the schedule lets the rate fall to 0, the "
        "personalized models are equal in the end, so keep the rate constant or raise lambda.",
        json_schema_extra=default_from(REFERENCE),
    )
    gamma: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="The selector's probability above which a personalized model is used; 0 always "
        "personalized, 1 always the global model.",
        json_schema_extra=applies_when("routing", "hard") | default_from(REFERENCE),
    )
    threshold: Literal["fixed", "validation"] = Field(
        default="fixed",
        description="Where the super model's threshold comes from. In a file, `gamma: auto` means validation.",
        json_schema_extra=choices(
            {
                "fixed": "gamma is the threshold, as in the paper",
                "validation": "each round the sites' validation cases choose it for the next one, in steps of 0.01; "
                "gamma counts in round 1 only",
            }
        )
        | applies_when("routing", "hard")
        | default_from(OWN),
    )
    selector: SelectorConfig = Field(
        default=LdaSelector(), description="The model selector. VGG-11 is the reference code's."
    )
    routing: Literal["hard", "soft", "quality"] = Field(
        default="hard",
        json_schema_extra=choices(
            {
                "hard": "one model an image, by the threshold gamma, as in the paper",
                "soft": "the sites' models together, weighted by the selector's probabilities, without gamma",
                "quality": "the model with the best expected Dice, the global one among them, as the scores of all "
                "models on validation images predict it; each site then loads all models to validate",
            }
        )
        | default_from(OWN),
    )
    quality_from: Literal["probabilities", "descriptors"] = Field(
        default="probabilities",
        description="What a model's Dice on an image is expected from.",
        json_schema_extra=choices(
            {
                "probabilities": "the selector's probabilities: one number a site, so few validation images suffice",
                "descriptors": "the image descriptors of the lda selector: more to learn from, and more images needed",
            }
        )
        | applies_when("routing", "quality")
        | default_from(OWN),
    )
    quality_ridge: float = Field(
        default=0.1,
        gt=0,
        le=1000,
        description="Strength of the ridge regression's shrinkage. The more, the more every image gets the model that "
        "is best on average.",
        json_schema_extra=applies_when("routing", "quality") | default_from(OWN),
    )
    quality_minimum_cases: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="A site with fewer validation images sends no sums of scores, for they could reveal an image's.",
        json_schema_extra=applies_when("routing", "quality") | default_from(OWN),
    )
    similarity: float = Field(
        default=0.0,
        ge=0,
        le=8,
        description="0: SoftPull takes equally from all other sites; above, more from sites "
        "whose images are alike, in proportion to 1 / distance ** similarity. Needs the lda "
        "selector, whose moments measure the distance.",
        json_schema_extra=default_from(f"{OWN}; the paper has 0 alone"),
    )
    lambda_start: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="lambda in round 1, from where it goes in a straight line to lambda in the last round: below "
        "lambda, sites share more at first and keep more of their own in the end. Empty: the same in all rounds.",
        json_schema_extra=default_from(f"{OWN}; the paper has one lambda"),
    )
    pull_by_depth: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="0: SoftPull pulls every layer alike; above, the encoder more, and the output layer and "
        "normalization less. 1: one encoder for all sites, and an output layer and normalization for each.",
        json_schema_extra=default_from(f"{OWN}; the paper has 0 alone"),
    )
    server_momentum: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Momentum of the global model at the server, as FedAvgM has; 0: the plain average.",
        json_schema_extra=default_from(f"{OWN}; the paper has 0 alone"),
    )
    mixture: Literal["probabilities", "weights"] = Field(
        default="probabilities",
        description="What soft routing mixes.",
        json_schema_extra=choices(
            {
                "probabilities": "the models' predictions: each model runs on the image",
                "weights": "the models' weights (a soup): one network of them runs on the image",
            }
        )
        | applies_when("routing", "soft")
        | default_from(OWN),
    )
    global_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the global model in soft routing's mixture; the sites' models have the rest, by the "
        "selector's probabilities.",
        json_schema_extra=applies_when("routing", "soft") | default_from(OWN),
    )

    @model_validator(mode="before")
    @classmethod
    def _gamma_may_be_auto(cls, given: object) -> object:
        """`gamma: auto` is the short form of `threshold: validation`."""
        if isinstance(given, dict) and given.get("gamma") == "auto":
            return {key: value for key, value in given.items() if key != "gamma"} | {"threshold": "validation"}
        return given


class FedAvgConfig(Contract):
    """Weighted average of the sites' models."""

    card: ClassVar[MethodCard] = MethodCard("FedAvg", REFERENCES, GLOBAL_ONLY, "McMahan et al., AISTATS 2017")
    name: Literal["fedavg"] = "fedavg"
    aggregation: AggregationConfig = _AGGREGATION


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
    aggregation: AggregationConfig = _AGGREGATION


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
    aggregation: AggregationConfig = _AGGREGATION


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
    aggregation: AggregationConfig = _AGGREGATION


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
        description="Of the weights' logarithms, by Adam at the server.",
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


class FedBNConfig(Contract):
    """Batch normalization stays at the sites. Needs a network with batch norm."""

    card: ClassVar[MethodCard] = MethodCard("FedBN", PERSONALIZED, BOTH, "Li et al., ICLR 2021")
    name: Literal["fedbn"] = "fedbn"


class SiloBNConfig(Contract):
    """Batch norm's statistics stay at the sites, its scale is shared. Needs batch norm."""

    card: ClassVar[MethodCard] = MethodCard("SiloBN", PERSONALIZED, BOTH, "Andreux et al., 2020")
    name: Literal["silobn"] = "silobn"


class FedPerConfig(Contract):
    """The output layer stays at the sites."""

    card: ClassVar[MethodCard] = MethodCard("FedPer", PERSONALIZED, BOTH, "Arivazhagan et al., 2019")
    name: Literal["fedper"] = "fedper"


class FedRepConfig(Contract):
    """The output layer stays at the sites and is trained before the shared layers."""

    card: ClassVar[MethodCard] = MethodCard("FedRep", PERSONALIZED, BOTH, "Collins et al., ICML 2021")
    name: Literal["fedrep"] = "fedrep"
    head_epochs: int = Field(
        default=1,
        ge=1,
        le=50,
        description="Passes for the output layer in each round.",
        json_schema_extra=default_from(f"{OWN}; the paper takes more than one"),
    )


class FedRoDConfig(Contract):
    """A generic output layer that is shared, and a personalized one next to it that stays at the site."""

    card: ClassVar[MethodCard] = MethodCard("FedRoD", PERSONALIZED, BOTH, "Chen & Chao, ICLR 2022, algorithm 1")
    name: Literal["fedrod"] = "fedrod"


class FedRDNConfig(Contract):
    """FedAvg whose images are normalized in training by a random site's mean and deviation, in testing by their own."""

    card: ClassVar[MethodCard] = MethodCard(
        "FedRDN",
        PERSONALIZED,
        BOTH,
        "Yan et al., CVPR 2025",
        also_sends="once the mean and the deviation of each image channel over the training images",
    )
    name: Literal["fedrdn"] = "fedrdn"


class IOPFLConfig(Contract):
    """FedAvg whose sites follow it with moving averages; an image of no site gets a mixture learned on it alone."""

    card: ClassVar[MethodCard] = MethodCard("IOP-FL", PERSONALIZED, (*BOTH, "super"), "Jiang et al., IEEE TMI 2023")
    name: Literal["iop-fl"] = "iop-fl"
    alpha: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="What a personalized model keeps of itself in a round; 0: it is what the site made of the "
        "global model.",
        json_schema_extra=default_from("authors' code"),
    )
    test_steps: int = Field(
        default=10,
        ge=0,
        le=1000,
        description="Steps that the mixture of the models is learned with on each test image; 0: their plain mean.",
        json_schema_extra=default_from("authors' code, which passes over all test images as often"),
    )
    test_learning_rate: float = Field(
        default=1e-3,
        gt=0,
        le=10,
        description="Adam's, of the shares' logarithms.",
        json_schema_extra=default_from("authors' code, whose networks compute the shares"),
    )


class FineTuningConfig(Contract):
    """FedAvg, then some rounds of local training from the global model at each site."""

    card: ClassVar[MethodCard] = MethodCard("FedAvg + fine-tuning", PERSONALIZED, BOTH, "Wang et al., 2019")
    name: Literal["fine-tuning"] = "fine-tuning"
    fine_tuning_rounds: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="How many of the run's last rounds personalize.",
        json_schema_extra=default_from(OWN),
    )


class APFLConfig(Contract):
    """A personalized model that mixes a private and the global one."""

    card: ClassVar[MethodCard] = MethodCard("APFL", PERSONALIZED, BOTH, "Deng et al., 2020, algorithm 1")
    name: Literal["apfl"] = "apfl"
    alpha: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of the private model at the start; 0 is FedAvg.",
        json_schema_extra=default_from("authors' code"),
    )
    alpha_learning_rate: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="How fast the share adapts; 0 keeps it.",
        json_schema_extra=default_from(f"{OWN}; the paper uses the sites' rate"),
    )


class PFedMeConfig(Contract):
    """Personalized models by Moreau envelopes."""

    card: ClassVar[MethodCard] = MethodCard("pFedMe", PERSONALIZED, BOTH, "Dinh et al., NeurIPS 2020, algorithm 1")
    name: Literal["pfedme"] = "pfedme"
    lambda_: float = Field(
        default=15.0,
        alias="lambda",
        gt=0,
        le=1000,
        description="Strength of the pull to the global model.",
        json_schema_extra=default_from("among the paper's values"),
    )
    inner_steps: int = Field(
        default=5,
        ge=1,
        le=50,
        description="K: optimizer steps of the personalized model for a batch.",
        json_schema_extra=default_from("the paper"),
    )
    local_learning_rate: float = Field(
        default=0.005,
        gt=0,
        le=1,
        description="eta: the site's copy of the global model moves by eta * lambda of the difference to the "
        "personalized one, which must be at most 1.",
        json_schema_extra=default_from("among the paper's values"),
    )
    beta: float = Field(
        default=1.0,
        gt=0,
        le=2,
        description="The server's step; 1 is the mean of the sites.",
        json_schema_extra=default_from("the paper"),
    )

    @model_validator(mode="after")
    def _moves_towards(self) -> Self:
        if self.local_learning_rate * self.lambda_ > 1:
            raise refused(
                f"local_learning_rate {self.local_learning_rate} * lambda {self.lambda_} is more than 1, "
                "which moves the site's model beyond the personalized one",
                f"set local_learning_rate to at most {1 / self.lambda_:.3g}",
                field="local_learning_rate",
                value=self.local_learning_rate,
            )
        return self


class FedALAConfig(Contract):
    """Sites learn how much of the global output layer they take over."""

    card: ClassVar[MethodCard] = MethodCard("FedALA", PERSONALIZED, BOTH, "Zhang et al., AAAI 2023, algorithm 1")
    name: Literal["fedala"] = "fedala"
    eta: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="Learning rate of the mixing weights.",
        json_schema_extra=default_from("the paper"),
    )
    share: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Of the training cases that the weights are learned on.",
        json_schema_extra=default_from("the paper"),
    )
    first_epochs: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Passes over them the first time; later one.",
        json_schema_extra=default_from(f"{OWN}; the paper goes on until the loss settles"),
    )


class DittoConfig(Contract):
    """A global model, and personalized models held near it."""

    card: ClassVar[MethodCard] = MethodCard("Ditto", PERSONALIZED, BOTH, "Li et al., ICML 2021, algorithm 1")
    name: Literal["ditto"] = "ditto"
    lambda_: float = Field(
        default=1.0,
        alias="lambda",
        ge=0,
        le=100,
        description="Strength of the pull to the global model; 0 is local-only.",
        json_schema_extra=default_from(
            "the value with which the authors of FedSM's reference code report Ditto for prostate"
        ),
    )


class MrMtlConfig(Contract):
    """Personalized models held near their mean."""

    card: ClassVar[MethodCard] = MethodCard("MR-MTL", PERSONALIZED, BOTH, "Liu et al., NeurIPS 2022, algorithm 1")
    name: Literal["mr-mtl"] = "mr-mtl"
    lambda_: float = Field(
        default=0.1,
        alias="lambda",
        ge=0,
        le=100,
        description="Strength of the pull to the mean; 0 is local-only.",
        json_schema_extra=default_from(f"{OWN}; the paper tunes it"),
    )


_STEPS = Field(
    json_schema_extra=choices(
        {
            "full": "the schedule's local work on all the cases that the model has",
            "equal": "as many gradient steps a round as a site takes on average, for a comparison at equal effort",
        }
    )
    | default_from(OWN),
)


class LocalOnlyConfig(Contract):
    """Each site trains alone; nothing is shared."""

    card: ClassVar[MethodCard] = MethodCard("Local-only", REFERENCES, ("personalized",))
    name: Literal["local-only"] = "local-only"
    steps: Annotated[Literal["full", "equal"], _STEPS] = "full"


class ConsensusConfig(Contract):
    """Sites train alone, and all their models together segment an image: nothing is shared but finished models."""

    card: ClassVar[MethodCard] = MethodCard(
        "Consensus of local models", PERSONALIZED, ("personalized", "super"), "Warfield et al., IEEE TMI 2004 (STAPLE)"
    )
    name: Literal["consensus"] = "consensus"
    fusion: Literal["mean", "majority", "staple"] = Field(
        default="mean",
        description="How the models' predictions become one mask.",
        json_schema_extra=choices(
            {
                "mean": "the mean of their probabilities",
                "majority": "where more than half of their masks are set",
                "staple": "STAPLE, which weighs each model by how well it seems to do on the image",
            }
        )
        | default_from(OWN),
    )


class CentralizedConfig(Contract):
    """All data pooled in one place: the reference that a federation approaches. Simulated sites only."""

    card: ClassVar[MethodCard] = MethodCard("Centralized", REFERENCES, GLOBAL_ONLY)
    name: Literal["centralized"] = "centralized"
    steps: Annotated[Literal["full", "equal"], _STEPS] = "full"


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
    | ScaffoldConfig
    | FedNovaConfig
    | FedDynConfig
    | MoonConfig
    | FedAWAConfig
    | FedLWSConfig
    | CyclicWeightTransferConfig
    | DittoConfig
    | MrMtlConfig
    | FedBNConfig
    | SiloBNConfig
    | FedPerConfig
    | FedRepConfig
    | FedRoDConfig
    | FedRDNConfig
    | IOPFLConfig
    | FineTuningConfig
    | APFLConfig
    | PFedMeConfig
    | FedALAConfig
    | ConsensusConfig,
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
    "scaffold",
    "fednova",
    "feddyn",
    "moon",
    "fedawa",
    "fedlws",
    "cyclic",
    "ditto",
    "mr-mtl",
    "fedbn",
    "silobn",
    "fedper",
    "fedrep",
    "fedrod",
    "fedrdn",
    "iop-fl",
    "fine-tuning",
    "apfl",
    "pfedme",
    "fedala",
    "consensus",
]


#: Each method's card by its name, in the order in which methods are listed.
METHODS: dict[StrategyName, MethodCard] = {
    config.model_fields["name"].default: replace(config.card, summary=getdoc(config) or "")
    for config in get_args(get_args(StrategyConfig)[0])
}


def soft_pull_contraction(lambda_: float, num_sites: int) -> float:
    """rho = (lambda K - 1) / (K - 1): the factor by which SoftPull shrinks disagreement in a round; 1 for one site."""
    if num_sites < 2:
        return 1.0
    return (lambda_ * num_sites - 1) / (num_sites - 1)
