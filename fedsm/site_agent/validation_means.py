"""The means over validation cases as they leave a site whose policy keeps the scores of single cases.

They leave each round, and can be subtracted from each other as those of a test can (`summaries`). Here the agent sees
means and numbers of cases alone, so that it keeps what it cannot tell to be safe: of structures rather than of the mean
over them, of the single models rather than of the super model, because those choose the best round.
"""

from collections.abc import Iterable, Iterator, Sequence

from backend.contracts.metrics import MetricPoint, ModelKind

#: Shares of the validation cases: counts.
_SHARES = ("accuracy", "share_global")


def stated_points(points: Sequence[MetricPoint], minimum_cases: int) -> tuple[MetricPoint, ...]:
    """In their order. minimum_cases: nothing that is stated, and no difference, is over fewer.

    What training measured stays: the updates say the same. A threshold is the federation's, and no case's."""
    kept = {id(point) for of_round in _by_round(points) for point in _of_round(of_round, minimum_cases)}
    return tuple(point for point in points if _is_free(point) or id(point) in kept)


def _is_free(point: MetricPoint) -> bool:
    return point.split == "train" or point.name == "gamma"


def _by_round(points: Iterable[MetricPoint]) -> Iterator[list[MetricPoint]]:
    found: dict[tuple[int, str], list[MetricPoint]] = {}
    for point in points:
        if not _is_free(point):
            found.setdefault((point.round, point.split), []).append(point)
    yield from found.values()


def _of_round(points: list[MetricPoint], minimum: int) -> Iterator[MetricPoint]:
    uneven = {point.model for point in points if _is_uneven(point, points)}
    hidden = _next_to_super(
        [point for point in points if point.model not in uneven or point.structure is None], minimum
    )
    for point in points:
        if point.num_cases < minimum or (point.model in uneven and point.structure is not None):
            continue
        if point.name in _SHARES and not _is_told(_count(point), point.num_cases, minimum):
            continue
        if not (point.name == "dice" and point.model in hidden):
            yield point


def _is_uneven(point: MetricPoint, points: list[MetricPoint]) -> bool:
    """A structure that only some of the cases have: next to the mean over structures, it tells of the others."""
    overall = _dice_of(points, point.model).get(None)
    return (
        point.name == "dice"
        and point.structure is not None
        and overall is not None
        and point.num_cases != overall.num_cases
    )


def _next_to_super(points: list[MetricPoint], minimum: int) -> set[ModelKind]:
    """Models whose Dice, subtracted from the super model's, could tell of the few cases that have another model."""
    super_dice = _dice_of(points, "super")
    if not super_dice:
        return set()
    share = next((point for point in points if point.name == "share_global"), None)
    hidden: set[ModelKind] = set()
    for model in ("global", "personalized"):
        own = _dice_of(points, model)
        same = all(point.value == super_dice[name].value for name, point in own.items() if name in super_dice)
        if same and own.keys() <= super_dice.keys():
            continue  # says nothing more than the super model's
        numbers = {point.num_cases for point in (*own.values(), *super_dice.values())}
        if share is None or numbers != {share.num_cases} or not _differs_enough(share, model, minimum):
            hidden.add(model)
    return hidden


def _differs_enough(share: MetricPoint, model: ModelKind, minimum: int) -> bool:
    num_global = _count(share)
    if num_global == 0:
        return model == "global"  # which no case has; how many have the site's own model is not known
    return _is_told(num_global, share.num_cases, minimum)


def _dice_of(points: list[MetricPoint], model: ModelKind) -> dict[str | None, MetricPoint]:
    return {point.structure: point for point in points if point.name == "dice" and point.model == model}


def _count(share: MetricPoint) -> int:
    return round(share.value * share.num_cases)


def _is_told(number: int, total: int, minimum: int) -> bool:
    return all(group == 0 or group >= minimum for group in (number, total - number))
