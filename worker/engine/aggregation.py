"""The server's arithmetic on state dicts, as pure functions. Sums run in the order given (site order), in float64.

Integer tensors (counters) are averaged and rounded to the nearest integer, ties to even.
"""

from collections.abc import Sequence

from worker.engine.pulse import pulse
from worker.engine.room import empty_model
from worker.engine.side_by_side import bytes_of, largest_first, side_by_side
from worker.engine.state import Tensors
from worker.engine.sums import pulled_sums, weighted_sum


def weighted_average(models: Sequence[Tensors], weights: Sequence[float]) -> Tensors:
    """sum_k (weights_k / sum of weights) models_k, tensor by tensor (McMahan et al. 2017, algorithm 1).

    models: at least one, all with the same keys and shapes. weights: one for each model. Raises ValueError without
    models, or when the weights do not sum to more than 0.
    """
    total = float(sum(weights))
    if not models or total <= 0:
        raise ValueError(f"an average needs models and positive weights, got {len(models)} models, weights {weights}")
    return linear_combination(models, [weight / total for weight in weights])


def linear_combination(models: Sequence[Tensors], factors: Sequence[float]) -> Tensors:
    """sum_k factors_k models_k, tensor by tensor, in the first model's types.

    models: at least one, all with the same keys and shapes. factors: one for each model, and any sum.
    """
    combined = empty_model(models[0])

    def combine(key: str) -> None:
        pulse()
        weighted_sum([model[key] for model in models], factors, combined[key])

    side_by_side(combine, largest_first(combined), bytes_of(models))
    return combined


def soft_pull(models: Sequence[Tensors], lambda_: float) -> list[Tensors]:
    """w_k <- lambda w_k + (1 - lambda) / (K - 1) * sum over j != k of w_j, for all k (Xu et al. 2022, SoftPull).

    The trained weights themselves are mixed, not their differences, and every site counts once. With K = 1 there are no
    others, so the model stays as it was trained.
    """
    num_models = len(models)
    if num_models == 1:
        return [dict(models[0])]
    others = (1 - lambda_) / (num_models - 1)
    pulled = [empty_model(models[0]) for _ in models]

    def pull(key: str) -> None:
        pulse()
        pulled_sums([model[key] for model in models], lambda_, others, [model[key] for model in pulled])

    side_by_side(pull, largest_first(models[0]), bytes_of(models))
    return pulled
