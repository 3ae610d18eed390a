"""Updates in fewer bits, with error feedback.

A site sends the difference of what it trained to what it received, in bfloat16 or in 8 bits, and keeps what that loses
for its next round. With p the difference together with what was kept, C the rounding and e what is kept:

    p_t = (trained - received) + e_t        send C(p_t)        e_(t+1) = p_t - C(p_t)

(Karimireddy et al., "Error Feedback Fixes SignSGD and other Gradient Compression Schemes", ICML 2019, algorithm 1, with
a round's difference in place of a gradient's step; before them Seide et al., "1-Bit Stochastic Gradient Descent and its
Application to Data-Parallel Distributed Training of Speech DNNs", Interspeech 2014: G' = Q(G + D), D = G + D - G'.) The
sum over rounds of what arrives is that of the true differences, less the last e.

Only tensors of two axes or more, convolutions and matrices, are coded: biases, norms and running statistics are few,
and a variance must not become negative. Rounding is to the nearest, so nothing is drawn.
"""

from dataclasses import dataclass
from typing import Literal, final

import torch

from worker.engine.exchange import GatherContext, GatherTransform, UpdateContext, UpdateTransform
from worker.engine.state import State, Tensors

#: In fewer bits than float32.
Coding = Literal["bfloat16", "int8"]
#: What the participant keeps of its round, under one name: e by `<part>/<tensor>`.
RESIDUAL = "residual"
_LARGEST = 127


@final
@dataclass(frozen=True)
class Compress(UpdateTransform):
    """At a site. coding: of the numbers. steps_suffix: behind a tensor's name, that of its steps in `int8`."""

    coding: Coding
    steps_suffix: str

    def apply(self, parts: State, context: UpdateContext) -> State:
        """Parts that the participant did not receive pass as they are: there is nothing to take the difference to."""
        before, left = context.kept.get(RESIDUAL, {}), dict[str, torch.Tensor]()
        sent = dict(parts)
        for name in context.returned:
            sent[name] = dict(parts[name])
            for key, received in context.received[name].items():
                if not is_coded(received) or key not in parts[name]:
                    continue
                place = f"{name}/{key}"
                wanted = parts[name][key] - received
                if place in before:
                    wanted = wanted + before[place]
                code, steps = encoded(wanted, self.coding)
                sent[name][key] = code
                if steps is not None:
                    sent[name][f"{key}{self.steps_suffix}"] = steps
                left[place] = wanted - decoded(code, steps)
        if left:
            context.left[RESIDUAL] = left
        return sent


@final
@dataclass(frozen=True)
class Decompress(GatherTransform):
    """At the server. coding, steps_suffix: as of `Compress`."""

    coding: Coding
    steps_suffix: str

    def apply(self, parts: State, context: GatherContext) -> State:
        """Raises ValueError where what arrived is not in the coding."""
        whole = dict(parts)
        for name in context.returned:
            if name in parts:
                whole[name] = self._whole(name, parts[name], context.state[name])
        return whole

    def _whole(self, name: str, sent: Tensors, received: Tensors) -> Tensors:
        """What was received with the difference; names that belong to nothing stay, for the check that comes after."""
        whole = dict(sent)
        for key, before in received.items():
            if not is_coded(before) or key not in sent:
                continue
            code = self._checked(name, key, sent, torch.int8 if self.coding == "int8" else torch.bfloat16, before.shape)
            steps = None
            if self.coding == "int8":
                steps_key = f"{key}{self.steps_suffix}"
                steps = self._checked(name, steps_key, sent, torch.float32, before.shape[:1])
                if bool((steps < 0).any()):
                    raise ValueError(f"{name} tensor {steps_key} holds a step below 0")
                del whole[steps_key]
            whole[key] = before + decoded(code, steps)
        return whole

    def _checked(self, name: str, key: str, sent: Tensors, dtype: torch.dtype, shape: torch.Size) -> torch.Tensor:
        if key not in sent:
            raise ValueError(f"{name} lacks tensor {key}, which updates in {self.coding} have")
        tensor = sent[key]
        if tensor.dtype != dtype or tensor.shape != shape:
            raise ValueError(
                f"{name} tensor {key} is {tensor.dtype} {tuple(tensor.shape)}, and updates in {self.coding} have "
                f"{dtype} {tuple(shape)} there"
            )
        return tensor


def is_coded(tensor: torch.Tensor) -> bool:
    """Whether fewer bits stand for the tensor's numbers."""
    return tensor.dtype == torch.float32 and tensor.ndim > 1 and tensor.numel() > 0


def encoded(wanted: torch.Tensor, coding: Coding) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The numbers in fewer bits, and for int8 the steps [first axis] that they count.

    wanted: float32, two axes or more. A step is the 127th part of the largest number at its index of the first axis. A
    NaN or an infinity makes the step such a value too, so that the server's check finds it.
    """
    if coding == "bfloat16":
        return wanted.to(torch.bfloat16), None
    steps = wanted.abs().flatten(1).amax(dim=1) / _LARGEST
    levels = wanted / _along_first(torch.where(steps > 0, steps, torch.ones_like(steps)), wanted)
    return torch.nan_to_num(levels).round().clamp(-_LARGEST, _LARGEST).to(torch.int8), steps


def decoded(code: torch.Tensor, steps: torch.Tensor | None) -> torch.Tensor:
    """The numbers that the code stands for, in float32."""
    return code.float() if steps is None else code.float() * _along_first(steps, code)


def _along_first(steps: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return steps.reshape(-1, *[1] * (like.ndim - 1))
