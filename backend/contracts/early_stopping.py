"""When training ends early: the one rule, for the platform and for rounds run in one process."""

from collections.abc import Mapping
from dataclasses import dataclass

from backend.contracts.best_round import ValidationScores, comparable_means


@dataclass(frozen=True)
class Progress:
    """gained_in: the last round that gained enough. waited: later rounds, each without enough gain."""

    gained_in: int
    waited: int


def stops(scores: ValidationScores, patience: int | None, minimum_gain: float, since: int = 0) -> Progress | None:
    """What the rounds validated so far say for ending the training; None: it goes on. patience: None never ends it.

    The rounds are compared as for the best round.
    """
    if patience is None:
        return None
    found = progress_of(comparable_means(scores), minimum_gain, since)
    return found if found is not None and found.waited >= patience else None


def progress_of(means: Mapping[int, float], minimum_gain: float, since: int = 0) -> Progress | None:
    """means: round to mean Dice, of the same participants in all. None without a round.

    A round gains if it is better than the last one that gained by more than `minimum_gain`. Rounds are waited for after
    it, and only those after round `since`: from there, somebody asked for more.
    """
    numbers = sorted(means)
    if not numbers:
        return None
    gained_in = numbers[0]
    for number in numbers:
        if means[number] > means[gained_in] + minimum_gain:
            gained_in = number
    return Progress(gained_in, sum(number > max(gained_in, since) for number in numbers))
