"""The verdict's sentences: the one writer of them for the browser, the reports, LaTeX and the command line."""

from collections.abc import Iterator, Sequence

from backend.contracts.metrics import SCORES
from backend.evaluations.schemas import Comparison
from backend.evaluations.verdict.schemas import Relation, Verdict, VerdictAgainst, VerdictMethod, VerdictPlace

#: Of methods with several models.
MODELS = {"global": "global", "personalized": "personalized", "super": "super"}
#: What the method is at one site against another.
AT_ONE = {"better": "beats", "worse": "loses to", "level": "is level with"}
NOT_TESTED = "No run has been tested yet: the verdict comes with the first result."


def name_of(method: VerdictMethod, several_models: bool) -> str:
    """`the super model of FedSM`; a method of one model is its label alone."""
    if not several_models:
        return method.strategy_label
    return f"the {MODELS[method.model]} model of {method.strategy_label}"


def alone(method: VerdictMethod, name: str, score: str) -> str:
    """Of a method without any other to compare it with."""
    return f"{capital(name)} has a mean {score} of {method.text} over all sites' test cases. There is no other method."


def against_words(subject: str, other: str, means: tuple[str, str], against: Sequence[VerdictPlace]) -> str:
    """`The super model of FedSM beats FedAvg at 3 of 4 sites (Holm) and is level with it at Birch: ...`"""
    pooled = next((place for place in against if place.site_slug is None), None)
    sites = [place for place in against if place.site_slug is not None and not place.unseen]
    sentences = [f"{capital(subject)} {_at_sites(other, sites)}{_pooled(pooled, means)}."]
    sentences += _most(sites)
    return " ".join(sentences)


def unseen_words(subject: str, other: str, places: Sequence[VerdictPlace]) -> Iterator[str]:
    """A sentence a site that was held out."""
    for place in places:
        if place.unseen:
            interval = f" {place.interval_text}" if place.interval_text else ""
            if place.relation == "too_few":
                yield (
                    f"At {place.site_name}, which was held out, the difference from {other} is {place.text}{interval}: "
                    "too few cases to tell."
                )
            else:
                yield (
                    f"At {place.site_name}, which was held out, {subject} {AT_ONE[place.relation]} {other}: "
                    f"{place.text}{interval}."
                )


def ahead_words(ahead: VerdictMethod, name: str, score: str) -> str:
    return f"{capital(name)} has the best mean {score} of the federated methods, {ahead.text}."


def score_words(verdict: Verdict) -> str:
    """`Dice`, `HD95 (px)`."""
    label = SCORES[verdict.metric].label
    return f"{label} ({verdict.unit})" if verdict.unit in ("mm", "px") else label


def test_words(comparison: Comparison) -> str:
    return f"Differences over all sites' cases have {comparison.confidence:.0%} intervals; at sites: {comparison.test}."


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _at_sites(other: str, sites: Sequence[VerdictPlace]) -> str:
    by_relation = {relation: [p for p in sites if p.relation == relation] for relation in ("better", "worse", "level")}
    num_related = sum(map(len, by_relation.values()))
    if not num_related:
        where = "at any site" if len(sites) > 1 else "at its site"
        return f"has too few test cases {where} to be distinguished from {other}"
    parts = [
        f"{_verb(relation, other, first=not index)} {_where(places, len(sites), named=index > 0 or len(places) == 1)}"
        for index, (relation, places) in enumerate((r, p) for r, p in by_relation.items() if p)
    ]
    words = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    words += " (Holm)" if by_relation["better"] or by_relation["worse"] else " (no difference found)"
    if few := [place for place in sites if place.relation == "too_few"]:
        words += f", with too few cases to tell at {names(few)}"
    return words


def _verb(relation: str, other: str, first: bool) -> str:
    return f"{AT_ONE[relation]} {other if first else 'it'}"


def _where(places: Sequence[VerdictPlace], num_sites: int, named: bool) -> str:
    if len(places) == num_sites:
        return f"at all {num_sites} sites" if num_sites > 1 else f"at {names(places)}"
    if named:
        return f"at {names(places)}"
    return f"at {len(places)} of {num_sites} sites"


def _pooled(pooled: VerdictPlace | None, means: tuple[str, str]) -> str:
    if pooled is None:
        return ""
    interval = f" {pooled.interval_text}" if pooled.interval_text else ""
    return f": {means[0]} against {means[1]} over all sites' cases, {pooled.text}{interval}"


def _most(sites: Sequence[VerdictPlace]) -> Iterator[str]:
    """Where it gains, and loses, most: of several such sites, and of those where a difference was found."""
    if len(sites) < 2:
        return
    relations: tuple[tuple[Relation, str], ...] = (("better", "gains"), ("worse", "loses"))
    for relation, verb in relations:
        found = [place for place in sites if place.relation == relation]
        if found:
            most = max(found, key=lambda place: abs(place.difference))
            yield f"It {verb} most at {most.site_name}, {most.text}."


def names(places: Sequence[VerdictPlace]) -> str:
    found = [place.site_name or "" for place in places]
    return f"{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else found[0]


def centralized_words(against: VerdictAgainst, subject: str, lower_is_better: bool, standing: str) -> str:
    """`It is 0.032 from Centralized over all sites' cases [...]`, and at how many sites the test tells them apart.

    standing: the same in the words of any other method, for the sites.
    """
    pooled = next((place for place in against.places if place.site_slug is None), None)
    if pooled is None:
        return standing
    better = (pooled.difference < 0) == lower_is_better and pooled.difference != 0
    size = pooled.text.lstrip("+\N{MINUS SIGN}")
    interval = f" {pooled.interval_text}" if pooled.interval_text else ""
    label = against.method.strategy_label
    distance = f"{size} better than {label}" if better else f"{size} from {label}"
    sites = [place for place in against.places if place.site_slug is not None and not place.unseen]
    return f"{capital(subject)} is {distance} over all sites' cases{interval} and {_at_sites('it', sites)}."
