"""Which round is the best, by hand-worked scores: the rule alone, without a platform."""

import random
from typing import Any

import pytest

import backend.contracts.best_round as module
from backend.contracts.best_round import ValidationScore, ValidationScores, best_among, keepable_rounds


def scores(rounds: dict[int, dict[str, float]], cases: dict[str, int] | None = None) -> ValidationScores:
    """Of rounds by participant; one validation case each unless told."""
    return {
        number: {name: ValidationScore(dice, (cases or {}).get(name, 1)) for name, dice in of_round.items()}
        for number, of_round in rounds.items()
    }


def test_no_validation_has_no_best_round() -> None:
    assert best_among({}) is None
    assert best_among({1: {}}) is None
    assert keepable_rounds({}, 5) == set()


def test_sites_are_weighed_by_their_validation_cases_and_the_earlier_of_equals_is_taken() -> None:
    """Round 1: (0.9 + 8 * 0.5 + 0.5) / 10 = 0.54, though the plain mean would be 0.63; rounds 2 and 3: 0.6."""
    rounds = {1: {"a": 0.9, "b": 0.5, "c": 0.5}, 2: dict.fromkeys("abc", 0.6), 3: dict.fromkeys("abc", 0.6)}
    best = best_among(scores(rounds, {"b": 8}))
    assert best is not None
    assert (best.round, best.dice) == (2, pytest.approx(0.6))
    assert best.note({}) is None
    assert (best.participants, best.rounds) == (("a", "b", "c"), (1, 2, 3))


def test_a_site_that_leaves_after_round_1_does_not_make_round_1_the_best() -> None:
    rounds = {number: {"a": 0.2 + 0.02 * number, "b": 0.3 + 0.02 * number} for number in range(1, 26)}
    rounds[1]["c"] = 0.9
    best = best_among(scores(rounds))
    assert best is not None
    assert (best.round, best.dice) == (25, pytest.approx((0.7 + 0.8) / 2))
    assert (best.left_out_participants, best.left_out_rounds) == (("c",), ())
    assert best.note({"c": "Clinic C"}) == (
        "Round 25 is the best by the validation of a and b, without Clinic C, which did not validate every compared "
        "round."
    )


def test_a_round_is_not_better_because_a_hard_site_was_absent() -> None:
    """Site b did not validate round 1: 0.9 of the others is not compared with 0.5 of all, who are there at the end."""
    rounds = {1: {"a": 0.9, "c": 0.9}, 2: dict.fromkeys("abc", 0.5), 3: dict.fromkeys("abc", 0.6)}
    best = best_among(scores(rounds))
    assert best is not None
    assert (best.round, best.participants, best.left_out_rounds) == (3, ("a", "b", "c"), (1,))
    assert best.note({}) == (
        "Round 3 is the best by the validation of a, b and c; not compared: round 1, which not all of them validated."
    )


def test_a_site_that_comes_back_for_the_last_round_does_not_leave_two_rounds_to_compare() -> None:
    """All three were there in rounds 1 and 10 alone: 6 scores. Two of them over ten rounds: 20 of the 22."""
    rounds = {number: {"a": number / 10, "b": number / 10} for number in range(1, 11)}
    rounds[8] = {"a": 0.99, "b": 0.99}
    rounds[1]["c"] = rounds[10]["c"] = 0.5
    best = best_among(scores(rounds))
    assert best is not None
    assert (best.round, best.participants, best.rounds) == (10, ("a", "b"), tuple(range(1, 11)))


def test_many_absent_at_the_end_are_not_left_out_of_the_comparison() -> None:
    """Only b (1 case) validated round 4: 4 of 25 scores. All together over rounds 1 to 3 are 24."""
    rounds = {number: {"a": [0.1, 0.9, 0.2][number - 1], "b": 0.5} for number in (1, 2, 3)} | {4: {"b": 0.9}}
    best = best_among(scores(rounds, {"a": 7}))
    assert best is not None
    assert (best.round, best.participants, best.left_out_rounds) == (2, ("a", "b"), (4,))


