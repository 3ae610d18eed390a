"""Work of the server that two threads share: the machine's other core waits for a round's aggregation anyway.

One thread works on an item from its beginning to its end, so that a result has the same bits from either thread.
"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from worker.engine.state import Tensors

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = 2
#: Bytes of an item, on average, below which the threads wait for the interpreter more than they work side by side.
WORTHWHILE_BYTES = 2**20


def side_by_side(work: Callable[[Item], Result], items: Collection[Item], num_bytes: int) -> list[Result]:
    """What `work` makes of each item, in the order of items, which are begun in that order: the largest first.

    num_bytes: that the work reads in all. Raises what `work` raises for the first item for which it does.
    """
    if num_bytes < WORTHWHILE_BYTES * len(items):
        return [work(item) for item in items]
    with ThreadPoolExecutor(THREADS, "server step") as pool:
        return list(pool.map(work, items))


def largest_first(model: Tensors) -> list[str]:
    """The names of a model's tensors, so that the threads end at about the same time."""
    return sorted(model, key=lambda key: -model[key].nbytes)


def bytes_of(models: Sequence[Tensors]) -> int:
    """Of all tensors of the models."""
    return sum(tensor.nbytes for model in models for tensor in model.values())
