"""Patterns of patients never hang, patients that are one word for all are told, pseudonyms hide who is meant."""

import ast
import time
from pathlib import Path

import pytest

from backend.contracts.patient_patterns import compile_patient_pattern, valid_patient_pattern
from tests.worker.datasets.test_layouts import check, folders
from worker.datasets.pseudonyms import PseudonymKey

ROOT = Path(__file__).parents[3]
BACKTRACKING = ["^(?:(?:a|a)*)*(b)$", "^(?:a+)+(b)$", "^(?:a*)*(?:a*)*(b)$", "(?:.*a){20}(b)", "^(?:(?:a|aa)+)+(b)$"]


@pytest.mark.parametrize("pattern", BACKTRACKING)
def test_a_pattern_of_catastrophic_backtracking_takes_no_time(tmp_path: Path, pattern: str) -> None:
    root = folders(tmp_path, *("a" * 60 + str(number) for number in range(3)))
    started = time.process_time()
    found = check(root, patient_pattern=pattern)
    assert time.process_time() - started < 5
    assert any("does not match 3 case(s)" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    "pattern", ["(P", "P", "(a)(b)", r"(a)\1", "(?=a)(b)", "(?<=a)(b)", "((a{1000}){1000})", "\ud800(a)"]
)
def test_what_the_backend_refuses_the_worker_cannot_match(pattern: str) -> None:
    for use in (valid_patient_pattern, compile_patient_pattern):
        with pytest.raises(ValueError, match=r"\^\(\[\^_\]\+\)_"):
            use(pattern)


def test_a_stored_pattern_that_re2_does_not_know_is_told_at_the_check(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="references back and looking ahead"):
        check(folders(tmp_path, "a", "b", "c"), patient_pattern="(?=a)(.)")


def test_a_pattern_that_means_ascii_warns_of_other_letters(tmp_path: Path) -> None:
    root = folders(tmp_path, "Müller_1", "Möller_1", "Smith_1")
    assert any(
        "mean letters and digits of ASCII only" in text for text in check(root, patient_pattern=r"(\w+)_").warnings
    )
    found = check(root, patient_pattern="^([^_]+)_")
    assert not any("ASCII" in text for text in found.warnings)
    assert len({case.patient for case in found.cases}) == 3


def test_no_pattern_of_a_person_meets_re() -> None:
    """Every call of `re` in the product has a pattern that stands in the code, or that the code escapes."""
    found = []
    for path in sorted(path for part in ("backend", "worker", "fedsm") for path in (ROOT / part).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.func.attr != "escape"
                and not isinstance(node.args[0], ast.Constant | ast.JoinedStr)
            ):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}")
    assert found == [line for line in found if "pattern" not in line and "query" not in line], found


@pytest.mark.parametrize(
    ("pattern", "told"), [("^(P)", "All 8 used cases are of one patient"), ("^(.+)$", None), (None, None)]
)
def test_one_patient_of_all_cases_is_told_with_what_to_set(
    tmp_path: Path, pattern: str | None, told: str | None
) -> None:
    warnings = check(folders(tmp_path, *(f"P{number}" for number in range(8))), patient_pattern=pattern).warnings
    assert [text for text in warnings if "of one patient" in text] == [
        text for text in warnings if told and told in text
    ]
    assert (told is not None) == any("set a patient pattern, such as ^(.+)$" in text for text in warnings)


def test_one_patient_of_most_cases_is_told_whoever_names_it(tmp_path: Path) -> None:
    root = folders(tmp_path, *(f"c{number}" for number in range(8)))
    rows = "".join(f"c{number},{'ANONYMOUS' if number < 6 else number}\n" for number in range(8))
    (root / "cases.csv").write_text(f"name,patient\n{rows}")
    warnings = check(root).warnings
    assert any("6 of 8 used cases are of one patient" in text for text in warnings)
    assert not any("ANONYMOUS" in text for text in warnings), "the identifier must not leave the site"


def test_a_pseudonym_is_equal_with_one_secret_and_site_alone() -> None:
    secret, other = b"0" * 32, b"1" * 32
    key = PseudonymKey(secret, "site-a")
    assert key.pseudonym("1234567") == PseudonymKey(secret, "site-a").pseudonym("1234567")
    others = {PseudonymKey(other, "site-a").pseudonym("1234567"), PseudonymKey(secret, "site-b").pseudonym("1234567")}
    assert len({key.pseudonym("1234567"), *others, key.pseudonym("1234568")}) == 4
    assert len({key.name, PseudonymKey(other, "site-a").name, PseudonymKey(secret, "site-b").name}) == 3
    assert "0000" not in repr(key)


def test_splits_do_not_hang_on_pseudonyms(tmp_path: Path) -> None:
    root = folders(tmp_path, *(f"P{number // 2}_{number}" for number in range(12)))
    found = [
        check(root, patient_pattern="^(P[0-9]+)_", pseudonyms=PseudonymKey(bytes([number] * 32), "a"))
        for number in range(3)
    ]
    assert len({tuple(case.split for case in each.cases) for each in found}) == 1
    assert len({tuple(case.patient for case in each.cases) for each in found}) == 3
