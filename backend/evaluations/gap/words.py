"""The one place that names the levels and terms of the gap."""

from backend.evaluations.gap.schemas import LevelKey, TermKey

LEVELS: dict[LevelKey, str] = {
    "centralized": "Centralized training at full effort",
    "equal": "Centralized training with a site's number of steps",
    "global": "The method's global model",
    "known": "The personalized model of the case's own site (site known)",
    "tuned": "The super model at the threshold that is best on validation",
    "ran": "The method as it ran, best round",
    "last": "The method as it ran, last round",
}

SHORT: dict[LevelKey, str] = {
    "centralized": "Centralized",
    "equal": "Centralized, equal steps",
    "global": "Global model",
    "known": "Site known",
    "tuned": "Best threshold",
    "ran": "As it ran",
    "last": "Last round",
}

LABELS: dict[TermKey, str] = {
    "optimization": "Optimization",
    "drift": "Drift",
    "personalization": "Personalization",
    "routing": "Routing",
    "threshold": "Threshold",
    "checkpoint": "Checkpoint",
}

WORDS: dict[TermKey, str] = {
    "optimization": "lost because a site's model takes fewer gradient steps than the centralized one",
    "drift": "lost because sites train apart and are averaged, at equal steps",
    "personalization": "lost by the personalized models against the global one; negative: won back",
    "routing": "lost because the model selector does not always name the right site",
    "threshold": "lost because the threshold is not the one that validation would choose",
    "checkpoint": "lost in the last round against the one that validation chose",
}


def label_of(keys: list[TermKey]) -> str:
    """`Optimization and drift`."""
    first, *others = (LABELS[key] for key in keys)
    return " and ".join([first, *(other.lower() for other in others)])


def words_of(keys: list[TermKey]) -> str:
    return "; ".join(WORDS[key] for key in keys)
