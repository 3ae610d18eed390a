"""Every numbered claim of docs/theory.md, checked on random quadratics through the engine's own SoftPull."""

import itertools
import math
import re
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from tests.worker.engine.quadratics import (
    Matrix,
    Quadratics,
    adam_rounds,
    after_steps,
    close,
    coupling_of,
    cyclic_weights,
    kernel_weights,
    matrix_of,
    mean_regularised,
    off_mean,
    pull_among,
    random_models,
    random_quadratics,
    rho_of,
    rounds,
    soft,
    stationary,
    stationary_distribution,
    strength,
    to_matrix,
    to_parts,
    weighted,
)
from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.checkpoint import sha256_of
from worker.engine.federation import run_rounds
from worker.engine.networks.depth import Depth
from worker.engine.pull import Pull as PullOverTime
from worker.engine.pull import lambda_at
from worker.engine.selectors.lda import LdaSelector
from worker.engine.server_momentum import with_shared_momentum
from worker.engine.state import GLOBAL, personalized
from worker.engine.strategies.fedsm import FedSM

THEORY = Path(__file__).parents[3] / "docs" / "theory.md"

# 1 to 3: the mixing matrix


@pytest.mark.parametrize(("num_sites", "lambda_"), [(2, 0.7), (3, 0.5), (4, 0.7), (6, 0.1), (6, 0.95)])
def test_claim_01_eigenvalues(num_sites: int, lambda_: float) -> None:
    mixing, rho = matrix_of(soft(lambda_), num_sites), rho_of(lambda_, num_sites)
    ones = torch.ones(num_sites, num_sites, dtype=torch.float64)
    identity = torch.eye(num_sites, dtype=torch.float64)
    close(mixing, lambda_ * identity + (1 - lambda_) / (num_sites - 1) * (ones - identity))
    close(mixing, rho * identity + (1 - rho) * ones / num_sites)
    close(mixing, mixing.T)
    close(mixing.sum(dim=0), torch.ones(num_sites, dtype=torch.float64))
    expected = sorted([1.0] + [rho] * (num_sites - 1))
    close(torch.linalg.eigvalsh(mixing), torch.tensor(expected, dtype=torch.float64))


def test_claim_02_the_mean_stays_and_disagreement_shrinks() -> None:
    models, rho = random_models(4), rho_of(0.7, 4)
    pulled = models
    for _ in range(5):
        pulled = soft(0.7)(pulled)
    close(pulled.mean(dim=0), models.mean(dim=0))
    close(off_mean(pulled), rho**5 * off_mean(models))
    assert rho ** (math.log(2) / math.log(1 / rho)) == pytest.approx(0.5)


def test_claim_03_special_lambdas() -> None:
    models = random_models(4)
    close(soft(1.0)(models), models)
    close(soft(1 / 4)(models), models.mean(dim=0).expand(4, -1))
    for lambda_ in (0.0, 0.1, 0.2):
        rho = rho_of(lambda_, 4)
        assert -1 / 3 <= rho < 0
        close(off_mean(soft(lambda_)(models)), rho * off_mean(models))
    pair = models[:2]
    close(soft(0.0)(pair), pair.flip(0))


# 4 to 7: the objective


@pytest.mark.parametrize("eta", [0.1, 0.4])
def test_claim_04_soft_pull_is_a_proximal_operator(eta: float) -> None:
    """Minimised by torch's L-BFGS, from scratch."""
    lambda_, target = 0.7, random_models(4)
    c = strength(rho_of(lambda_, 4), eta)
    models = torch.zeros_like(target, requires_grad=True)
    optimizer = torch.optim.LBFGS([models], max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-16)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = 0.5 * ((models - target) ** 2).sum() + eta * c / 2 * (off_mean(models) ** 2).sum()
        torch.autograd.backward(value)
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]  # torch does not type it
    assert_close(models.detach(), soft(lambda_)(target), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("num_sites", "lambda_", "eta"), [(2, 0.7, 0.3), (4, 0.7, 0.1), (4, 0.4, 0.9), (6, 0.9, 0.3)])
