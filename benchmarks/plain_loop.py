"""The same work as a plain PyTorch loop, without any code of ours: what a careful person would write in a notebook.

`python -m benchmarks.plain_loop FOLDER ROUNDS BATCH_SIZE THREADS NUM_MODELS [SITE...]` prints one line of JSON. With
NUM_MODELS 1 it is federated averaging with validation in each round; with 2 each site trains two models a round and
nothing is validated or averaged: FedSM's two segmentation trainings alone.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.losses.dice import DiceLoss
from monai.networks.nets.unet import UNet
from PIL import Image

NUM_TRAIN, NUM_VAL = 48, 9
State = dict[str, torch.Tensor]
NETWORK: dict[str, Any] = {
    "spatial_dims": 2,
    "in_channels": 3,
    "out_channels": 2,
    "channels": (16, 32, 64, 128, 256),
    "strides": (2, 2, 2, 2),
    "num_res_units": 2,
}


def read_site(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """images [N, 3, H, W] and references [N, 2, H, W]."""
    images, references = [], []
    for path in sorted((folder / "images").iterdir()):
        images.append(np.asarray(Image.open(path), np.float32).transpose(2, 0, 1) / 255)
        mask = np.asarray(Image.open(folder / "masks" / path.name))
        references.append(np.stack([mask >= 1, mask == 2]).astype(np.float32))
    return torch.from_numpy(np.stack(images)), torch.from_numpy(np.stack(references))


def make_network() -> UNet:
    return UNet(**NETWORK)


def train(
    network: UNet,
    optimizer: torch.optim.Adam,
    images: torch.Tensor,
    references: torch.Tensor,
    size: int,
    num_train: int = NUM_TRAIN,
) -> None:
    loss_of = DiceLoss(sigmoid=True)
    network.train()
    for indices in torch.split(torch.randperm(num_train), size):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(network(images[indices]), references[indices])
        loss.backward()
        optimizer.step()


@torch.inference_mode()
def validate(
    network: UNet,
    images: torch.Tensor,
    references: torch.Tensor,
    num_train: int = NUM_TRAIN,
    num_val: int = NUM_VAL,
) -> float:
    network.eval()
    chosen = slice(num_train, num_train + num_val)
    masks = torch.sigmoid(network(images[chosen])) > 0.5
    reference = references[chosen] > 0.5
    overlap = (masks & reference).sum((2, 3)).double()
    return float((2 * overlap / (masks.sum((2, 3)) + reference.sum((2, 3)))).mean())


def average(states: list[State]) -> State:
    return {key: torch.stack([state[key] for state in states]).mean(0) for key in states[0]}


def main(folder: Path, rounds: int, batch_size: int, num_models: int, only: list[str]) -> dict[str, float]:
    started, cpu_started = time.perf_counter(), time.process_time()
    sites = [read_site(path) for path in sorted(folder.iterdir()) if not only or path.name in only]
    state: State = {key: value.clone() for key, value in make_network().state_dict().items()}
    networks = [[make_network() for _ in range(num_models)] for _ in sites]
    optimizers = [[torch.optim.Adam(n.parameters(), lr=1e-3, fused=True) for n in nets] for nets in networks]
    dice = 0.0
    for _ in range(rounds):
        states = []
        for (images, references), nets, opts in zip(sites, networks, optimizers, strict=True):
            for network, optimizer in zip(nets, opts, strict=True):
                if num_models == 1:
                    network.load_state_dict(state)
                train(network, optimizer, images, references, batch_size)
            states.append(nets[0].state_dict())
        if num_models == 1:
            state = average(states)
            networks[0][0].load_state_dict(state)
            dice = sum(validate(networks[0][0], *site) for site in sites) / len(sites)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "dice": dice}


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[4]))
    torch.manual_seed(0)
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[5]), sys.argv[6:])))
