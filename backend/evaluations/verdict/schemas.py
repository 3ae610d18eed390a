"""What an experiment's tests say of its main method: as data, and in the sentences that every place shows."""

from typing import Literal

from pydantic import Field

from backend.contracts.metrics import DistanceUnit, ModelKind, ScoreName
from backend.evaluations.schemas import Checkpoint
from backend.record import Record

#: `level`: the test tells no difference. `too_few`: no data whatever could have shown one with so few cases.
Relation = Literal["better", "worse", "level", "too_few"]
#: Why the method is compared with: what the experiment is against, or a bound from below or above.
Role = Literal["baseline", "local-only", "centralized"]


class VerdictMethod(Record):
    strategy_label: str
    model: ModelKind
    mean: float | None = Field(description="Over the cases of all sites that train.")
    text: str = Field(description="The mean as it is printed everywhere; a dash for none.")


class VerdictPlace(Record):
    """The main method against another on one site's test cases."""

    site_slug: str | None = Field(description="None: the cases of all sites that train, pooled.")
    site_name: str | None
    unseen: bool
    relation: Relation
    difference: float = Field(description="The main method's mean less the other's, over the cases that both have.")
    low: float | None
    high: float | None
    p_holm: float | None = Field(description="As in the table that has the other method as its baseline.")
    text: str = Field(description="The difference with its sign, as it is printed.")
    interval_text: str = Field(description="Empty where there is no interval.")


class VerdictAgainst(Record):
    role: Role
    method: VerdictMethod
    places: list[VerdictPlace] = Field(description="All sites that train together, then each site.")
    words: str = Field(description="One or two sentences.")


class Verdict(Record):
    """Which method wins, where, and by how much."""

    experiment_id: str
    metric: ScoreName
    unit: DistanceUnit | Literal["mixed"] | None
    checkpoint: Checkpoint
    structure: str | None
    complete: bool
    method: VerdictMethod | None = Field(
        description="What the experiment is about: FedSM, else its first federated method other than the baseline. "
        "None before anything was tested."
    )
    run_id: str | None = Field(description="Of the method's first tested run: whose cases can be looked at.")
    against: list[VerdictAgainst]
    ahead: VerdictMethod | None = Field(
        description="The federated method with the best pooled mean, where that is better than the main method's."
    )
    headline: str = Field(description="What came out, in a sentence or two.")
    details: list[str] = Field(description="The sentences that follow the headline, the most important first.")
    words_of_seeds: str = Field(description="What this number of seeds allows one to say.")
    test: str | None = Field(description="The test in words; None where nothing was compared.")


class LatestResult(Record):
    """The experiment whose run ended last, of those that the caller sees, and what came out."""

    experiment_id: str
    experiment_name: str
    federation_id: str
    federation_name: str
    verdict: Verdict