def test_claim_05_rounds_minimise_the_mean_regularised_objective(num_sites: int, lambda_: float, eta: float) -> None:
    quadratics = random_quadratics(num_sites, seed=num_sites)
    c = strength(rho_of(lambda_, num_sites), eta)
    fixed = rounds(quadratics, eta, soft(lambda_))
    close(fixed, mean_regularised(quadratics, c))
    close(quadratics.gradients(fixed), -c * off_mean(fixed))
    close(quadratics.gradients(fixed).sum(dim=0), torch.zeros(3, dtype=torch.float64))
    # One round from anywhere is a step on Phi_c preconditioned by M.
    models = random_models(num_sites)
    gradients = quadratics.gradients(models)
    step = matrix_of(soft(lambda_), num_sites) @ (gradients + c * off_mean(models))
    close(soft(lambda_)(models - eta * gradients), models - eta * step)
    assert bool((torch.linalg.eigvalsh(matrix_of(soft(lambda_), num_sites)) > 0).all())


def test_claim_06_the_ends_of_lambda() -> None:
    quadratics, eta = random_quadratics(4, seed=1), 0.3
    close(rounds(quadratics, eta, soft(1.0)), quadratics.optima)
    total = quadratics.curvatures.sum(dim=0)
    weighted_optima = torch.einsum("kpq,kq->p", quadratics.curvatures, quadratics.optima)
    consensus = torch.linalg.solve(total, weighted_optima)
    close(rounds(quadratics, eta, soft(1 / 4)), consensus.expand(4, -1))
    assert strength(rho_of(0.2, 4), eta) < 0
    same = random_quadratics(4, seed=1, one_curvature=True)
    beyond = rounds(same, eta, soft(0.2))
    close(beyond, mean_regularised(same, strength(rho_of(0.2, 4), eta)))
    values, basis = torch.linalg.eigh(same.curvatures[0])
    kept = (off_mean(beyond) @ basis) / (off_mean(same.optima) @ basis)
    assert bool((kept < 0).all())  # on the other side of the mean, in every direction
    assert bool((values > 0).all())


def test_claim_07_shrinkage_by_curvature() -> None:
    quadratics, eta = random_quadratics(4, seed=2, one_curvature=True), 0.2
    c = strength(rho_of(0.7, 4), eta)
    fixed = rounds(quadratics, eta, soft(0.7))
    close(fixed.mean(dim=0), quadratics.optima.mean(dim=0))
    values, basis = torch.linalg.eigh(quadratics.curvatures[0])
    close(off_mean(fixed) @ basis, values / (values + c) * (off_mean(quadratics.optima) @ basis))


# 8 and 9: when order matters


def test_claim_08_mixing_beside_the_step_pulls_less() -> None:
    quadratics, eta, lambda_ = random_quadratics(4, seed=3), 0.2, 0.7
    rho, mix = rho_of(lambda_, 4), soft(lambda_)
    models = torch.zeros_like(quadratics.optima)
    for _ in range(1500):
        models = mix(models) - eta * quadratics.gradients(models)
    beside = (1 - rho) / eta
    close(models, mean_regularised(quadratics, beside))
    assert beside == pytest.approx(rho * strength(rho, eta))
    after = rounds(quadratics, eta, mix)
    assert off_mean(models).norm() > 1.1 * off_mean(after).norm()
    # First order in 1 - rho: ten times nearer to 1, a hundred times less apart.
    gaps = []
    for near in (1 - 1e-3, 1 - 1e-4):
        step_first = mean_regularised(quadratics, strength(near, eta))
        gaps.append(float((step_first - mean_regularised(quadratics, (1 - near) / eta)).norm()))
    assert gaps[0] / gaps[1] == pytest.approx(100, rel=0.05)


def test_claim_09_before_and_after_the_pull() -> None:
    quadratics, eta, mix = random_quadratics(4, seed=4), 0.2, soft(0.7)
    trained, pulled = torch.zeros_like(quadratics.optima), torch.zeros_like(quadratics.optima)
    for _ in range(1500):
        mixed = mix(trained)
        close(mixed, pulled)  # one sequence
        trained = mixed - eta * quadratics.gradients(mixed)
        pulled = mix(pulled - eta * quadratics.gradients(pulled))
    close(trained.mean(dim=0), pulled.mean(dim=0))
    close(off_mean(trained), off_mean(pulled) / rho_of(0.7, 4))


# 10 to 12: why lambda does not transfer


