"""FedRep: Collins et al., "Exploiting Shared Representations for Personalized Federated Learning", ICML 2021, algorithm
1.

In a round a site first trains its own head with the body fixed, then the shared body with the head fixed. Running
statistics of batch norm follow the images in both. The mean of the bodies is weighted as the plan says, where the
paper's is plain; and all heads begin as one, where the paper's begin at random.
"""

from dataclasses import dataclass, replace
from typing import final

from worker.engine.checkpoint import cpu_state
from worker.engine.data import ParticipantData, training_cases
from worker.engine.local_training import train_locally
from worker.engine.networks import head_keys
from worker.engine.plan import Plan
from worker.engine.plan_network import blank_network, load_network
from worker.engine.progress import part_of
from worker.engine.seeding import generator
from worker.engine.state import State, personalized
from worker.engine.strategies.base import (
    SiteContext,
    SiteUpdate,
    also_moves,
    effort_metrics,
    kept_moments,
    loss_metric,
    moments_to_keep,
)
from worker.engine.strategies.partly_shared import PartlyShared


@final
@dataclass(frozen=True)
class FedRep(PartlyShared):
    """head_epochs: passes over the training cases for the head; the body is trained for the plan's local work."""

    head_epochs: int

    def private_keys(self, plan: Plan) -> frozenset[str]:
        return head_keys(plan.network, blank_network(plan))

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        plan, report, own = context.plan, context.on_progress, personalized(context.participant)
        cases = training_cases(data)
        network = load_network(plan, parts[own])
        head = self.private_keys(plan)
        body = frozenset(name for name, _ in network.named_parameters()) - head
        phases = (
            ("head", head, replace(plan, local_epochs=self.head_epochs, local_steps=None)),
            ("body", body, plan),
        )
        results = {}
        for position, (phase, keys, phase_plan) in enumerate(phases):
            results[phase] = train_locally(
                network,
                cases,
                phase_plan,
                context.round,
                kept_moments(context, phase),
                generator(plan.seed, context.round, context.participant, phase),
                part_of(report, position / 2, (position + 1) / 2),
                trained_keys=keys,
            )
        num_steps = sum(result.num_steps for result in results.values())
        num_images = sum(result.num_images for result in results.values())
        update = SiteUpdate(
            parts={own: cpu_state(network)},
            num_cases=len(cases),
            num_steps=results["body"].num_steps,
            local_state=moments_to_keep(plan, {phase: result.moments for phase, result in results.items()}),
            metrics=(
                loss_metric(context, "personalized", results["body"].mean_loss, len(cases)),
                *effort_metrics(context, "personalized", num_steps, num_images, len(cases)),
            ),
        )
        return also_moves(update, "global")
