"""The tables of the gap's benchmark, made of its state file alone."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from backend.evaluations.hierarchical import interval_over_seeds_and_cases, words_of_seeds
from benchmarks.gap_fedsm import ENDS, HARD, ROUTINGS
from benchmarks.gap_scores import BEST_THRESHOLD, BOUND, GLOBAL_ONLY, KNOWN, OUTSIDE, OUTSIDE_GLOBAL, OWN_CHOICE, PLAIN

#: What a training of some label and seed left; by label and seed.
Found = Mapping[tuple[str, int], dict[str, Any]]
#: Scores of test cases, by seed.
Values = Mapping[int, Sequence[float]]
#: What ends the names of options whose training ends with another state than a trained round's.
OTHER_ENDS = tuple(filter(None, ENDS))
CENTRALIZED, EQUAL = "Centralized", "Centralized, equal steps"


def tables(workload: str, rounds: int, found: Found) -> Iterator[str]:
    """Yields the lines of Markdown tables; of each row the seeds that were run."""
    found = filled(found)
    labels = list(dict.fromkeys(label for label, _ in found))
    yield f"## {workload}: {rounds} rounds, test cases that nothing was chosen by\n"
    yield from _options(labels, rounds, found)
    yield from _terms(labels, found)
    yield from _goal(labels, found)
    yield from _outside(labels, found)


def filled(found: Found) -> Found:
    """With what a file leaves out: an end of training that validation did not choose in a seed is the plain one. And
    without what no run can be set to: each site's choice of the last pull."""
    names: dict[str, dict[str, None]] = {}
    for (label, _), result in found.items():
        shown = [name for name in result["options"] if not name.endswith(OWN_CHOICE)]
        names.setdefault(label, {}).update(dict.fromkeys(shown))
    return {
        (label, seed): result
        | {"options": {name: _option(result["options"], name) for name in sorted(names[label], key=_order)}}
        for (label, seed), result in found.items()
    }


def _option(options: Mapping[str, Any], name: str) -> Any:
    """Of a training; or the option without its end."""
    if name in options:
        return options[name]
    return options[next(plain for plain in options if name.startswith(f"{plain}, ") and not plain.endswith(OTHER_ENDS))]


def _order(name: str) -> tuple[int, int]:
    """By routing, then by end; the plain end of a method without routing comes first."""
    last = len(ROUTINGS) if name != PLAIN else -1
    routing = next((i for i, routing in enumerate(ROUTINGS) if name in _with_ends(routing)), last)
    return routing, next((i for i, end in enumerate(ENDS) if end and name.endswith(end)), 0)


def _with_ends(routing: str) -> tuple[str, ...]:
    return tuple(", ".join(filter(None, (routing, end))) for end in ENDS)


def _options(labels: Sequence[str], rounds: int, found: Found) -> Iterator[str]:
    """Without ends of training that validation chose in no seed: their rows would repeat the one without."""
    yield (
        "| training | option | seeds | validation, against the training without | helps on validation | test Dice "
        "| test, against it | site known | best round | steps a round | MB up |"
    )
    yield "|" + "---|" * 11
    for label in labels:
        seeds = seeds_of(label, found)
        first = found[label, seeds[0]]
        plain = next(iter(first["options"]))
        for option in first["options"]:
            of_seeds = [(found[label, seed], found[label, seed]["options"]) for seed in seeds]
            val = [options[option]["validation"] - options[plain]["validation"] for _, options in of_seeds]
            test = [fmean(options[option]["test"]) - fmean(options[plain]["test"]) for _, options in of_seeds]
            is_plain = option == plain
            last = max(options[option]["best_round"] for _, options in of_seeds)
            if option.endswith(OTHER_ENDS) and last <= rounds:
                continue
            cells = (
                label,
                "" if is_plain else option,
                str(len(seeds)),
                "" if is_plain else _signed(val),
                "" if is_plain else helps(val),
                f"{fmean(fmean(options[option]['test']) for _, options in of_seeds):.4f}",
                "" if is_plain else _signed(test),
                f"{fmean(fmean(options[option][KNOWN]) for _, options in of_seeds):.4f}",
                "/".join(str(options[option]["best_round"]) for _, options in of_seeds),
                f"{first['steps']:.1f}",
                f"{first['megabytes']:.3f}",
            )
            yield f"| {' | '.join(cells)} |"
    yield "\nEnds of training that validation chose in no seed are left out.\n"


def helps(differences: Sequence[float]) -> str:
    """An option helps where validation is higher with it in every seed."""
    if all(difference > 0 for difference in differences):
        return "yes"
    return "same" if all(difference == 0 for difference in differences) else "no"


def _terms(labels: Sequence[str], found: Found) -> Iterator[str]:
    """The gap of each FedSM taken apart as docs/gap.md derives it, with intervals over seeds and cases."""
    of_fedsm = [label for label in labels if HARD in found[label, seeds_of(label, found)[0]]["options"]]
    if not of_fedsm or not {CENTRALIZED, EQUAL} <= set(labels):
        return
    yield "| training | seeds | optimization | drift | personalization | routing | threshold | gap | room |"
    yield "|" + "---|" * 9
    full, equal = (_values(label, PLAIN, "test", found) for label in (CENTRALIZED, EQUAL))
    for label in of_fedsm:
        of = {name: _values(label, HARD, name, found) for name in (GLOBAL_ONLY, KNOWN, BEST_THRESHOLD, "test", BOUND)}
        shared = full.keys() & equal.keys() & of["test"].keys()  # or the terms would not add up
        if not shared:
            continue
        levels = {name: {seed: values[seed] for seed in shared} for name, values in of.items()}
        own_full, own_equal = ({seed: values[seed] for seed in shared} for values in (full, equal))
        terms = [difference(*pair) for pair in _pairs(own_full, own_equal, levels)]
        yield f"| {label} | {len(shared)} | {' | '.join(terms)} |"
    yield ""


