"""Cases that somebody confirmed to be one patient's share a split, and nothing else moves."""

import pytest

from backend.contracts.datasets import CheckedCase
from backend.contracts.likeness import JoinedCases
from backend.contracts.metrics import Split
from worker.datasets.joined import with_joined_splits


def case(name: str, split: Split | None, patient: str | None = None) -> CheckedCase:
    skipped = {"reason_code": "no_mask", "reason": "It has no mask."} if split is None else {}
    fields = {"name": name, "image": f"{name}.png", "mask": f"{name}.png", "split": split, "patient": patient}
    return CheckedCase.model_validate(fields | skipped)


def group(*names: str, elsewhere: tuple[Split, ...] = ()) -> JoinedCases:
    return JoinedCases(names=names, elsewhere=elsewhere)


def splits(cases: list[CheckedCase], *joined: JoinedCases) -> dict[str, Split | None]:
    return {entry.name: entry.split for entry in with_joined_splits(cases, joined)}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("train", "test", "test"), ("val", "test", "test"), ("train", "val", "val"), ("train", "train", "train")],
)
def test_two_cases_are_tested_where_one_is_else_validate_where_one_does(
    first: Split, second: Split, expected: Split
) -> None:
    cases = [case("a", first), case("b", second), case("c", "train")]
    assert splits(cases, group("a", "b")) == {"a": expected, "b": expected, "c": "train"}


def test_other_cases_of_both_patients_follow_and_only_what_moved_is_warned() -> None:
    cases = [case("a", "train", "p"), case("b", "test", "q"), case("c", "train", "p"), case("d", "test", "q"),
             case("e", "train", "r"), case("f", "train")]  # fmt: skip
    found = {entry.name: entry for entry in with_joined_splits(cases, [group("a", "b")])}
    assert [found[name].split for name in "abcdef"] == ["test", "test", "test", "test", "train", "train"]
    assert {name for name, entry in found.items() if entry.warnings} == {"a", "c"}
    (warning,) = found["c"].warnings
    assert (warning.code, warning.message.endswith("so it was moved to test.")) == ("split_conflict", True)


def test_a_case_follows_its_patients_cases_in_other_data_sets() -> None:
    cases = [case("a", "train"), case("b", "train")]
    assert splits(cases, group("a", elsewhere=("train", "val"))) == {"a": "val", "b": "train"}
    assert splits(cases, group("a", elsewhere=("train",))) == {"a": "train", "b": "train"}


def test_groups_that_meet_in_a_patient_are_one() -> None:
    """a and c turn out to be one patient's, so x, confirmed with a, is y's, which is tested."""
    cases = [case("a", "train", "p"), case("c", "train", "p"), case("x", "train"), case("y", "test"), case("z", "val")]
    expected = {"a": "test", "c": "test", "x": "test", "y": "test", "z": "val"}
    for joined in ((group("a", "x"), group("c", "y")), (group("c", "y"), group("a", "x"))):
        assert splits(cases, *joined) == expected
    apart = (group("a", "x", elsewhere=("val",)), group("c"))
    assert splits(cases, *apart) == {"a": "val", "c": "val", "x": "val", "y": "test", "z": "val"}


def test_cases_that_are_gone_or_skipped_join_nothing() -> None:
    cases = [case("a", "train"), case("b", None, "p"), case("c", "test", "p"), case("d", "test")]
    unchanged = {"a": "train", "b": None, "c": "test", "d": "test"}
    assert splits(cases, group("a", "b"), group("a", "gone"), group("gone", elsewhere=("val",))) == unchanged
