"""FedSM's settings."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from backend.contracts.base import OWN, REFERENCE, Contract, applies_when, choices, default_from
from backend.contracts.method_card import BOTH, REFERENCES, MethodCard
from backend.contracts.selector_configs import LdaSelector, SelectorConfig


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
                "gamma stays where no other is better by more than one standard error",
            }
        )
        | applies_when("routing", "hard")
        | default_from(OWN),
    )
    threshold_minimum_cases: int = Field(
        default=5,
        exclude_if=lambda number: number == 5,  # agents of the protocol before know no such field
        ge=1,
        le=1000,
        description="A site with fewer validation images sends no sums of scores, for they could reveal an image's.",
        json_schema_extra=applies_when("threshold", "validation") | default_from(OWN),
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
    rounds_without_pull: int = Field(
        default=0,
        exclude_if=lambda number: number == 0,  # agents of the protocol before know no such field
        ge=0,
        le=1000,
        description="The number of last rounds in which SoftPull leaves the sites' models as the sites trained them. "
        "0: it pulls in the last round too, so that a finished model is never the one that its site trained last.",
        json_schema_extra=default_from(f"{OWN}; the paper has 0 alone"),
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
        description="Momentum at the server, as FedAvgM has; 0: the plain average. Its models are those of "
        "momentum_models. 0.9 makes a step of up to ten rounds' changes, so give it rounds to come to rest.",
        json_schema_extra=default_from(f"{OWN}; the paper has 0 alone"),
    )
    momentum_models: Literal["global", "all"] = Field(
        default="global",
        exclude_if=lambda models: models == "global",  # agents of the protocol before know no such field
        description="Which models have the server's momentum.",
        json_schema_extra=choices(
            {
                "global": "the global model alone",
                "all": "the global model, and the sites' models in what they have in common: the momentum is that of "
                "their mean, so that what sets a site apart is SoftPull's alone",
            }
        )
        | default_from(OWN),
    )
    momentum_warmup: float = Field(
        default=0.0,
        exclude_if=lambda rounds: rounds == 0,  # agents of the protocol before know no such field
        ge=0,
        le=1000,
        description="The number of rounds after which the server's momentum may be 0.5, and from there on more: in "
        "round t it is at most (t - 1) / (t - 1 + warm-up), so that the changes of the first rounds are hardly "
        "carried on. 3 is Nesterov's sequence. 0: server_momentum from the first round on.",
        json_schema_extra=default_from(OWN),
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


def soft_pull_contraction(lambda_: float, num_sites: int) -> float:
    """rho = (lambda K - 1) / (K - 1): the factor by which SoftPull shrinks disagreement in a round; 1 for one site."""
    if num_sites < 2:
        return 1.0
    return (lambda_ * num_sites - 1) / (num_sites - 1)