def test_small_sites_that_come_and_go_do_not_take_rounds_from_a_large_one() -> None:
    """One of b, c and d is there each round; a, with 100 cases, always: alone it compares 1000 of the 1010 scores."""
    rounds = {number: {"a": number / 20, "bcd"[number % 3]: 0.5} for number in range(1, 11)}
    best = best_among(scores(rounds, {"a": 100}))
    assert best is not None
    assert (best.round, best.participants, best.left_out_participants) == (10, ("a",), ("b", "c", "d"))


def test_the_order_in_which_scores_arrive_changes_nothing() -> None:
    rounds = {1: {"a": 0.1, "b": 0.7}, 2: {"a": 0.7, "b": 0.1}, 3: {"b": 0.3, "a": 0.4}}
    turned = {number: dict(reversed(of_round.items())) for number, of_round in reversed(rounds.items())}
    assert best_among(scores(rounds)) == best_among(scores(turned))


@pytest.mark.parametrize("seed", range(40))
def test_the_best_round_was_never_let_go(seed: int) -> None:
    """Whoever is absent when: the best of all is, after every round before, among those that may still become it."""
    draw = random.Random(seed)
    names = "abcde"[: draw.choice((1, 2, 3, 5))]
    cases = {name: draw.choice((1, 2, 10)) for name in names}
    presence = draw.choice((1.0, 0.9, 0.5))
    num_rounds, left_at = 20, {name: draw.choice((1, 5, 20, 20)) for name in names}
    rounds: dict[int, dict[str, float]] = {}
    for number in range(1, num_rounds + 1):
        there = [name for name in names if number <= left_at[name] and draw.random() <= presence]
        rounds[number] = {name: round(min(0.9, number / 15) + draw.random() / 5, draw.choice((1, 3))) for name in there}
    everything = scores(rounds, cases)
    best = best_among(everything)
    if best is None:
        return
    here: set[int] = set()
    for number in range(1, num_rounds + 1):
        done = {earlier: everything[earlier] for earlier in range(1, number + 1)}
        here = keepable_rounds(done, num_rounds, here | {number})
        if number >= best.round:
            assert best.round in keepable_rounds(done, num_rounds), f"let go after round {number}"
            assert best.round in here, f"let go after round {number}, of those that were still here"


def test_the_work_of_a_round_does_not_grow_with_those_that_were_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve sites that improve by turns: the comparisons after each of 120 rounds are counted."""
    compared = 0
    always_beats = module._always_beats

    def counted(*arguments: Any) -> bool:
        nonlocal compared
        compared += 1
        return always_beats(*arguments)

    monkeypatch.setattr(module, "_always_beats", counted)
    rounds = {
        number: {f"s{site}": number / 200 + (number + site) % 3 / 300 for site in range(12)} for number in range(1, 121)
    }
    everything, here, counts = scores(rounds), set[int](), {}
    for number in rounds:
        compared = 0
        here = keepable_rounds({done: everything[done] for done in range(1, number + 1)}, 120, here | {number})
        counts[number] = compared
    assert 0 < max(counts.values()) < 20
    assert here == keepable_rounds(everything, 120), "the same as by a comparison of all rounds"


def test_of_sites_that_improve_together_only_the_latest_round_is_kept() -> None:
    rounds = {number: {"a": number / 30, "b": number / 40, "c": number / 50} for number in range(1, 21)}
    assert keepable_rounds(scores(rounds), 30) == {20}


def test_a_round_that_is_better_for_few_cases_alone_is_let_go() -> None:
    """Round 1 is better for b, which has 1 of 11 cases: no set of participants without a can be chosen any more."""
    rounds = {1: {"a": 0.1, "b": 0.9}} | {number: {"a": 0.5, "b": 0.5} for number in range(2, 10)}
    assert keepable_rounds(scores(rounds, {"a": 10}), 10) == {2}
    assert keepable_rounds(scores({1: rounds[1], 2: rounds[2]}, {"a": 10}), 100) == {1, 2}, "b may still stay alone"
