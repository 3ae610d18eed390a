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
    "optimization": "what it costs that a site's model takes fewer gradient steps than the centralized one",
    "drift": "what training apart and averaging costs at equal steps",
    "personalization": "what personalized models cost against the global one; negative where they win",
    "routing": "what it costs that the model selector must guess the site",
    "threshold": "what the threshold costs against the one that validation would choose",
    "checkpoint": "what the last round would cost against the one that validation chose",
}


def label_of(keys: list[TermKey]) -> str:
    """`Optimization and drift`."""
    first, *others = (LABELS[key] for key in keys)
    return " and ".join([first, *(other.lower() for other in others)])


def words_of(keys: list[TermKey]) -> str:
    return "; ".join(WORDS[key] for key in keys)
