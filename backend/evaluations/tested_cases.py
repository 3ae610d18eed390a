"""Which test cases an experiment's numbers should be of, and which they lack.

A site whose test failed leaves no row behind; only what was expected tells that a mean is of fewer cases.
"""

from collections.abc import Iterable, Mapping

from backend.evaluations.schemas import LackingCases
from backend.site_names import SiteNames

#: Site to the ids of its test cases.
TestCases = Mapping[str, frozenset[str]]


def together(expected: Iterable[TestCases]) -> dict[str, frozenset[str]]:
    """Of several runs: every case that one of them should be tested on."""
    found: dict[str, frozenset[str]] = {}
    for of_run in expected:
        for slug, cases in of_run.items():
            found[slug] = found.get(slug, frozenset()) | cases
    return found


def lacking(tested: TestCases, expected: TestCases, names: SiteNames) -> LackingCases | None:
    """What was not tested of what should have been; None where everything was."""
    num_tested = sum(len(tested.get(slug, frozenset()) & cases) for slug, cases in expected.items())
    num_expected = sum(map(len, expected.values()))
    if num_tested == num_expected:
        return None
    absent = [slug for slug, cases in expected.items() if cases and not tested.get(slug, frozenset()) & cases]
    without = absent if len(expected) > 1 else []
    return LackingCases(
        num_tested=num_tested,
        num_expected=num_expected,
        without=without,
        without_names=[names.get(slug, slug) for slug in without],
    )
