"""One network of several models' weights, for one image: a soup, and a mixture that is learned on the image itself.

The second is IOP-FL's way to an image of no site: Jiang et al., "IOP-FL: Inside-Outside Personalization for Federated
Medical Image Segmentation", IEEE TMI 2023, test-time routing. strategies/iopfl.py says what of it is the paper's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.func import functional_call

from worker.engine.aggregation import linear_combination
from worker.engine.data import Case
from worker.engine.plan import Plan
from worker.engine.pulse import pulse
from worker.engine.sampling import patch_size
from worker.engine.seeding import generator
from worker.engine.state import Tensors

#: Weights of the entropy and of the consistency in the authors' code.
ENTROPY_WEIGHT, CONSISTENCY_WEIGHT = 10.0, 0.1
#: Standard deviation of the noise of the second view, in deviations of the image.
NOISE = 0.1
#: Slices or patches of a large image that the shares are learned on.
MAX_VIEWS = 8


@dataclass(frozen=True)
class TestTimeRouting:
    """Shares of the models, learned for each image.

    steps: of Adam, the same for every image; 0 keeps equal shares. The last step's shares are used.
    learning_rate: of the shares' logarithms.
    """

    __test__ = False  # it is no test, whatever pytest takes from its name

    steps: int
    learning_rate: float


def soup(models: Mapping[str, Tensors], shares: Mapping[str, float]) -> Tensors:
    """The weighted mean of the models' weights. shares: by the models' names, which sum to 1."""
    return linear_combination([models[name] for name in shares], list(shares.values()))


def routed(
    models: Mapping[str, Tensors],
    shares: Mapping[str, float],
    routing: TestTimeRouting,
    network: nn.Module,
    case: Case,
    plan: Plan,
) -> Tensors:
    """The weights that the image's own prediction is most certain with; no reference is looked at.

    Every module l of the network has its own shares softmax(a_l) over the models, which begin as `shares` (above 0).
    a is moved to make 10 H + 0.1 C small: H is the mean entropy of the pixels' probabilities, C the mean squared
    difference between the predictions of the image and of a turned and noisy view of it, turned back.
    """
    names = list(shares)
    modules = list(dict.fromkeys(_module(key) for key in models[names[0]]))
    row_of = {module: row for row, module in enumerate(modules)}
    stacked = {
        key: torch.stack([models[name][key] for name in names]).to(plan.device)
        for key, tensor in models[names[0]].items()
        if tensor.is_floating_point()
    }
    counters = {key: tensor for key, tensor in soup(models, shares).items() if key not in stacked}
    start = torch.tensor([shares[name] for name in names], device=plan.device).log()
    logits = start.repeat(len(modules), 1).requires_grad_()
    adam = torch.optim.Adam([logits], lr=routing.learning_rate)
    images = _views(case, plan)
    draws = generator(plan.seed, 0, "", "test-time routing")
    network.eval()
    with torch.enable_grad():
        for _ in range(routing.steps):
            pulse()
            adam.zero_grad()
            mixed = _mixed(stacked, logits, row_of)
            torch.autograd.backward(_uncertainty(network, mixed, images, draws))
            adam.step()
    return {key: tensor.detach().cpu() for key, tensor in _mixed(stacked, logits, row_of).items()} | counters


def _module(key: str) -> str:
    return key.rpartition(".")[0]


def _mixed(stacked: Tensors, logits: torch.Tensor, row_of: Mapping[str, int]) -> Tensors:
    shares = torch.softmax(logits, dim=1)
    return {key: torch.tensordot(shares[row_of[_module(key)]], models, dims=1) for key, models in stacked.items()}


def _uncertainty(network: nn.Module, weights: Tensors, images: torch.Tensor, draws: torch.Generator) -> torch.Tensor:
    logits = functional_call(network, weights, (images,))
    probabilities = torch.sigmoid(logits)
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, probabilities) / math.log(2)
    flips = [axis for axis in (-1, -2) if bool(torch.rand((), generator=draws) < 0.5)] or [-1]
    noise = torch.randn(images.shape, generator=draws).to(images) * images.std() * NOISE
    turned = torch.sigmoid(functional_call(network, weights, (torch.flip(images + noise, flips),)))
    consistency = nn.functional.mse_loss(torch.flip(turned, flips), probabilities)
    return ENTROPY_WEIGHT * entropy + CONSISTENCY_WEIGHT * consistency


def _views(case: Case, plan: Plan) -> torch.Tensor:
    """[B, C, *space]: what the network sees of the case; of many slices or patches some, evenly spread."""
    image = case.image
    if case.is_volume and plan.spatial_dims == 2:
        return torch.cat([_patches(image[:, slice_], plan) for slice_ in _spread(image.shape[1], MAX_VIEWS)])[
            :MAX_VIEWS
        ].to(plan.device)
    return _patches(image, plan).to(plan.device)


def _patches(image: torch.Tensor, plan: Plan) -> torch.Tensor:
    """The whole image, or patches along its diagonal, because an image may be too large for one forward pass."""
    if plan.sampling.mode == "resize":
        return image[None]
    size = patch_size(plan.sampling, plan.spatial_dims)
    missing = [max(side - have, 0) for side, have in zip(size, image.shape[1:], strict=True)]
    image = nn.functional.pad(image, [amount for short in reversed(missing) for amount in (0, short)])
    room = [have - side for side, have in zip(size, image.shape[1:], strict=True)]
    count = 2 if plan.spatial_dims == 3 else 4
    corners = [[round(free * step / max(count - 1, 1)) for free in room] for step in range(count)]
    return torch.stack([image[(slice(None), *map(_window, corner, size))] for corner in corners])


def _window(start: int, side: int) -> slice:
    return slice(start, start + side)


def _spread(count: int, most: int) -> Sequence[int]:
    """At most `most` positions of `count`, evenly spread, the first and the last among them."""
    if count <= most:
        return range(count)
    return [round(step * (count - 1) / (most - 1)) for step in range(most)]