def test_claim_10_the_learning_rate_sets_the_strength() -> None:
    rho = rho_of(0.7, 4)
    assert strength(rho, 0.1) == pytest.approx(2 * strength(rho, 0.2))
    assert [rho_of(0.7, k) for k in (2, 4, 6)] == pytest.approx([0.4, 0.6, 0.64])
    quadratics, eta, other = random_quadratics(4, seed=5), 0.4, 0.1
    fixed = rounds(quadratics, eta, soft(0.7))
    same_lambda = rounds(quadratics, other, soft(0.7))
    assert off_mean(same_lambda).norm() < 0.6 * off_mean(fixed).norm()
    new_rho = 1 / (1 + other / eta * (1 / rho - 1))
    new_lambda = (3 * new_rho + 1) / 4
    assert rho_of(new_lambda, 4) == pytest.approx(new_rho)
    close(rounds(quadratics, other, soft(new_lambda)), fixed)


def test_claim_11_any_optimizer() -> None:
    lambda_, rho, eta = 0.7, rho_of(0.7, 4), 0.01
    assert rho / (1 - rho) == pytest.approx(1.5)
    near = random_quadratics(4, seed=6)
    far = Quadratics(near.curvatures, 10 * near.optima)
    models, added = adam_rounds(near, lambda_, [eta] * 400)
    remembered = sum(rho ** (400 - t) * rho * off_mean(change) for t, change in enumerate(added, start=1))
    assert isinstance(remembered, torch.Tensor)
    close(off_mean(models), remembered)
    largest = max(float(off_mean(change).norm()) for change in added)
    assert float(off_mean(models).norm()) <= rho / (1 - rho) * largest
    # Optima ten times as far apart: gradient descent's models are, too; Adam's are hardly.
    distant, _ = adam_rounds(far, lambda_, [eta] * 400)
    assert float(off_mean(distant).norm() / off_mean(models).norm()) < 2
    gradient_descent = [rounds(q, eta, soft(lambda_), num_rounds=6000) for q in (near, far)]
    close(off_mean(gradient_descent[1]), 10 * off_mean(gradient_descent[0]))
    # A rate that decays to nothing leaves models that agree.
    decayed, _ = adam_rounds(near, lambda_, [eta * (1 - t / 400) for t in range(400)])
    assert float(off_mean(decayed).norm()) < 0.02 * float(off_mean(models).norm())


def test_claim_12_several_local_steps() -> None:
    lambda_, rho, quadratics = 0.7, rho_of(0.7, 4), random_quadratics(4, seed=8)
    eta, steps = 0.2, 5
    fixed = rounds(quadratics, eta, soft(lambda_), num_steps=steps)
    close(fixed, mean_regularised(after_steps(quadratics, eta, steps), (1 - rho) / rho))
    # (a) small eta E: c is divided by E.
    few = rounds(quadratics, 1e-3, soft(0.999), num_steps=4, num_rounds=8000)
    expected = mean_regularised(quadratics, strength(rho_of(0.999, 4), 4 * 1e-3))
    assert float((few - expected).norm() / off_mean(expected).norm()) < 2e-3
    # (b) no c: every one keeps sum_k grad F_k = 0, and E > 1 does not.
    assert quadratics.gradients(fixed).sum(dim=0).norm() > 1e-2
    same = random_quadratics(4, seed=8, one_curvature=True)
    fixed_same = rounds(same, eta, soft(lambda_), num_steps=steps)
    values, basis = torch.linalg.eigh(same.curvatures[0])
    kept = ((off_mean(fixed_same) @ basis) / (off_mean(same.optima) @ basis)).mean(dim=0)
    implied = values * (1 / kept - 1)  # kept = alpha / (alpha + c)
    assert float(implied.max() / implied.min()) > 1.1
    # ... on the way to (c): SoftPull of the local optima.
    distances = [
        float(
            (mean_regularised(after_steps(quadratics, eta, e), (1 - rho) / rho) - soft(lambda_)(quadratics.optima))
            .mean(dim=0)
            .norm()
        )
        for e in (1, 5, 20)
    ]
    assert distances == sorted(distances, reverse=True)
    close(rounds(quadratics, eta, soft(lambda_), num_steps=400, num_rounds=60), soft(lambda_)(quadratics.optima))


# 13: absent sites


def test_claim_13_absent_sites() -> None:
    models = random_models(5)
    for present in itertools.combinations(range(5), 3):
        mixing = matrix_of(pull_among(present, 0.7), 5)
        close(mixing, mixing.T)
        pulled = pull_among(present, 0.7)(models)
        close(pulled.mean(dim=0), models.mean(dim=0))
        close(off_mean(pulled[list(present)]), rho_of(0.7, 3) * off_mean(models[list(present)]))
        assert off_mean(pulled).norm() <= off_mean(models).norm()
    close(pull_among((2,), 0.7)(models), models)
    assert rho_of(0.3, 5) > 0 > rho_of(0.3, 3)
    for m in (2, 3, 4, 5):
        subsets = list(itertools.combinations(range(5), m))
        expected = torch.stack([matrix_of(pull_among(present, 0.7), 5) for present in subsets]).mean(dim=0)
        close(expected, matrix_of(soft(1 - m / 5 * (1 - 0.7)), 5))


