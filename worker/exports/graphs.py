"""The networks and the selector of a set of models as graphs with fixed inputs and outputs.

Legend of shapes: B images, C channels, S structures, K sites; `space` is (H, W), or (D, H, W) of a 3D network.
"""

import math

import torch
from torch import nn

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.personalized import ConsensusConfig
from backend.contracts.selector_configs import LdaSelector
from worker.engine.input_normalization import MEAN, STD, normalized, without_numbers
from worker.engine.networks.settings import SwinUNETRSettings
from worker.engine.networks.sizes import size_multiple
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.selectors.base import SELECTOR
from worker.engine.selectors.calibration import USUAL_DISTANCE
from worker.engine.selectors.distances import ABSENT_LOGIT, FAR_SHARE, logits_of, with_distances
from worker.engine.selectors.quadratic import LOG_DETERMINANTS, PRECISIONS
from worker.exports.descriptor_graph import Descriptors
from worker.predicting.predict import Predictor

CLASSIFIER = ("weight", "bias", "means", PRECISIONS, LOG_DETERMINANTS)


class CannotExport(ValueError):
    """Why a set of models does not fit a form, and what does."""


class NetworkGraph(nn.Module):
    """Prepared images [B, C, *space] to probabilities [B, S, *space], or to logits.

    mean, std: [C] each, of a model that normalizes its input itself; they belong to its weights. None: it does not.
    gives_logits: for windows, whose logits are averaged before the sigmoid.
    """

    def __init__(
        self, network: nn.Module, mean: torch.Tensor | None, std: torch.Tensor | None, gives_logits: bool
    ) -> None:
        super().__init__()
        self.network, self.gives_logits = network, gives_logits
        for name, numbers in ((MEAN, mean), (STD, std)):  # its own, as its weights are
            self.register_buffer(name, None if numbers is None else numbers.clone())

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        mean, std = getattr(self, MEAN), getattr(self, STD)
        logits: torch.Tensor = self.network(image if mean is None else normalized(image, mean, std))
        return logits if self.gives_logits else torch.sigmoid(logits)


class LdaGraph(nn.Module):
    """The closed-form selector: probabilities [B, K] of the sites, and how far [B] each image is from the nearest one
    in times of what is usual.

    Pictures are [B, C, H, W] in 0 to 1; of a volume come all its slices [D, C, H, W] with `scan` [4], and there is one
    answer. It is the arithmetic of `worker.engine.selectors.lda`.
    """

    means: torch.Tensor
    precision: torch.Tensor
    temperature: torch.Tensor
    usual_distance: torch.Tensor
    known: torch.Tensor

    def __init__(self, farthest: float, predictor: Predictor, is_volume: bool) -> None:
        super().__init__()
        learned = with_distances(predictor.load_part(SELECTOR))
        self.descriptors, self.is_volume, self.farthest = Descriptors(), is_volume, farthest
        #: Of the classifier; a quadratic one has two more tensors.
        self.names = [name for name in CLASSIFIER if name in learned]
        for name in (*self.names, "precision", "temperature", USUAL_DISTANCE):
            self.register_buffer(name, learned[name].double())
        self.register_buffer("known", learned["bias"] > ABSENT_LOGIT)

    def forward(self, unit: torch.Tensor, scan: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        described = self.descriptors(unit)
        if self.is_volume:
            described = torch.cat([described.mean(dim=0, keepdim=True), scan.double()[None]], dim=1)
        else:
            described = described + 0 * scan.double().sum()  # a picture has no numbers of a scan
        classifier = {name: self.get_buffer(name) for name in self.names}
        probabilities = torch.softmax(logits_of(classifier, described) / self.temperature, dim=1)
        difference = described[:, None, :] - self.means[None]
        squares = ((difference @ self.precision) * difference).sum(dim=2)
        squared = torch.where(self.known[None], squares, torch.inf).amin(dim=1)
        usual = self.usual_distance.reshape(())
        is_far = (squared > self.farthest * usual) & (usual > 0)
        equal = self.known.double() / self.known.double().sum()
        shared = torch.where(is_far[:, None], FAR_SHARE * probabilities + (1 - FAR_SHARE) * equal, probabilities)
        return shared, (squared / usual.clamp_min(torch.finfo(torch.float64).tiny)).sqrt()


def network_graph(predictor: Predictor, model: str) -> NetworkGraph:
    """With the model's weights. 3D convolutions are PyTorch's own, which compute the same, with a bias of 0 in place of
    none: what PyTorch writes of them to ONNX does not run otherwise."""
    weights = predictor.load_part(model)
    network = load_network(predictor.plan, without_numbers(weights))
    for module in network.modules():
        if isinstance(module, nn.Conv3d):
            module.__class__ = nn.Conv3d
            if module.bias is None:
                module.bias = nn.Parameter(torch.zeros(module.out_channels))
    return NetworkGraph(network, weights.get(MEAN), weights.get(STD), in_patches(predictor.plan)).eval()


def selector_graph(predictor: Predictor) -> LdaGraph | None:
    """None for a method without a selector. Raises CannotExport for one that has no graph."""
    strategy = routed_strategy(predictor)
    if strategy is None:
        return None
    if strategy.routing != "hard" or strategy.threshold != "fixed":
        raise CannotExport(
            "the super model mixes models or expects their quality, which is no choice by a threshold: take model.zip, "
            "or choose routing hard"
        )
    selector = strategy.selector
    if not isinstance(selector, LdaSelector) or selector.features != "descriptors":
        raise CannotExport(
            "the model selector looks at the image with a network of its own, which has no exported form: take "
            "model.zip, or train with the selector lda and its features descriptors"
        )
    farthest = math.inf if selector.farthest is None else selector.farthest
    return LdaGraph(farthest, predictor, predictor.run.task.dimensions == 3).eval()


def routed_strategy(predictor: Predictor) -> FedSMConfig | None:
    """The settings of a method whose super model chooses by a selector; None for the others.

    Raises CannotExport for a method that fuses the masks of several models.
    """
    strategy = predictor.run.strategy
    if isinstance(strategy, FedSMConfig):
        return strategy
    if isinstance(strategy, ConsensusConfig):
        raise CannotExport("the method fuses the masks of all sites' models, which is no one graph: take model.zip")
    return None


def in_patches(plan: Plan) -> bool:
    """Whether the network sees windows of an image: they lie around its graph, which then gives logits."""
    return plan.sampling.mode == "patches"


def example(plan: Plan, batch: int = 2) -> torch.Tensor:
    """An input of the size that training saw."""
    size = (plan.sampling.depth, plan.sampling.size, plan.sampling.size)[-plan.spatial_dims :]
    return torch.rand((batch, plan.num_channels, *size), generator=torch.Generator().manual_seed(0))


def takes_any_size(plan: Plan) -> bool:
    """Whether one graph is for all sizes: the windows of Swin UNETR's attention are laid when it is traced."""
    return not isinstance(plan.network, SwinUNETRSettings)


def multiples(plan: Plan) -> tuple[int, ...]:
    """What each side of an input must be a multiple of."""
    depth = plan.sampling.depth if plan.spatial_dims == 3 else None
    return size_multiple(plan.network, plan.spatial_dims, depth)
