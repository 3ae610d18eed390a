"""pFedMe: Dinh et al., "Personalized Federated Learning with Moreau Envelopes", NeurIPS 2020, algorithm 1.

For each batch a site approximates, by `inner_steps` optimizer steps, the personalized model

    theta = argmin f(theta; batch) + lambda / 2 ||theta - w||^2

and moves its copy of the global model towards it: w <- w - eta lambda (w - theta). The server mixes the sites' copies
in: w_g <- (1 - beta) w_g + beta mean of w_k.

As in the authors' code, theta goes on from batch to batch. The mean is weighted as the plan says, where the paper's is
plain. Running statistics are theta's, and they are averaged whatever beta is.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.aggregation import linear_combination
from worker.engine.checkpoint import cpu_state
from worker.engine.data import ParticipantData, training_cases
from worker.engine.local_training import backward, clip_gradient, local_batches, num_local_steps
from worker.engine.losses import segmentation_loss
from worker.engine.optimizers import learning_rate_of, make_optimizer, moments_of
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network, parameter_keys
from worker.engine.seeding import generator
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.base import (
    PersonalizedStrategy,
    SiteContext,
    SiteUpdate,
    also_moves,
    average_part,
    effort_metrics,
    kept_moments,
    loss_metric,
    moments_to_keep,
    own_models,
)


@final
@dataclass(frozen=True)
class PFedMe(PersonalizedStrategy):
    """The method of this file. theta begins each round at the global model.

    lambda_: strength of the pull of theta towards w, above 0.
    inner_steps: optimizer steps on theta for each batch.
    local_learning_rate: eta, of w; the plan's optimizer is theta's.
    beta: the server's step, 1 for the plain mean.
    """

    lambda_: float
    inner_steps: int
    local_learning_rate: float
    beta: float

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (GLOBAL,)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        plan, cases = context.plan, training_cases(data)
        theta = load_network(plan, parts[GLOBAL])
        parameters = list(theta.named_parameters())
        local = {name: parameter.detach().clone() for name, parameter in parameters}
        rate = learning_rate_of(plan.optimizer, context.round, plan.rounds)
        optimizer = make_optimizer(plan.optimizer, rate, parameters, kept_moments(context, "personalized"))
        loss_of, expected = segmentation_loss(plan.loss), num_local_steps(cases, plan)
        draws = generator(plan.seed, context.round, context.participant, "personalized")
        theta.train()
        losses: list[float] = []
        num_images = 0
        for batch in local_batches(cases, plan, draws):
            for _ in range(self.inner_steps):
                theta.zero_grad(set_to_none=True)
                loss = float(backward(theta, batch, loss_of, plan))
                for name, parameter in parameters:
                    if parameter.grad is not None:
                        parameter.grad.add_(parameter.detach() - local[name], alpha=self.lambda_)
                clip_gradient(parameters, plan)
                optimizer.step()
            for name, parameter in parameters:
                local[name].add_(parameter.detach() - local[name], alpha=self.local_learning_rate * self.lambda_)
            losses.append(loss)
            num_images += len(batch[0]) * self.inner_steps
            context.on_progress(len(losses) / expected)
        personal = cpu_state(theta)
        num_steps = len(losses) * self.inner_steps
        update = SiteUpdate(
            parts={
                GLOBAL: personal | {name: tensor.to("cpu", copy=True) for name, tensor in local.items()},
                personalized(context.participant): personal,
            },
            num_cases=len(cases),
            num_steps=len(losses),
            local_state=moments_to_keep(plan, {"personalized": moments_of(parameters, optimizer)}),
            metrics=(
                loss_metric(context, "personalized", sum(losses) / len(losses), len(cases)),
                *effort_metrics(context, "personalized", num_steps, num_images, len(cases)),
            ),
        )
        return also_moves(update, "global")  # w follows theta, by whose steps it gets there

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        average = average_part(GLOBAL, updates, plan)
        keys = sorted(parameter_keys(plan))
        mixed = linear_combination(
            [{key: model[key] for key in keys} for model in (state[GLOBAL], average)], [1 - self.beta, self.beta]
        )
        return {GLOBAL: average | mixed} | own_models(state, updates, plan)
