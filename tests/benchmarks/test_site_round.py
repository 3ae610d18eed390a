"""Guards: what the platform adds to a site's round stays a small part of it, by processor time."""

import time
from pathlib import Path

import pytest
import torch

from backend.contracts.methods.references import FedAvgConfig
from benchmarks import plain_loop, workload
from benchmarks.site_round import NUM_TRAIN, NUM_VAL, USUAL, Cost, costs
from worker.process.toolbox import prepare_process

BATCH_SIZE = 4
#: Of training and validation of five images and two. It was 0.53 before a network was built once a process; a full
#: second of training makes it ten times smaller.
MAX_SHARE = 0.5
#: A whole task over the plain loop of the same images. Claim, files, hashes and HTTP are a fixed part of it: with five
#: images they are a quarter of it, at the fifty of `benchmarks.rounds` a fortieth.
MAX_RATIO = 1.6


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Cost]:
    """Of four rounds. Other work on the machine adds to some, and takes from none."""
    return costs(tmp_path_factory.mktemp("round"), FedAvgConfig(), USUAL, rounds=1)


def test_the_platforms_part_of_a_sites_round_is_bounded_by_its_training(found: list[Cost]) -> None:
    assert len(found) == 4
    assert all(cost.training > 0 and cost.validation > 0 for cost in found)
    assert min(cost.share for cost in found) < MAX_SHARE


def test_a_sites_round_costs_little_more_than_the_plain_loop(found: list[Cost], tmp_path: Path) -> None:
    prepare_process()
    (site,) = workload.write_sites(tmp_path, NUM_TRAIN + NUM_VAL, workload.SITES[:1]).values()
    images, references = plain_loop.read_site(site)
    network = plain_loop.make_network()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    floors = []
    for _ in range(5):
        begun = time.thread_time()
        plain_loop.train(network, optimizer, images, references, BATCH_SIZE, NUM_TRAIN)
        plain_loop.validate(network, images, references, NUM_TRAIN, NUM_VAL)
        floors.append(1000 * (time.thread_time() - begun))
    assert min(cost.task for cost in found) < MAX_RATIO * min(floors)
