"""The methods that train a model for each site."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from backend.contracts.base import OWN, Contract, choices, default_from
from backend.contracts.method_card import BOTH, PERSONALIZED, MethodCard
from backend.contracts.refusals import refused


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

    card: ClassVar[MethodCard] = MethodCard(
        "IOP-FL", PERSONALIZED, (*BOTH, "super"), "Jiang et al., IEEE TMI 2023", validated="personalized"
    )
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
        description="Adam's, of the shares' logarithms. Ten steps of 0.001 leave the shares nearly equal: choose it on "
        "validation images.",
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


#: In the order in which the methods are listed.
PersonalizedConfig = (
    DittoConfig
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
    | ConsensusConfig
)
PersonalizedName = Literal[
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