def test_the_engine_pulls_as_claim_13_says() -> None:
    """Two of three sites a round: lambda 0.4 is more than 1/3 and less than 1/2, so the two pull with 1/2."""
    plan = small_plan(participation=2 / 3, rounds=1)
    strategy = FedSM(0.4, 0.9, LdaSelector(0.1, 2, "descriptors", math.inf), 0.0, "hard")
    before = strategy.initial_state(plan)
    after = list(run_rounds(strategy, small_sites(plan.sites), plan))[-1].state
    models = [after[personalized(site)] for site in plan.sites]
    stayed = [sha256_of(model) == sha256_of(before[GLOBAL]) for model in models]
    assert sum(stayed) == 1
    first, second = (model for model, is_old in zip(models, stayed, strict=True) if not is_old)
    for key, tensor in first.items():
        assert_close(second[key], tensor)


# 14 and 15: similarity weights


def test_claim_14_what_weighted_pulls_keep() -> None:
    models, lambda_ = random_models(5), 0.7
    weights = kernel_weights(5)
    close(weights.sum(dim=1), torch.ones(5, dtype=torch.float64))
    agreeing = models[:1].repeat(5, 1)
    close(weighted(lambda_, weights)(agreeing), agreeing)
    pi, pulled = stationary_distribution(weights), weighted(lambda_, weights)(models)
    close(pi @ pulled, pi @ models)
    assert (weights.sum(dim=0) - 1).abs().max() > 0.1
    assert (pulled.mean(dim=0) - models.mean(dim=0)).norm() > 1e-2
    close(pi[:, None] * weights, (pi[:, None] * weights).T)  # a symmetric kernel's: pi is its row sums
    three = random_models(3)
    close(weighted(lambda_, cyclic_weights())(three).mean(dim=0), three.mean(dim=0))
    # K = 3, symmetric, columns sum to 1: a + b = a + c = b + c = 1 has only a = b = c = 1/2.
    system = torch.tensor([[1.0, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=torch.float64)
    close(torch.linalg.solve(system, torch.ones(3, dtype=torch.float64)), torch.full((3,), 0.5, dtype=torch.float64))
    uniform = (torch.ones(5, 5, dtype=torch.float64) - torch.eye(5, dtype=torch.float64)) / 4
    close(weighted(lambda_, uniform)(models), soft(lambda_)(models))
    close(kernel_weights(5, sharpness=0.0), uniform)


def test_claim_15_weighted_pulls_as_graph_regularisation() -> None:
    quadratics, eta, lambda_ = random_quadratics(5, seed=9), 0.2, 0.7
    weights = kernel_weights(5)
    pull = weighted(lambda_, weights)
    coupling, pi = coupling_of(pull, 5, eta), stationary_distribution(weights)
    fixed = rounds(quadratics, eta, pull)
    close(fixed, stationary(quadratics, coupling))
    regulariser = pi[:, None] * coupling
    close(regulariser, regulariser.T)
    values = torch.linalg.eigvalsh((regulariser + regulariser.T) / 2)
    assert float(values[0]) == pytest.approx(0, abs=1e-9)
    assert float(values[1]) > 1e-3
    close(coupling.sum(dim=1), torch.zeros(5, dtype=torch.float64))
    # The gradient of the pi-weighted objective, by autograd, is 0 at the fixed point and not without pi.
    for risk_weights, is_stationary in ((pi, True), (torch.full_like(pi, 1 / 5), False)):
        models = fixed.clone().requires_grad_()
        risks = 0.5 * torch.einsum(
            "kp,kpq,kq->k", models - quadratics.optima, quadratics.curvatures, models - quadratics.optima
        )
        objective = risk_weights @ risks + 0.5 * torch.trace(models.T @ regulariser @ models)
        torch.autograd.backward(objective)
        assert models.grad is not None
        assert (float(models.grad.norm()) < 1e-8) == is_stationary
    # Not from a symmetric kernel: no positive scaling makes R symmetric; pi is the only candidate.
    one_way = coupling_of(weighted(lambda_, cyclic_weights()), 3, eta)
    scaled = stationary_distribution(cyclic_weights())[:, None] * one_way
    assert (scaled - scaled.T).abs().max() > 1e-2


# 16 to 18: by depth, over time and with momentum


@pytest.mark.parametrize("by_depth", [0.0, 0.4])
def test_claim_16_blocks_have_a_strength_of_their_own(by_depth: float) -> None:
    """Three weights, one a block: encoder, decoder, output layer."""
    lambda_, eta, num_sites = 0.7, 0.3, 4
    quadratics, rho = random_quadratics(num_sites, seed=3), rho_of(0.7, 4)
    blocks: tuple[Depth, ...] = ("encoder", "decoder", "site")
    lambdas = [lambda_at(depth, lambda_, by_depth, num_sites) for depth in blocks]
    rhos = [rho_of(each, num_sites) for each in lambdas]
    assert rhos == pytest.approx([(1 - by_depth) * rho, rho, 1 - (1 - by_depth) * (1 - rho)])

    def by_block(models: Matrix) -> Matrix:
        return torch.cat([soft(each)(models[:, i : i + 1]) for i, each in enumerate(lambdas)], dim=1)

    models = random_models(num_sites)
    close(by_block(models).mean(dim=0), models.mean(dim=0))
    fixed = rounds(quadratics, eta, by_block)
    strengths = torch.tensor([strength(each, eta) for each in rhos], dtype=torch.float64)
    close(quadratics.gradients(fixed), -strengths * off_mean(fixed))
    assert lambda_at("encoder", lambda_, 1, num_sites) == pytest.approx(1 / num_sites)
    assert lambda_at("site", lambda_, 1, num_sites) == 1


def test_claim_17_a_changing_lambda() -> None:
    quadratics, eta, pull = random_quadratics(4, seed=5), 0.3, PullOverTime(0.9, 0.4, 0.0, 0)
    lambdas = [pull.of_round(t, 6) for t in range(1, 7)]
    assert lambdas == pytest.approx([0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    models, added, mean = random_models(4), [], []
    start = off_mean(models)
    for lambda_ in lambdas:
        change = -eta * quadratics.gradients(models)
        added.append(change)
        mean.append(models.mean(dim=0) + change.mean(dim=0))
        models = soft(lambda_)(models + change)
        close(models.mean(dim=0), mean[-1])
    left = [math.prod(rho_of(each, 4) for each in lambdas[t:]) for t in range(6)]
    remembered = left[0] * start + sum(w * off_mean(change) for w, change in zip(left, added, strict=True))
    close(off_mean(models), torch.as_tensor(remembered))
    assert all(w <= rho_of(0.9, 4) ** (6 - t) for t, w in enumerate(left))
    # However it began, with lambda constant from here on the rounds end where they always do.
    for _ in range(4000):
        models = soft(0.9)(models - eta * quadratics.gradients(models))
    close(models, rounds(quadratics, eta, soft(0.9)))


def test_claim_18_momentum_of_the_mean() -> None:
    quadratics, eta, beta, rho = random_quadratics(4, seed=6), 0.3, 0.8, rho_of(0.7, 4)
    models, momentum = random_models(4), torch.zeros(3, dtype=torch.float64)
    for _ in range(1500):
        trained = models - eta * quadratics.gradients(models)
        moved, v = with_shared_momentum(to_parts(models), to_parts(soft(0.7)(trained)), {"w": momentum}, beta)
        following, expected = to_matrix(moved), beta * momentum + (trained - models).mean(dim=0)
        close(v["w"], expected)
        close(following.mean(dim=0), models.mean(dim=0) + expected)
        close(off_mean(following), rho * off_mean(trained))
        models, momentum = following, v["w"]
    close(models, rounds(quadratics, eta, soft(0.7)))
    # Of a step that stays the same.
    ones, v = [{"w": torch.ones(1)}] * 2, {"w": torch.zeros(1, dtype=torch.float64)}
    for _ in range(200):
        _, v = with_shared_momentum([{"w": torch.zeros(1)}] * 2, ones, v, beta)
    assert v["w"].item() == pytest.approx(1 / (1 - beta))


def test_every_claim_has_its_test_and_every_test_its_claim() -> None:
    claims = [int(number) for number in re.findall(r"^\*\*Claim (\d+)\.\*\*", THEORY.read_text(), flags=re.MULTILINE)]
    tests = sorted(int(match[1]) for name in globals() if (match := re.match(r"test_claim_(\d\d)_", name)))
    assert claims == list(range(1, len(claims) + 1))
    assert tests == claims
