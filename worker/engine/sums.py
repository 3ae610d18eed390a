"""Sums of large tensors, in double precision and piece by piece.

Piece by piece each number is the same sum as over whole tensors, and the sums stay in the processor's caches, which
takes less than half of the time. Pieces that are too small cost more in calls than the nearer cache saves.
"""

from collections.abc import Sequence

import torch

#: Numbers of a tensor that are summed at a time: 1 MiB of sums.
PIECE = 2**17
#: The same of all sums of `pulled_sums` together.
BLOCK = 2**19
#: Numbers whose squares are summed at a time: here the size of the pieces decides the last bits.
_SQUARES = 2**16
#: The numbers of a piece are a multiple of it: the processor adds those that are left over in another way.
_STEP = 64


def weighted_sum(tensors: Sequence[torch.Tensor], factors: Sequence[float], out: torch.Tensor) -> None:
    """Leaves sum_k factors_k tensors_k in `out`, rounded to its type.

    tensors: at least one, all of the shape of `out`.
    """
    size = min(PIECE, out.numel())
    sums = torch.empty(size, dtype=torch.float64)
    doubles = torch.empty_like(sums)
    # Cut at once, because a slice from here takes as long as a sum of a few thousand numbers.
    for target, *pieces in zip(torch.split(out.view(-1), PIECE), *_cut(tensors, PIECE), strict=True):
        is_whole = target.numel() == size
        total, values = (sums, doubles) if is_whole else (sums[: target.numel()], doubles[: target.numel()])
        total.zero_()
        for piece, factor in zip(pieces, factors, strict=True):
            total.add_(values.copy_(piece), alpha=factor)
        target.copy_(total if out.is_floating_point() else total.round())


def pulled_sums(tensors: Sequence[torch.Tensor], own: float, others: float, out: Sequence[torch.Tensor]) -> None:
    """Leaves own * tensors_k + others * sum over j != k of tensors_j in each out_k, rounded to its type.

    tensors, out: at least one, as many of both, all of one shape. Each sum runs in the order of `tensors` and has the
    bits of `weighted_sum` with these factors. What stands before k is the same in every later sum: it is carried along,
    which leaves half of the additions, and each tensor is read once for all sums.
    """
    num_tensors = len(tensors)
    size = max(_STEP, min(PIECE, BLOCK // num_tensors) // _STEP * _STEP)
    block = torch.empty(num_tensors + 2, size, dtype=torch.float64)
    results = [torch.split(model.view(-1), size) for model in out]
    for found in zip(*_cut(tensors, size), *results, strict=True):
        pieces, targets = found[:num_tensors], found[num_tensors:]
        rows = block[:, : pieces[0].numel()].unbind()
        sums, before, values = rows[:num_tensors], rows[num_tensors], rows[num_tensors + 1]
        before.zero_()
        for k, piece in enumerate(pieces):
            values.copy_(piece)
            if k:
                block[:k, : piece.numel()].add_(values, alpha=others)
            torch.add(before, values, alpha=own, out=sums[k])
            before.add_(values, alpha=others)
        for target, total in zip(targets, sums, strict=True):
            target.copy_(total if target.is_floating_point() else total.round())


def _cut(tensors: Sequence[torch.Tensor], size: int) -> list[tuple[torch.Tensor, ...]]:
    """Of each tensor its numbers in pieces of at most `size`."""
    return [torch.split(tensor.reshape(-1), size) for tensor in tensors]


def squared_distance(left: torch.Tensor, right: torch.Tensor) -> float:
    """The sum of the squared differences in double precision. left, right: of one shape."""
    flat, other = left.reshape(-1), right.reshape(-1)
    differences, doubles = (torch.empty(min(_SQUARES, flat.numel()), dtype=torch.float64) for _ in range(2))
    total = 0.0
    for start in range(0, flat.numel(), _SQUARES):
        piece = slice(start, min(start + _SQUARES, flat.numel()))
        difference, values = (buffer[: piece.stop - start] for buffer in (differences, doubles))
        difference.copy_(flat[piece]).sub_(values.copy_(other[piece]))
        total += float(torch.dot(difference, difference))
    return total
