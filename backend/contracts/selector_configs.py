"""The model selectors of FedSM, and their hyper-parameters."""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.base import OWN, REFERENCE, Contract, choices, default_from

#: Of both trained selectors.
_TRAINING = choices(
    {
        "reference": "a site takes one Adam step for each local epoch on the gradient of all its cases, and weights "
        "and moments are averaged, as in the reference code",
        "pooled_gradient": "sites send the gradient and the server takes the step, one a round, as if the data were "
        "pooled; the last layer starts in closed form",
    }
)


class LdaSelector(Contract):
    """Closed-form federated linear discriminant analysis: exact as if the data were pooled, and sent once."""

    name: Literal["lda"] = "lda"
    features: Literal["descriptors", "encoder", "both"] = Field(
        default="descriptors",
        description="What tells sites apart. None was more accurate than descriptors in docs/selector.md.",
        json_schema_extra=choices(
            {
                "descriptors": "hand-made numbers of intensity, colour, gradient, spectrum and illumination, sent once",
                "encoder": "the deepest activations of the global model, sent again for each one",
                "both": "descriptors and activations",
            }
        ),
    )
    shrinkage: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="Share of the identity in the pooled, standardized covariance; 1 ignores correlations.",
    )
    quadratic: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="0: sites differ by the means of their features alone (linear). Above: by how these vary too, the "
        "more, the nearer to 1 (quadratic; Friedman, JASA 1989). For sites that are alike and have many cases.",
        json_schema_extra=default_from(f"{OWN}; docs/selector.md"),
    )
    farthest: float | None = Field(
        default=10.0,
        gt=1,
        le=1e6,
        description="An image whose squared distance to the nearest site is more than this times what is "
        "usual of validation images is of no site, and the global model segments it. Empty: no "
        "image is.",
        json_schema_extra=default_from(f"{OWN}; docs/selector.md"),
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
    training: Literal["reference", "pooled_gradient"] = Field(
        default="pooled_gradient",
        json_schema_extra=_TRAINING
        | default_from(
            f"{OWN}; pooled_gradient knows the sites from the first round on where the other needs about ten, and "
            "sends a third (docs/selector.md)"
        ),
    )
    learning_rate: float = Field(
        default=1e-4,
        gt=0,
        le=1,
        description="Adam's learning rate.",
        json_schema_extra=default_from(
            f"{OWN}; with 1e-3 pooled_gradient loses the start that it has in closed form (docs/selector.md); for "
            "training reference take 1e-3, the reference code's"
        ),
    )


class Vgg11Selector(Contract):
    """VGG-11 without batch norm, as in the reference code: 128.8 million parameters, so slow and heavy to send."""

    name: Literal["vgg11"] = "vgg11"
    training: Literal["reference", "pooled_gradient"] = Field(
        default="reference",
        json_schema_extra=_TRAINING | default_from(REFERENCE),
    )
    learning_rate: float = Field(
        default=1e-3, gt=0, le=1, description="Adam's learning rate.", json_schema_extra=default_from(REFERENCE)
    )


SelectorConfig = Annotated[LdaSelector | CnnSelector | Vgg11Selector, Field(discriminator="name")]