def _pairs(full: Values, equal: Values, of: Mapping[str, Values]) -> tuple[tuple[Values, Values], ...]:
    """Of each term the level that it falls from, and the one that it falls to."""
    return (
        (full, equal),
        (equal, of[GLOBAL_ONLY]),
        (of[GLOBAL_ONLY], of[KNOWN]),
        (of[KNOWN], of[BEST_THRESHOLD]),
        (of[BEST_THRESHOLD], of["test"]),
        (full, of["test"]),
        (of[BOUND], of["test"]),
    )


def _goal(labels: Sequence[str], found: Found) -> Iterator[str]:
    """The training and option of FedSM that validation prefers, against centralized training at equal steps and against
    each method beside it; each with the end of training that its own validation prefers."""
    candidates = [(label, option) for label in labels for option in _options_of(label, found)]
    of_fedsm = [pair for pair in candidates if pair[1].startswith(ROUTINGS)]
    if not of_fedsm:
        return
    most = max(len(seeds_of(label, found)) for label, _ in of_fedsm)
    of_fedsm = [pair for pair in of_fedsm if len(seeds_of(pair[0], found)) == most]  # or other seeds would decide
    best = max(of_fedsm, key=lambda pair: _validation(pair[0], pair[1], found))
    own = _values(*best, "test", found)
    mean = fmean(map(fmean, own.values()))
    yield f"By validation the best of FedSM is *{best[0]}*, *{best[1]}*: test Dice {mean:.4f}.\n"
    yield "| against | as validation ends it | seeds | test Dice | FedSM's difference, its interval | FedSM is above |"
    yield "|" + "---|" * 6
    shared = 1
    for label in labels:
        ends = [pair for pair in candidates if pair[0] == label and not pair[1].startswith(ROUTINGS)]
        if not ends:
            continue
        pair = max(ends, key=lambda pair: _validation(pair[0], pair[1], found))
        other = _values(*pair, "test", found)
        mean = fmean(map(fmean, other.values()))
        if not own.keys() & other.keys():
            continue
        shared = max(shared, len(own.keys() & other.keys()))
        low, _ = limits(own, other)
        cells = (label, pair[1], len(own.keys() & other.keys()), f"{mean:.4f}", difference(own, other))
        yield f"| {' | '.join(map(str, cells))} | {'yes' if low > 0 else 'not shown'} |"
    yield f"\n{words_of_seeds(shared)}\n"


def _outside(labels: Sequence[str], found: Found) -> Iterator[str]:
    """What sites that train no model get, at the best trained round; against centralized training at equal steps where
    that was tested on them."""
    rows = [
        (label, option)
        for label in labels
        for option in _options_of(label, found)
        if not option.endswith(OTHER_ENDS) and OUTSIDE in found[label, seeds_of(label, found)[0]]["options"][option]
    ]
    if not rows:
        return
    equal = _values(EQUAL, PLAIN, OUTSIDE, found) if (EQUAL, PLAIN) in rows else {}
    heads = ["training", "option", "Dice outside the federation", "against its global model"]
    heads += ["against centralized at equal steps"] * bool(equal)
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for label, option in rows:
        own, shared = (_values(label, option, what, found) for what in (OUTSIDE, OUTSIDE_GLOBAL))
        cells = [label, option, f"{fmean(map(fmean, own.values())):.4f}", difference(own, shared)]
        if equal:
            cells.append(difference(own, equal) if own.keys() & equal.keys() else "")
        yield f"| {' | '.join(cells)} |"
    yield ""


def difference(first: Values, second: Values) -> str:
    """The mean of first less second over the seeds that both have, with its interval over seeds and cases."""
    low, high = limits(first, second)
    return f"{fmean(map(fmean, paired(first, second))):+.4f} [{low:+.4f}, {high:+.4f}]"


def limits(first: Values, second: Values) -> tuple[float, float]:
    """Of the interval of first less second."""
    seeds = sorted(first.keys() & second.keys())
    by_case = zip(*paired(first, second), strict=True)
    found = interval_over_seeds_and_cases([dict(zip(seeds, values, strict=True)) for values in by_case])
    if found is None:
        raise ValueError("there are no two test cases to make an interval of")
    return found.low, found.high


def paired(first: Values, second: Values) -> list[list[float]]:
    """For each seed that both have, the differences of all cases."""
    return [
        [a - b for a, b in zip(first[seed], second[seed], strict=True)] for seed in sorted(first.keys() & second.keys())
    ]


def seeds_of(label: str, found: Found) -> list[int]:
    return sorted(seed for other, seed in found if other == label)


def _options_of(label: str, found: Found) -> list[str]:
    return list(found[label, seeds_of(label, found)[0]]["options"])


def _values(label: str, option: str, what: str, found: Found) -> dict[int, list[float]]:
    return {seed: found[label, seed]["options"][option][what] for seed in seeds_of(label, found)}


def _validation(label: str, option: str, found: Found) -> float:
    return fmean(found[label, seed]["options"][option]["validation"] for seed in seeds_of(label, found))


def _signed(values: Sequence[float]) -> str:
    return " ".join(f"{value:+.4f}" for value in values)
