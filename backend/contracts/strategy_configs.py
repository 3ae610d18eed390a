"""All methods: which settings a method has, and what its card says."""

from dataclasses import replace
from inspect import getdoc
from typing import Annotated, Literal, get_args

from pydantic import Field

from backend.contracts.method_card import MethodCard
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.one_global import OneGlobalConfig, OneGlobalName
from backend.contracts.methods.personalized import PersonalizedConfig, PersonalizedName
from backend.contracts.methods.references import ReferenceConfig, ReferenceName

StrategyConfig = Annotated[
    FedSMConfig | ReferenceConfig | OneGlobalConfig | PersonalizedConfig,
    Field(discriminator="name"),
]
StrategyName = Literal["fedsm", ReferenceName, OneGlobalName, PersonalizedName]

#: Each method's card by its name, in the order in which methods are listed.
METHODS: dict[StrategyName, MethodCard] = {
    config.model_fields["name"].default: replace(config.card, summary=getdoc(config) or "")
    for config in get_args(get_args(StrategyConfig)[0])
}
