"""The model selectors of FedSM, and their hyper-parameters."""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.base import REFERENCE, Contract


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
