"""Prediction with several models: each is loaded once into one network and runs on the cases that want it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from worker.engine.data import Case
from worker.engine.fusion import Fusion, majority, staple
from worker.engine.inference import predict_probabilities
from worker.engine.plan import Plan
from worker.engine.plan_network import lent_network, load_weights
from worker.engine.progress import OnProgress, no_progress
from worker.engine.routed_weights import TestTimeRouting, routed, soup
from worker.engine.state import Tensors
from worker.engine.transforms import to_original

#: The name of what the super model uses under soft routing, the sites' models together. It is no part of a state.
MIXTURE = "mixture"
#: Upper bound on the bytes of masks held in memory at once: all of a site's photographs, or some of its large volumes.
MASK_BYTES = 256 * 2**20


def predict_cases(
    load_part: Callable[[str], Tensors],
    cases: Sequence[Case],
    wanted: Sequence[Collection[str]],
    plan: Plan,
    mixtures: Sequence[Mapping[str, float]] | None = None,
    fusion: Fusion = "mean",
    on_progress: OnProgress = no_progress,
) -> Iterator[dict[str, NDArray[np.bool_]]]:
    """Yields for each case, in order, the mask [S, *space0] of each part in its entry of `wanted`.

    mixtures: for each case, part names and their shares, which sum to 1, or nothing; the case then also has the mask of
    the weighted mean of their probabilities, under the name MIXTURE; or, by another fusion, of their masks, whatever
    their shares, or that of one network with a weighted mean of their weights. Parts are loaded once for as many cases
    as MASK_BYTES allows at a time. on_progress: of the predictions, each of one case by one model.
    """
    shares = mixtures or [{}] * len(cases)
    total = sum(_num_predictions(*each, fusion) for each in zip(wanted, shares, strict=True))
    numbers = count(1)

    def on_prediction() -> None:
        on_progress(next(numbers) / total)

    sizes = [_num_bytes(*each, fusion) for each in zip(cases, wanted, shares, strict=True)]
    for group in _groups(sizes):
        with lent_network(plan) as network:
            masks = _predict_group(
                load_part, network, cases[group], wanted[group], shares[group], plan, fusion, on_prediction
            )
        yield from masks


def _num_predictions(wanted: Collection[str], shares: Mapping[str, float], fusion: Fusion) -> int:
    """Of a case; a mixture of weights is one network more."""
    return len({*wanted}) + bool(shares) if _by_weights(fusion) else len({*wanted, *shares})


def _num_bytes(case: Case, wanted: Collection[str], shares: Mapping[str, float], fusion: Fusion) -> int:
    """Bytes of the case's masks, and of the sum of its probabilities or the masks to fuse where it has a mixture."""
    if _by_weights(fusion):
        return len({*wanted, *([MIXTURE] if shares else ())}) * case.reference_original.nbytes
    if fusion != "mean":
        return len({*wanted, *shares, MIXTURE}) * case.reference_original.nbytes
    mixture = 4 * case.reference.numel() + case.reference_original.nbytes if shares else 0
    return len(wanted) * case.reference_original.nbytes + mixture


def _by_weights(fusion: Fusion) -> bool:
    """Whether a mixture is one network, and no fusion of several predictions."""
    return fusion == "weights" or isinstance(fusion, TestTimeRouting)


def _groups(sizes: Sequence[int]) -> Iterator[slice]:
    """Yields runs of neighbours whose sizes together stay below MASK_BYTES; each has at least one."""
    start, total = 0, 0
    for position, size in enumerate(sizes):
        if position > start and total + size > MASK_BYTES:
            yield slice(start, position)
            start, total = position, 0
        total += size
    yield slice(start, len(sizes))


def _predict_group(
    load_part: Callable[[str], Tensors],
    network: nn.Module,
    cases: Sequence[Case],
    wanted: Sequence[Collection[str]],
    shares: Sequence[Mapping[str, float]],
    plan: Plan,
    fusion: Fusion,
    on_prediction: Callable[[], None],
) -> list[dict[str, NDArray[np.bool_]]]:
    masks: list[dict[str, NDArray[np.bool_]]] = [{} for _ in cases]
    sums: dict[int, torch.Tensor] = {}
    to_fuse: list[list[NDArray[np.bool_]]] = [[] for _ in cases]
    to_sum = [{}] * len(cases) if _by_weights(fusion) else shares
    for part in sorted({name for names in (*wanted, *to_sum) for name in names}):
        chosen = [i for i in range(len(cases)) if part in wanted[i] or part in to_sum[i]]
        load_weights(network, load_part(part))
        predicted = predict_probabilities(network, [cases[i] for i in chosen], plan)
        for i, probabilities in zip(chosen, predicted, strict=True):
            on_prediction()
            if part in wanted[i]:
                masks[i][part] = _mask(probabilities, cases[i])
            if part in to_sum[i] and fusion != "mean":
                to_fuse[i].append(masks[i].get(part, _mask(probabilities, cases[i])))
            elif part in to_sum[i]:
                weighted = probabilities.cpu() * to_sum[i][part]
                sums[i] = sums[i] + weighted if i in sums else weighted
    for i, total in sums.items():
        masks[i][MIXTURE] = _mask(total, cases[i])
    for i, predictions in enumerate(to_fuse):
        if predictions:
            masks[i][MIXTURE] = majority(predictions) if fusion == "majority" else staple(predictions)
    if _by_weights(fusion):
        models = {part: load_part(part) for part in sorted({name for of_case in shares for name in of_case})}
        for mask, case, of_case in zip(masks, cases, shares, strict=True):
            if of_case:
                mask[MIXTURE] = _mask_of_mixed_weights(models, of_case, fusion, network, case, plan)
                on_prediction()
    return masks


def _mask_of_mixed_weights(
    models: Mapping[str, Tensors],
    shares: Mapping[str, float],
    fusion: Fusion,
    network: nn.Module,
    case: Case,
    plan: Plan,
) -> NDArray[np.bool_]:
    if isinstance(fusion, TestTimeRouting):
        weights = routed(models, shares, fusion, network, case, plan)
    else:
        weights = soup(models, {part: share for part, share in shares.items() if share > 0})
    (probabilities,) = predict_probabilities(load_weights(network, weights), [case], plan)
    return _mask(probabilities, case)


def _mask(probabilities: torch.Tensor, case: Case) -> NDArray[np.bool_]:
    return to_original(probabilities, case.reference_original.shape[1:])
