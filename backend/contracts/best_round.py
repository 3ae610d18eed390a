"""Which round is the best: the one rule, for the platform and for rounds run in one process.

A mean over sites says which of two rounds is better only where the same sites stand behind both. So participants are
chosen, and the rounds that every one of them validated are compared by the case-weighted mean of their Dice.

Which participants: those who validated the last round, that is those who are still there; a site that left for good
then takes no later round out of the comparison. Unless that leaves out more scores (cases x rounds) than it compares,
as where a site was away in the last round alone or came back for it: then, of each round's own participants and of
those who validated the most rounds, one more after the other, the set whose comparison holds the most scores.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from backend.contracts.base import Contract

#: Means that differ by less differ by rounding alone.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class ValidationScore:
    """A participant's score of one round, of the model that the method is for.

    dice: the mean over its validation cases, 0 to 1. num_cases: their number, at least one.
    """

    dice: float
    num_cases: int


#: Round to participant to score; a participant stands only in the rounds that it validated.
ValidationScores = Mapping[int, Mapping[str, ValidationScore]]


class BestRound(Contract):
    """The best round, and what it was compared on. Ties: the earlier round."""

    round: int
    dice: float = Field(description="Case-weighted mean validation Dice of the compared participants.")
    participants: tuple[str, ...] = Field(description="They validated every compared round.")
    rounds: tuple[int, ...] = Field(description="The compared rounds, ascending.")
    left_out_participants: tuple[str, ...] = Field(
        default=(), description="They have validation cases, but did not validate every compared round."
    )
    left_out_rounds: tuple[int, ...] = Field(
        default=(), description="Validated, but not by every compared participant: not compared."
    )

    def note(self, names: Mapping[str, str]) -> str | None:
        """What was not compared, in words; None where everything was. names: of sites, by slug."""
        if not self.left_out_participants and not self.left_out_rounds:
            return None
        text = f"Round {self.round} is the best by the validation of {_listed(self.participants, names)}"
        if self.left_out_participants:
            text += (
                f", without {_listed(self.left_out_participants, names)}, which did not validate every compared round"
            )
        if self.left_out_rounds:
            named = f"{'round' if len(self.left_out_rounds) == 1 else 'rounds'} {spans(self.left_out_rounds)}"
            text += f"; not compared: {named}, which not all of them validated"
        return text + "."


def best_among(scores: ValidationScores, expected: Collection[str] = ()) -> BestRound | None:
    """The best of the rounds validated so far; None where no participant validated one.

    expected: participants with validation cases, of whom those that never validated are named as left out too.
    """
    scores = {number: scores[number] for number in sorted(scores) if scores[number]}
    if not scores:
        return None
    chosen = _compared_participants(scores)
    means = _means(scores, chosen)
    rounds = list(means)
    best = min(rounds, key=lambda number: (-means[number], number))
    everyone = {name for of_round in scores.values() for name in of_round} | {*expected}
    return BestRound(
        round=best,
        dice=means[best],
        participants=tuple(sorted(chosen)),
        rounds=tuple(rounds),
        left_out_participants=tuple(sorted(everyone - chosen)),
        left_out_rounds=tuple(number for number in scores if number not in rounds),
    )


def comparable_means(scores: ValidationScores) -> dict[int, float]:
    """Round to mean Dice, of the rounds that `best_among` compares, ascending."""
    scores = {number: scores[number] for number in sorted(scores) if scores[number]}
    return _means(scores, _compared_participants(scores)) if scores else {}


def keepable_rounds(scores: ValidationScores, num_rounds: int, kept: Collection[int] | None = None) -> set[int]:
    """The rounds in `scores` that may still become the best of `num_rounds`, whichever participants validate what
    remains.

    `scores` holds rounds whose validation is over. No such round is missing; some may be too many, because a round is
    let go only where another one is at least as good for every set of participants that may still be chosen.

    kept: those of them whose state is still there; by default all. Only they are compared, so that the work does not
    grow with the rounds that were let go: whatever one of those beats, the one that beat it beats too.
    """
    scores = {number: scores[number] for number in sorted(scores) if scores[number]}
    if not scores:
        return set()
    fewest = _fewest_cases(scores, num_rounds)
    # The likeliest winners first: most rounds are then beaten by the first that they are compared with.
    means = {number: _mean(scores[number], frozenset(scores[number])) for number in scores if _is_in(number, kept)}
    others = sorted(means, key=lambda number: (-means[number], number))
    return {
        number
        for number in means
        if sum(score.num_cases for score in scores[number].values()) >= fewest
        and not any(_always_beats(scores, other, number, fewest) for other in others if other != number)
    }


def _is_in(number: int, kept: Collection[int] | None) -> bool:
    return kept is None or number in kept


def _listed(slugs: Sequence[str], names: Mapping[str, str]) -> str:
    """`a, b and c`, by name where one is known."""
    *others, last = [names.get(slug, slug) for slug in slugs]
    return f"{', '.join(others)} and {last}" if others else last


def spans(rounds: Sequence[int]) -> str:
    """`1, 4 to 7, 9` of ascending numbers."""
    found: list[list[int]] = []
    for number in rounds:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in found)


def _compared_participants(scores: ValidationScores) -> frozenset[str]:
    still_there = frozenset(scores[max(scores)])
    num_scores = sum(score.num_cases for of_round in scores.values() for score in of_round.values())
    if 2 * _num_compared(scores, still_there) >= num_scores:
        return still_there
    candidates = {*map(frozenset, scores.values()), *_most_present(scores)}
    return max(candidates, key=lambda names: (_num_compared(scores, names), len(names), sorted(names)))


def _most_present(scores: ValidationScores) -> Iterator[frozenset[str]]:
    """The participant that validated the most rounds, then the two, and so on; ties: more cases, then by name."""
    rounds: dict[str, int] = {}
    cases: dict[str, int] = {}
    for of_round in scores.values():
        for name, score in of_round.items():
            rounds[name] = rounds.get(name, 0) + 1
            cases[name] = cases.get(name, 0) + score.num_cases
    order = sorted(rounds, key=lambda name: (-rounds[name], -cases[name], name))
    return (frozenset(order[:count]) for count in range(1, len(order) + 1))


def _validated_by(scores: ValidationScores, names: frozenset[str]) -> list[int]:
    """The rounds that all of these participants validated."""
    return [number for number, of_round in scores.items() if names <= of_round.keys()]


def _num_compared(scores: ValidationScores, names: frozenset[str]) -> int:
    return sum(scores[number][name].num_cases for number in _validated_by(scores, names) for name in names)


def _means(scores: ValidationScores, names: frozenset[str]) -> dict[int, float]:
    return {number: _mean(scores[number], names) for number in _validated_by(scores, names)}


def _mean(of_round: Mapping[str, ValidationScore], names: frozenset[str]) -> float:
    """The mean, summed by name, so that equal scores give equal bits."""
    kept = [of_round[name] for name in sorted(names)]
    return sum(score.dice * score.num_cases for score in kept) / sum(score.num_cases for score in kept)


def _fewest_cases(scores: ValidationScores, num_rounds: int) -> float:
    """No set of participants with fewer validation cases can be chosen in the end, even if it alone validates every
    round that is left: a lower bound from either clause of the rule."""
    num_done = len(scores)
    num_left = max(num_rounds - num_done, 0)
    num_scores = sum(score.num_cases for of_round in scores.values() for score in of_round.values())
    most = max(_num_compared(scores, names) for names in {*map(frozenset, scores.values())})
    # c (done + left) >= (scores so far + c left) / 2, and c (done + left) >= what a set seen already compares.
    return min(num_scores / (2 * num_done + num_left), most / (num_done + num_left)) - _ROUNDING


def _always_beats(scores: ValidationScores, other: int, number: int, fewest: float) -> bool:
    """Whether `other` wins over `number` by every set of at least `fewest` cases that validated `number`.

    The set that is kindest to `number`: its best gains first, and of its losses no more than the cases that are needed.
    """
    own, better = scores[number], scores[other]
    if not own.keys() <= better.keys() or any(own[name].num_cases != better[name].num_cases for name in own):
        return False
    gains = sorted(((own[name].dice - better[name].dice, own[name].num_cases) for name in own), reverse=True)
    total, cases = 0.0, 0.0
    for gain, num_cases in gains:
        if gain < 0 and cases >= fewest and cases > 0:
            break
        taken = num_cases if gain >= 0 or cases == 0 else min(num_cases, fewest - cases)
        total, cases = total + gain * taken, cases + taken
    return total < -_ROUNDING or (total == 0 and other < number and all(gain <= 0 for gain, _ in gains))
