"""Why a model was chosen for an image, in one sentence."""

from collections.abc import Mapping


def why_chosen(chosen: str, probabilities: Mapping[str, float] | None, gamma: float | None) -> str:
    """probabilities: the model selector's, by site; none without a selector. gamma: of routing by a threshold."""
    if not probabilities:
        return f"segmented by {chosen}; the method has no model selector"
    site, probability = max(probabilities.items(), key=lambda entry: entry[1])
    seen = f"most like {site} ({probability:.1%})"
    if chosen == "mixture":
        return f"{seen}: segmented by all sites' models, weighted so"
    if gamma is None:
        return f"{seen}: segmented by {chosen}, of which the best score is expected"
    compared = "not above" if chosen == "global" else "above"
    return f"{seen}, {compared} gamma {gamma:g}: segmented by {chosen}"
