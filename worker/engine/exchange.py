"""The seams of a round: between training and sending at a site, between gathering and aggregating at the server.

A plan lists the transforms of each seam, and they run in the order of the list:

    site      train -> update_transforms[0] -> update_transforms[1] -> ... -> send
    server    gather -> gather_transforms[0] -> gather_transforms[1] -> ... -> check -> aggregate

Privacy (clipping, noise, masks) and compression (quantisation) are built on them without touching a method. A site's
step that encodes, such as quantisation, has a server's step that decodes; the server checks names, shapes and values
after its own steps, so whatever reaches a method was checked. An empty list changes no bit.

NVIDIA FLARE has such lists as `task_result_filters` of clients and server, Flower as mods of the client app.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from worker.engine.seeding import generator
from worker.engine.state import State


@dataclass(frozen=True)
class UpdateContext:
    """What a site's transform knows in addition to the update.

    participant: slug of a site, or POOLED.
    round: 1 for the first.
    received: the parts that the participant trained from.
    returned: names of those whose next value it returns, with the same tensors.
    kept: what it kept of its round before, by name; empty where that is nothing.
    left: what a transform leaves at the participant for its next round, put here under the name by which `kept` has it
    then.
    generator: the transform's own. Its draws depend on the run's seed, the round, the participant and the transform's
    place in the list, and on nothing else. Anyone who knows the seed can repeat them, so noise that must be secret
    needs another source.
    """

    participant: str
    round: int
    received: State
    returned: tuple[str, ...]
    kept: State
    left: State
    generator: torch.Generator


class UpdateTransform(ABC):
    """Abstract: one step between what a site trained and what it sends. Subclasses are final, frozen dataclasses."""

    @abstractmethod
    def apply(self, parts: State, context: UpdateContext) -> State:
        """The parts to send in place of `parts`, whose tensors must not be changed in place.

        Numbers of cases and steps, metrics and what the method keeps at the site pass by unchanged. Not every part was
        received: a selector sends moments or gradients, APFL and pFedMe a personalized model that they make anew.
        Raises ValueError where the site may not send its update.
        """


@dataclass(frozen=True)
class GatherContext:
    """What the server's transform knows in addition to one update.

    participant: whose update it is.
    round: 1 for the first.
    state: the one that the sites received, all its parts.
    returned: as in UpdateContext.
    gathered: all updates as they came out of the step before, by participant, in site order.
    generator: as in UpdateContext, another one for each participant.
    """

    participant: str
    round: int
    state: State
    returned: tuple[str, ...]
    gathered: Mapping[str, State]
    generator: torch.Generator


class GatherTransform(ABC):
    """Abstract: one step between what the server gathers and what it checks and aggregates. Subclasses are final,
    frozen dataclasses."""

    @abstractmethod
    def apply(self, parts: State, context: GatherContext) -> State:
        """The parts to use in place of the participant's `parts`, whose tensors must not be changed in place.

        They are not checked yet: names, shapes and values are whatever was sent. Raises ValueError where this update
        cannot be used; it is refused, and the round goes on without it.
        """


def apply_update_transforms(
    transforms: Sequence[UpdateTransform],
    parts: State,
    received: State,
    seed: int,
    round_: int,
    participant: str,
    returned: tuple[str, ...] = (),
    kept: State | None = None,
) -> tuple[State, State]:
    """The parts that the participant sends of those that it trained, and what the transforms leave there for its next
    round. Raises what a transform raises.

    returned, kept: as in UpdateContext; None: nothing was kept.
    """
    left: State = {}
    for position, transform in enumerate(transforms):
        draws = generator(seed, round_, participant, f"update transform {position}")
        parts = transform.apply(parts, UpdateContext(participant, round_, received, returned, kept or {}, left, draws))
    return parts, left


def apply_gather_transforms(
    transforms: Sequence[GatherTransform],
    updates: Mapping[str, State],
    state: State,
    seed: int,
    round_: int,
    returned: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[dict[str, State], dict[str, str]]:
    """The parts to check and aggregate by participant, in the order of `updates`, and why others are refused.

    returned: by participant, as in UpdateContext; None: no part.
    """
    gathered, refused = dict(updates), dict[str, str]()
    for position, transform in enumerate(transforms):
        following: dict[str, State] = {}
        for participant, parts in gathered.items():
            draws = generator(seed, round_, participant, f"gather transform {position}")
            try:
                names = (returned or {}).get(participant, ())
                context = GatherContext(participant, round_, state, names, gathered, draws)
                following[participant] = transform.apply(parts, context)
            except ValueError as error:
                refused[participant] = f"site {participant}: {error}"
        gathered = following
    return gathered, refused
