"""The initial state of a run that begins with the models of another."""

from collections.abc import Mapping

import torch

from worker.engine.input_normalization import INPUT_KEYS
from worker.engine.plan import Plan
from worker.engine.selectors.base import SELECTOR
from worker.engine.state import GLOBAL, State, Tensors
from worker.engine.strategies.base import Strategy, initial_weights

_PERSONALIZED = "personalized/"


def started_state(strategy: Strategy, plan: Plan, start: State) -> State:
    """The strategy's initial state with the models of `start` in place of random ones.

    Every copy that a method makes of the initial weights (the global model, each personalized one, private copies)
    begins as the global model of `start`. A personalized model that `start` has for its site, and its selector, take
    their own place. What a method only trains with (momentum, control variates) begins anew. Raises ValueError naming
    part and tensor where an architecture differs.
    """
    drawn = initial_weights(plan)
    state = strategy.initial_state(plan)
    # A model that normalizes its input (input_normalization.py) is of use to a method whose models do so as well.
    numbers = {key: tensor for key, tensor in state.get(GLOBAL, {}).items() if key in INPUT_KEYS}
    for name, part in start.items():
        if name == GLOBAL or name.startswith(_PERSONALIZED):
            _check(name, part, drawn | {key: tensor for key, tensor in numbers.items() if key in part})
    if GLOBAL in start:
        state = {name: part | start[GLOBAL] if _begins_as(part, drawn) else part for name, part in state.items()}
    for name, part in start.items():
        if name.startswith(_PERSONALIZED) and name in state:
            state[name] = state[name] | part
    if SELECTOR in start and SELECTOR in state:
        _check(SELECTOR, start[SELECTOR], state[SELECTOR])
        state[SELECTOR] = start[SELECTOR]
    return state


def _begins_as(part: Tensors, weights: Tensors) -> bool:
    """Whether a part of the initial state holds these weights, with whatever else the method keeps in it."""
    return weights.keys() <= part.keys() and all(torch.equal(part[key], weights[key]) for key in weights)


def _check(name: str, part: Tensors, expected: Mapping[str, torch.Tensor]) -> None:
    remedy = "choose the network that the model was trained with, or another model"
    if missing := [key for key in expected if key not in part]:
        raise ValueError(f"start_from: {name} has no tensor {missing[0]}, which the network has: {remedy}")
    if unknown := [key for key in part if key not in expected]:
        raise ValueError(f"start_from: {name} has the tensor {unknown[0]}, which the network has not: {remedy}")
    for key, tensor in part.items():
        if tensor.shape != expected[key].shape:
            raise ValueError(
                f"start_from: {name}, tensor {key}: the shape is {list(tensor.shape)}, and the network's is "
                f"{list(expected[key].shape)}: {remedy}"
            )
        if tensor.dtype != expected[key].dtype:
            raise ValueError(
                f"start_from: {name}, tensor {key}: the type is {tensor.dtype}, and the network's is "
                f"{expected[key].dtype}: save the model as {expected[key].dtype}"
            )
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"start_from: {name}, tensor {key} holds NaN or infinity: choose another model")
