"""Random quadratics and what SoftPull's theory says of them, for test_theory.py.

F_k(w) = 1/2 (w - a_k)^T A_k (w - a_k). Closed forms are solved as linear systems of all K P unknowns (W row by row, so
that a K x K matrix X acts as X (x) I); they are compared with rounds run to convergence. Everything is float64.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.testing import assert_close

from worker.engine.aggregation import soft_pull
from worker.engine.similarity import similarity_weights, site_distances, soft_pull_weighted
from worker.engine.state import Tensors

Matrix = torch.Tensor
Pull = Callable[[Matrix], Matrix]


@dataclass(frozen=True, eq=False)
class Quadratics:
    """curvatures: [K, P, P], eigenvalues in 0.5 to 2. optima: [K, P]."""

    curvatures: Matrix
    optima: Matrix

    @property
    def num_sites(self) -> int:
        return len(self.optima)

    @property
    def num_weights(self) -> int:
        return self.optima.shape[1]

    def gradients(self, models: Matrix) -> Matrix:
        """G(W), [K, P]."""
        gradients: Matrix = torch.einsum("kpq,kq->kp", self.curvatures, models - self.optima)
        return gradients


def random_quadratics(num_sites: int, seed: int, num_weights: int = 3, one_curvature: bool = False) -> Quadratics:
    draws = torch.Generator().manual_seed(seed)
    bases = torch.linalg.qr(randn(draws, num_sites, num_weights, num_weights)).Q
    values = 0.5 + 1.5 * torch.rand(num_sites, num_weights, generator=draws, dtype=torch.float64)
    curvatures = bases @ torch.diag_embed(values) @ bases.mT
    if one_curvature:
        curvatures = curvatures[:1].repeat(num_sites, 1, 1)
    return Quadratics(curvatures, randn(draws, num_sites, num_weights))


def randn(draws: torch.Generator, *shape: int) -> Matrix:
    return torch.randn(*shape, generator=draws, dtype=torch.float64)


def random_models(num_sites: int, seed: int = 7) -> Matrix:
    return randn(torch.Generator().manual_seed(seed), num_sites, 3)


def to_parts(models: Matrix) -> list[Tensors]:
    return [{"w": row.clone()} for row in models]


def to_matrix(parts: list[Tensors]) -> Matrix:
    return torch.stack([part["w"] for part in parts])


def soft(lambda_: float) -> Pull:
    return lambda models: to_matrix(soft_pull(to_parts(models), lambda_))


def weighted(lambda_: float, weights: Matrix) -> Pull:
    return lambda models: to_matrix(soft_pull_weighted(to_parts(models), lambda_, weights))


def matrix_of(pull: Pull, num_sites: int) -> Matrix:
    """The K x K matrix that the engine's function applies: what it does to the unit vectors."""
    return pull(torch.eye(num_sites, dtype=torch.float64))


def rho_of(lambda_: float, num_sites: int) -> float:
    return (lambda_ * num_sites - 1) / (num_sites - 1)


def strength(rho: float, eta: float) -> float:
    """c of claim 4."""
    return (1 - rho) / (eta * rho)


def off_mean(models: Matrix) -> Matrix:
    """D W."""
    return models - models.mean(dim=0)


def centering(num_sites: int) -> Matrix:
    return torch.eye(num_sites, dtype=torch.float64) - 1 / num_sites


def stationary(quadratics: Quadratics, coupling: Matrix) -> Matrix:
    """The W with A_k (w_k - a_k) + (coupling W)_k = 0 for all k; coupling: [K, K]."""
    block = torch.block_diag(*quadratics.curvatures)  # type: ignore[no-untyped-call]  # torch does not type it
    system = block + torch.kron(coupling.contiguous(), torch.eye(quadratics.num_weights, dtype=torch.float64))
    solution: Matrix = torch.linalg.solve(system, block @ quadratics.optima.flatten())
    return solution.reshape(quadratics.optima.shape)


