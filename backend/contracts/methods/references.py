"""The methods that every comparison needs: federated averaging, and training with nothing or everything shared."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from backend.contracts.aggregation_configs import AGGREGATION, AggregationConfig
from backend.contracts.base import OWN, Contract, choices, default_from
from backend.contracts.method_card import GLOBAL_ONLY, REFERENCES, MethodCard


class FedAvgConfig(Contract):
    """Weighted average of the sites' models."""

    card: ClassVar[MethodCard] = MethodCard("FedAvg", REFERENCES, GLOBAL_ONLY, "McMahan et al., AISTATS 2017")
    name: Literal["fedavg"] = "fedavg"
    aggregation: AggregationConfig = AGGREGATION


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
    pull_to_start: float = Field(
        default=0.0,
        exclude_if=lambda share: share == 0,  # agents of the protocol before know no such field
        ge=0,
        lt=1,
        description="Share by which a site's model is moved back, after each round, towards the one that its training "
        "began with; 0: not at all. For fine-tuning a finished model on few cases.",
        json_schema_extra=default_from(OWN),
    )


class CentralizedConfig(Contract):
    """All data pooled in one place: the reference that a federation approaches. Simulated sites only."""

    card: ClassVar[MethodCard] = MethodCard("Centralized", REFERENCES, GLOBAL_ONLY)
    name: Literal["centralized"] = "centralized"
    steps: Annotated[Literal["full", "equal"], _STEPS] = "full"


#: In the order in which the methods are listed.
ReferenceConfig = FedAvgConfig | LocalOnlyConfig | CentralizedConfig
ReferenceName = Literal["fedavg", "local-only", "centralized"]
