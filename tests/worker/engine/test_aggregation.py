"""The server's arithmetic, worked by hand, and the identities of SoftPull."""

import pytest
import torch

from worker.engine.aggregation import linear_combination, soft_pull, weighted_average
from worker.engine.soundness import check_update
from worker.engine.state import Tensors
from worker.engine.sums import PIECE, squared_distance


def model(*values: float) -> Tensors:
    return {"w": torch.tensor(values)}


def values_of(models: list[Tensors]) -> list[list[float]]:
    return [m["w"].tolist() for m in models]


def test_weighted_average() -> None:
    """Weights 1 and 3: (1 * 2 + 3 * 6) / 4 = 5 and (1 * 0 + 3 * 8) / 4 = 6."""
    assert weighted_average([model(2, 0), model(6, 8)], [1, 3])["w"].tolist() == [5, 6]


def test_integer_tensors_are_averaged_and_rounded() -> None:
    """(1 * 3 + 1 * 4) / 2 = 3.5 -> 4 (ties to even); (1 * 2 + 1 * 3) / 2 = 2.5 -> 2."""
    average = weighted_average([{"n": torch.tensor([3, 2])}, {"n": torch.tensor([4, 3])}], [1, 1])
    assert average["n"].tolist() == [4, 2]
    assert average["n"].dtype == torch.int64


def test_sums_are_made_in_float64() -> None:
    """In float32, 1e8 + 1 - 1e8 would be 0; the mean of 1e8, 1 and -1e8 is 1/3."""
    average = weighted_average([model(1e8), model(1), model(-1e8)], [1, 1, 1])
    assert average["w"].item() == pytest.approx(1 / 3, rel=1e-6)


@pytest.mark.parametrize(("models", "weights"), [([], []), ([model(1)], [0])])
def test_an_average_of_nothing_is_refused(models: list[Tensors], weights: list[float]) -> None:
    with pytest.raises(ValueError, match="needs models and positive weights"):
        weighted_average(models, weights)


def test_soft_pull() -> None:
    """K = 3, lambda = 0.5, each of the others (1 - 0.5) / 2 = 0.25:
    0.5 * 0 + 0.25 * (4 + 8) = 3;  0.5 * 4 + 0.25 * (0 + 8) = 4;  0.5 * 8 + 0.25 * (0 + 4) = 5."""
    assert values_of(soft_pull([model(0), model(4), model(8)], 0.5)) == [[3], [4], [5]]


def test_lambda_1_leaves_every_model_as_it_was_trained() -> None:
    assert values_of(soft_pull([model(1, 2), model(3, 5)], 1.0)) == [[1, 2], [3, 5]]


def test_lambda_1_over_k_makes_all_models_the_mean() -> None:
    """(2 + 4 + 12) / 3 = 6."""
    for pulled in soft_pull([model(2), model(4), model(12)], 1 / 3):
        assert pulled["w"].item() == pytest.approx(6)


@pytest.mark.parametrize("lambda_", [0.3, 0.5, 0.7, 0.95])
def test_the_mean_stays_and_disagreement_shrinks_by_rho(lambda_: float) -> None:
    """rho = (lambda K - 1) / (K - 1) with K = 4."""
    models = [{"w": torch.tensor([value], dtype=torch.float64)} for value in (1.0, 2.0, 7.0, 10.0)]
    pulled = soft_pull(models, lambda_)
    mean = sum(m["w"].item() for m in models) / 4
    rho = (lambda_ * 4 - 1) / 3
    assert sum(m["w"].item() for m in pulled) / 4 == pytest.approx(mean)
    for before, after in zip(models, pulled, strict=True):
        assert after["w"].item() - mean == pytest.approx(rho * (before["w"].item() - mean))


def test_permuting_the_sites_permutes_the_result() -> None:
    a, b, c = model(1, 5), model(2, 9), model(4, -3)
    first, second, third = values_of(soft_pull([a, b, c], 0.7))
    for pulled, expected in zip(values_of(soft_pull([c, a, b], 0.7)), [third, first, second], strict=True):
        assert pulled == pytest.approx(expected, rel=1e-6)


def test_one_site_has_nobody_to_pull_from() -> None:
    assert values_of(soft_pull([model(3)], 0.7)) == [[3]]


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({}, "site b: global lacks tensor w"),
        ({"w": torch.zeros(2), "x": torch.zeros(1)}, "site b: global has an unexpected tensor x"),
        ({"w": torch.zeros(3)}, r"site b: global tensor w has shape \(3,\), expected \(2,\)"),
        ({"w": torch.tensor([1.0, float("nan")])}, "site b: global tensor w holds NaN or infinite values"),
        ({"w": torch.tensor([1.0, float("inf")])}, "site b: global tensor w holds NaN or infinite values"),
    ],
)
def test_an_unsound_update_is_refused_by_site_and_tensor(update: Tensors, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_update("b", "global", update, {"w": torch.zeros(2)})


@pytest.mark.parametrize("size", [1, 7, PIECE - 1, PIECE, 2 * PIECE + 5])
def test_sums_in_pieces_are_those_of_whole_tensors_to_the_bit(size: int) -> None:
    draws = torch.Generator().manual_seed(size)
    kinds = (torch.float32, torch.float16, torch.float64)
    models = [
        {str(kind): torch.randn(size, generator=draws).to(kind) for kind in kinds}
        | {"count": torch.tensor(number), "transposed": torch.randn(3, 5, generator=draws).T}
        for number in range(4)
    ]
    factors = [0.1, 0.25, 0.3, 0.35]
    combined = linear_combination(models, factors)
    for key, first in models[0].items():
        total = torch.zeros(first.shape, dtype=torch.float64)
        for model_, factor in zip(models, factors, strict=True):
            total.add_(model_[key].double(), alpha=factor)
        whole = total if first.is_floating_point() else total.round()
        assert torch.equal(combined[key], whole.to(first.dtype)), key


@pytest.mark.parametrize("num_models", [2, 3, 40])
@pytest.mark.parametrize("size", [1, 67, PIECE + 5])
def test_soft_pull_has_the_bits_of_one_sum_a_model(num_models: int, size: int) -> None:
    draws = torch.Generator().manual_seed(size)
    models: list[Tensors] = [
        {
            "w": torch.randn(size, generator=draws),
            "half": torch.randn(size, generator=draws).to(torch.bfloat16),
            "count": torch.tensor(number),
            "transposed": torch.randn(3, 5, generator=draws).T,
        }
        for number in range(num_models)
    ]
    others = (1 - 0.7) / (num_models - 1)
    for k, pulled in enumerate(soft_pull(models, 0.7)):
        alone = linear_combination(models, [0.7 if j == k else others for j in range(num_models)])
        assert alone.keys() == pulled.keys()
        assert all(torch.equal(pulled[key], alone[key]) for key in alone)


def test_a_squared_distance_is_summed_over_all_pieces() -> None:
    """Differences of 2 and of 0 by turns, in the order of the numbers: 4 for every other one."""
    right = torch.zeros(PIECE + 5).index_fill_(0, torch.arange(0, PIECE + 5, 2), 2)
    assert squared_distance(torch.zeros(PIECE + 5), right) == 4 * (PIECE + 6) / 2
    assert squared_distance(torch.empty(0), torch.empty(0)) == 0
