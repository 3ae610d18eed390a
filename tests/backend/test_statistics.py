"""Tests and intervals by hand, and against scipy.stats."""

import time

import numpy as np
import pytest
from scipy import stats

from backend.evaluations.comparison import adjusted
from backend.evaluations.schemas import ComparisonCell
from backend.evaluations.statistics import Interval, bootstrap_mean, doubled_ranks, holm, quantile, wilcoxon


def p_of(differences: list[float]) -> float:
    found = wilcoxon(differences)
    assert found is not None
    return found.p


def test_five_better_cases_of_five() -> None:
    """All signs equal: 1 of 2^5 assignments on each side, p = 2 / 32."""
    found = wilcoxon([0.1, 0.2, 0.3, 0.4, 0.5])
    assert found is not None
    assert (found.p, found.num_pairs, found.num_zero, found.method) == (2 / 32, 5, 0, "exact")


def test_ties_get_mid_ranks_and_zeros_are_ranked_then_left_out() -> None:
    """|d| = 0, 1, 1, 2 has ranks 1, 2.5, 2.5, 4, of which the zero's goes. Positive are 2.5 + 4 of 9; sums of the
    subsets of {2.5, 2.5, 4}: 0, 2.5, 2.5, 4, 5, 6.5, 6.5, 9. As far out as 6.5: three of eight, so p = 2 * 3/8."""
    assert doubled_ranks([0, 1, 1, 2]) == [2, 5, 5, 8]
    found = wilcoxon([0, 1, -1, 2])
    assert found is not None
    assert (found.p, found.num_pairs, found.num_zero) == (6 / 8, 4, 1)


def test_no_difference_at_all_and_no_pair() -> None:
    assert p_of([0.0, 0.0, 1e-15]) == 1
    assert wilcoxon([]) is None


@pytest.mark.parametrize("size", [1, 4, 9, 20, 50])
def test_exact_p_is_scipys(size: int) -> None:
    differences = np.random.default_rng(size).normal(0.3, 1, size)
    expected = stats.wilcoxon(differences, method="exact", zero_method="wilcox").pvalue
    assert p_of(differences.tolist()) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_exact_p_with_ties_is_that_of_all_sign_assignments(seed: int) -> None:
    """scipy's permutation method counts them out where there are no zeros."""
    differences = np.random.default_rng(seed).choice([-3, -2, -1, 1, 2, 3, 4], 9).astype(float)
    method = stats.PermutationMethod(n_resamples=10_000)
    expected = stats.wilcoxon(differences, method=method, zero_method="wilcox").pvalue
    assert p_of(differences.tolist()) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_normal_p_with_ties_and_zeros_is_scipys(seed: int) -> None:
    differences = np.random.default_rng(seed).integers(-8, 10, 200).astype(float)
    assert (differences == 0).any()
    expected = stats.wilcoxon(differences, method="asymptotic", zero_method="pratt", correction=False).pvalue
    assert p_of(differences.tolist()) == pytest.approx(expected, rel=1e-9)


def test_exact_and_normal_p_nearly_meet_where_one_takes_over() -> None:
    differences = np.random.default_rng(3).normal(0.25, 1, 50)
    asymptotic = stats.wilcoxon(differences, method="asymptotic", correction=False).pvalue
    assert p_of(differences.tolist()) == pytest.approx(asymptotic, abs=5e-3)


def test_holm() -> None:
    """Sorted 0.01, 0.02, 0.03, 0.9 times 4, 3, 2, 1 is 0.04, 0.06, 0.06, 0.9; never falling. None is no test."""
    assert holm([0.03, 0.01, None, 0.9, 0.02]) == [
        pytest.approx(0.06),
        pytest.approx(0.04),
        None,
        pytest.approx(0.9),
        pytest.approx(0.06),
    ]
    assert holm([0.4, 0.041, 0.03]) == [pytest.approx(0.4), pytest.approx(0.09), pytest.approx(0.09)], "0.082 < 0.09"


def test_quantile_is_numpys() -> None:
    values = sorted(np.random.default_rng(0).normal(size=37).tolist())
    for share in (0, 0.025, 0.5, 0.975, 1):
        assert quantile(values, share) == pytest.approx(np.quantile(values, share))


def test_bootstrap_interval_is_near_scipys() -> None:
    """Both are percentile intervals; they differ by what 2,000 resamples leave to chance."""
    values = np.random.default_rng(1).beta(8, 2, 60)
    found = bootstrap_mean(values.tolist())
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    assert found is not None
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=0.05 * width)
    assert found.high == pytest.approx(expected.high, abs=0.05 * width)
    assert found == bootstrap_mean(values.tolist()), "seeded"


def test_bootstrap_interval_holds_the_mean_in_about_95_of_100_samples() -> None:
    """Of 60 samples of 40 cases. Percentile intervals are a little short: at least Binomial(60, 0.93) less 4 standard
    deviations."""
    generator = np.random.default_rng(2)
    intervals = [bootstrap_mean(generator.normal(0, 1, 40).tolist()) for _ in range(60)]
    held = sum(interval is not None and interval.low <= 0 <= interval.high for interval in intervals)
    assert held >= 60 * 0.93 - 4 * (60 * 0.93 * 0.07) ** 0.5


def test_one_case_has_no_interval() -> None:
    assert bootstrap_mean([0.5]) is None


def test_interval_of_many_cases_is_what_scipys_resamples_tend_to() -> None:
    """Skewed differences, of which a plain normal interval would be off by more than the tolerance."""
    values = np.random.default_rng(3).exponential(0.1, 501) ** 3
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=100_000, method="percentile", batch=1000, rng=np.random.default_rng(0)
    ).confidence_interval
    found = bootstrap_mean(values.tolist())
    assert found is not None
    width, middle = expected.high - expected.low, values.mean()
    assert found.low == pytest.approx(expected.low, abs=0.01 * width)
    assert found.high == pytest.approx(expected.high, abs=0.01 * width)
    plain = stats.norm.ppf(0.975) * values.std() / 501**0.5
    assert abs(middle + plain - expected.high) > 0.02 * width
    assert bootstrap_mean([0.25] * 600) == Interval(0.25, 0.25)


@pytest.mark.speed
def test_5000_cases_are_done_in_less_than_a_second() -> None:
    differences = np.random.default_rng(0).normal(0.01, 0.1, 5000).tolist()
    start = time.perf_counter()
    bootstrap_mean(differences)
    wilcoxon(differences)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    ("num_methods", "num_pairs", "decidable"),
    [(1, 5, False), (1, 6, True), (6, 8, True), (7, 8, False), (7, 2000, True)],
)
def test_too_few_cases_can_show_nothing(num_methods: int, num_pairs: int, decidable: bool) -> None:
    """5 pairs: the smallest p is 2 / 32 = 0.0625. 8 pairs: 2 / 256 = 0.0078, times 6 methods 0.047, times 7 0.055."""
    cell = ComparisonCell.model_construct(p=0.5, num_pairs=num_pairs)
    untested = ComparisonCell.model_construct(p=None, num_pairs=0)
    *found, without = adjusted([cell] * num_methods + [untested])
    assert [cell.decidable for cell in found] == [decidable] * num_methods
    assert (without.decidable, without.p_holm) == (False, None)
