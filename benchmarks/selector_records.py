"""What is kept of one data set and seed, and the Markdown tables that are made of it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any, Self

GOOD_ACCURACY = 0.9
#: Thresholds that the super model's Dice is computed for; JSON has them as text.
GAMMAS = ("0", "0.5", "0.7", "0.8", "0.9", "0.95", "0.99")
REFERENCE_GAMMA = "0.9"
#: Those that the table shows.
SHOWN_GAMMAS = ("0", "0.7", "0.9", "0.99")
#: A calibrated selector's answers without its temperature.
UNCALIBRATED_SUFFIX = ", uncalibrated"


@dataclass(frozen=True)
class SelectorRecord:
    """One selector on one federation. accuracies: by round, of the test cases, each patient's answered as one.

    accuracy_by_case: of the last round without that. nll, ece: of the last round's probabilities on the test cases.
    bytes: of one site's update. seconds: CPU, all sites and rounds and the server, without the segmentation models.
    """

    accuracies: list[float]
    accuracy_by_case: float
    nll: float
    ece: float
    bytes_first: float
    bytes_later: float
    seconds: float

    @property
    def round_of_good_accuracy(self) -> int | None:
        """The first round from which on it was never again at or below GOOD_ACCURACY."""
        bad = [round_ for round_, accuracy in enumerate(self.accuracies, start=1) if accuracy <= GOOD_ACCURACY]
        first = bad[-1] + 1 if bad else 1
        return first if first <= len(self.accuracies) else None


@dataclass(frozen=True)
class DiceRecord:
    """Test Dice, means over cases of the mean over structures, of one selector's routing.

    hard, share_global: by gamma. own: the case's own site's model; None for cases of a site outside the federation.
    """

    global_: float
    own: float | None
    hard: dict[str, float]
    share_global: dict[str, float]
    soft: float


@dataclass(frozen=True)
class Records:
    """Of one data set and seed. dice: by SoftPull, then by selector."""

    selectors: dict[str, SelectorRecord]
    dice: dict[str, dict[str, DiceRecord]]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        dice = {
            pull: {name: DiceRecord(**row) for name, row in of_pull.items()} for pull, of_pull in fields["dice"].items()
        }
        return cls({name: SelectorRecord(**record) for name, record in fields["selectors"].items()}, dice)

    def joined(self, other: "Records") -> "Records":
        """With another's selectors, on the same segmentation models."""
        pulls = {**self.dice, **other.dice}
        dice = {pull: {**self.dice.get(pull, {}), **other.dice.get(pull, {})} for pull in pulls}
        return Records({**self.selectors, **other.selectors}, dice)

    def only(self, selectors: Sequence[str]) -> "Records":
        """Those selectors, with and without temperature."""
        kept = {name: record for name, record in self.selectors.items() if _base(name) in selectors}
        dice = {
            pull: {name: row for name, row in rows.items() if _base(name) in selectors}
            for pull, rows in self.dice.items()
        }
        return Records(kept, dice)


def _base(name: str) -> str:
    return name.removesuffix(UNCALIBRATED_SUFFIX)


def selector_table(seeds: Sequence[Records], rounds: int) -> Iterator[str]:
    """A line a selector: means over the seeds that have it; of accuracy and rounds, every seed's."""
    yield (
        f"| selector | accuracy, round 1 | round {rounds} | by case | NLL | ECE | above 90 % from round on "
        "| sent by a site, round 1 | later, a round | CPU s |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name in dict.fromkeys(name for records in seeds for name in records.selectors):
        of = [records.selectors[name] for records in seeds if name in records.selectors]
        cells = (
            _each([record.accuracies[0] for record in of]),
            _each([record.accuracies[-1] for record in of]),
            _each([record.accuracy_by_case for record in of]),
            f"{mean(record.nll for record in of):.3f}",
            f"{mean(record.ece for record in of):.3f}",
            " / ".join(str(record.round_of_good_accuracy or "never") for record in of),
            _size(mean(record.bytes_first for record in of)),
            _size(mean(record.bytes_later for record in of)),
            f"{mean(record.seconds for record in of):.1f}",
        )
        yield f"| {name} | {' | '.join(cells)} |"


def dice_table(seeds: Sequence[Records]) -> Iterator[str]:
    """A line a SoftPull and selector: means over seeds."""
    thresholds = " | ".join(f"gamma {gamma}" for gamma in SHOWN_GAMMAS)
    yield f"| SoftPull | selector | global | site known | {thresholds} | soft | to global at {REFERENCE_GAMMA} |"
    yield "|" + "---|" * (len(SHOWN_GAMMAS) + 6)
    pulls = dict.fromkeys(pull for records in seeds for pull in records.dice)
    for pull in pulls:
        of_pull = [records.dice[pull] for records in seeds if pull in records.dice]
        for name in dict.fromkeys(name for rows in of_pull for name in rows):
            rows = [by_selector[name] for by_selector in of_pull if name in by_selector]
            own = [row.own for row in rows if row.own is not None]
            cells = (
                f"{mean(row.global_ for row in rows):.4f}",
                f"{mean(own):.4f}" if own else "",
                *(f"{mean(row.hard[gamma] for row in rows):.4f}" for gamma in SHOWN_GAMMAS),
                f"{mean(row.soft for row in rows):.4f}",
                f"{mean(row.share_global[REFERENCE_GAMMA] for row in rows):.2f}",
            )
            yield f"| {pull} | {name} | {' | '.join(cells)} |"


def _each(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.2f}" for value in values)


def _size(num_bytes: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= size:
            return f"{num_bytes / size:.2f} {unit}"
    return f"{num_bytes:.0f} B"
