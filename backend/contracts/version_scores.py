"""The scores of a set of models with their intervals, and how cards write them."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.metrics import ModelKind
from backend.contracts.score_text import printed
from backend.contracts.values import MAX_SITES, AtMost, Count, Fraction, Slug

#: Three models at each site and at all together.
MAX_VERSION_SCORES = 3 * (MAX_SITES + 1)


class VersionScore(Contract):
    """Mean Dice of one model on test cases, over structures and cases, with its bootstrap interval."""

    model: ModelKind = Field(description="`global`, `personalized` (of the case's own site) or `super`.")
    site_slug: Slug | None = Field(description="Null: the test cases of all sites that trained, together.")
    held_out: bool = Field(description="The site did not train.")
    dice: Fraction | None
    low: Fraction | None = Field(
        description="Ends of the 95 % interval; null for fewer than two cases, or where a site states a mean alone."
    )
    high: Fraction | None
    num_cases: Count

    @property
    def place(self) -> str:
        place = "all sites that trained" if self.site_slug is None else self.site_slug
        return place + (" (did not train)" if self.held_out else "")

    @property
    def interval(self) -> str | None:
        if self.low is None or self.high is None:
            return None
        return f"{printed(self.low, 'dice')} to {printed(self.high, 'dice')}"


VersionScores = Annotated[tuple[VersionScore, ...], AtMost(MAX_VERSION_SCORES)]


def score_table(scores: Iterable[VersionScore]) -> list[str]:
    """The lines of a table in Markdown."""
    return [
        "| test cases of | model | mean Dice | 95 % interval | cases |",
        "|---|---|---|---|---|",
        *(
            f"| {score.place} | {score.model} | {printed(score.dice, 'dice', '-')} | "
            f"{score.interval or '-'} | {score.num_cases} |"
            for score in scores
        ),
    ]


def model_index(name: str, scores: Sequence[VersionScore]) -> list[dict[str, Any]]:
    """The metadata `model-index` of a Hugging Face card: one result a place, one metric a model.

    Empty without scores. Source: huggingface.co/docs/hub/model-cards, "Evaluation results".
    """
    known = [score for score in scores if score.dice is not None]
    results = [
        {
            "task": {"type": "image-segmentation"},
            "dataset": {"type": "federated", "name": f"test cases of {place}"},
            "metrics": [
                {"type": "dice", "name": _in_words(score), "value": score.dice}
                for score in known
                if score.place == place
            ],
        }
        for place in dict.fromkeys(score.place for score in known)
    ]
    return [{"name": name, "results": results}] if results else []


def _in_words(score: VersionScore) -> str:
    interval = f"95 % interval {score.interval}, " if score.interval is not None else ""
    return f"mean Dice, {score.model} ({interval}{score.num_cases} cases)"