def mean_regularised(quadratics: Quadratics, c: float) -> Matrix:
    return stationary(quadratics, c * centering(quadratics.num_sites))


def rounds(quadratics: Quadratics, eta: float, pull: Pull, num_steps: int = 1, num_rounds: int = 1500) -> Matrix:
    """The fixed point of `num_steps` gradient steps and a pull; fails where the rounds have not converged."""
    models = torch.zeros_like(quadratics.optima)
    for _ in range(num_rounds):
        before = models
        for _ in range(num_steps):
            models = models - eta * quadratics.gradients(models)
        models = pull(models)
    assert_close(models, before, rtol=0, atol=1e-11)
    return models


def close(actual: Matrix, expected: Matrix) -> None:
    assert_close(actual, expected, rtol=1e-8, atol=1e-9)


def adam_rounds(quadratics: Quadratics, lambda_: float, rates: list[float]) -> tuple[Matrix, list[Matrix]]:
    """Adam at the sites with moments kept, a step a round; returns the models and what training added each round."""
    sites = [torch.zeros(quadratics.num_weights, dtype=torch.float64, requires_grad=True) for _ in quadratics.optima]
    optimizers = [torch.optim.Adam([site], lr=1.0) for site in sites]
    added = []
    for rate in rates:
        before = torch.stack([site.detach().clone() for site in sites])
        gradients = quadratics.gradients(before)
        for site, optimizer, gradient in zip(sites, optimizers, gradients, strict=True):
            optimizer.param_groups[0]["lr"] = rate
            site.grad = gradient.clone()
            optimizer.step()
        trained = torch.stack([site.detach().clone() for site in sites])
        added.append(trained - before)
        for site, row in zip(sites, soft(lambda_)(trained), strict=True):
            site.data.copy_(row)
    return torch.stack([site.detach().clone() for site in sites]), added


def after_steps(quadratics: Quadratics, eta: float, num_steps: int) -> Quadratics:
    """Claim 12's stand-in: curvature S_k instead of eta A_k, for one step with eta = 1."""
    identity = torch.eye(quadratics.num_weights, dtype=torch.float64)
    shrunk = torch.linalg.matrix_power(identity - eta * quadratics.curvatures, num_steps)
    return Quadratics(identity - shrunk, quadratics.optima)


def pull_among(present: tuple[int, ...], lambda_: float) -> Pull:
    """As FedSM.aggregate: pulled among those present, the others stay."""

    def pull(models: Matrix) -> Matrix:
        pulled = models.clone()
        pulled[list(present)] = soft(lambda_)(models[list(present)])
        return pulled

    return pull


def kernel_weights(num_sites: int, sharpness: float = 2.0) -> Matrix:
    """`similarity_weights` of sites with random means."""
    draws = torch.Generator().manual_seed(num_sites)
    moments = []
    for _ in range(num_sites):
        features = randn(draws, 20, 4) + 3 * randn(draws, 4)
        moments.append(
            {
                "count": torch.tensor([20.0], dtype=torch.float64),
                "sum": features.sum(dim=0),
                "second_moment": features.T @ features,
            }
        )
    return similarity_weights(site_distances(moments), sharpness)


def cyclic_weights() -> Matrix:
    """Columns sum to 1, but not from a symmetric kernel: 0.8 of the next site, 0.2 of the one before."""
    one = torch.eye(3, dtype=torch.float64)
    return 0.8 * one.roll(1, dims=1) + 0.2 * one.roll(-1, dims=1)


def stationary_distribution(weights: Matrix) -> Matrix:
    values, vectors = torch.linalg.eig(weights.T)
    leading: Matrix = vectors[:, (values - 1).abs().argmin()].real
    return leading / leading.sum()


def coupling_of(pull: Pull, num_sites: int, eta: float) -> Matrix:
    """R of claim 15."""
    identity = torch.eye(num_sites, dtype=torch.float64)
    inverse: Matrix = torch.linalg.inv(matrix_of(pull, num_sites))
    return (inverse - identity) / eta
