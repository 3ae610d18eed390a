"""Label fusion: one mask of several models."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from worker.engine.routed_weights import TestTimeRouting

#: SimpleITK without types, which its wrapper has not.
_ITK: Any = SimpleITK
#: mean: of the probabilities, cut at 0.5. majority: of the masks. staple: Warfield et al., "Simultaneous Truth and
#: Performance Level Estimation (STAPLE)", IEEE TMI 2004, which weighs each model by how well it seems to do.
#: weights: one prediction of the mean of the models' weights; test-time routing: of a mean learned on the image.
Fusion = Literal["mean", "majority", "staple", "weights"] | TestTimeRouting
#: STAPLE's expectation and maximization ends after as many iterations where it has not converged before.
MAX_ITERATIONS = 100


def majority(masks: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Where more than half of the masks are set; a tie is background. All of one shape."""
    votes = np.sum(np.stack(masks), axis=0, dtype=np.int64)
    return np.asarray(2 * votes > len(masks))


def staple(masks: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Where STAPLE's probability of the structure is at least 0.5, for each structure. Masks: [S, *space0].

    Where all masks agree everywhere in a structure, that is their fusion: there is nothing to estimate.
    """
    return np.stack([_staple_of_one([mask[i] for mask in masks]) for i in range(len(masks[0]))])


def _staple_of_one(planes: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    if all(np.array_equal(plane, planes[0]) for plane in planes):
        return planes[0]
    images = [_ITK.GetImageFromArray(plane.astype(np.uint8)) for plane in planes]
    estimator = _ITK.STAPLEImageFilter()
    estimator.SetForegroundValue(1)
    estimator.SetMaximumIterations(MAX_ITERATIONS)
    estimator.SetNumberOfThreads(1)
    probability: NDArray[np.float64] = _ITK.GetArrayFromImage(estimator.Execute(images))
    return np.asarray(probability >= 0.5)
