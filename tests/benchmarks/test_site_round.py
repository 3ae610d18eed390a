"""A guard: what the platform adds to a site's round stays a small part of its training, by processor time."""

from pathlib import Path

from backend.contracts.methods.references import FedAvgConfig
from benchmarks.site_round import USUAL, costs

#: Of training and validation of five images and two. It was 0.53 before a network was built once a process; a full
#: second of training makes it ten times smaller.
MAX_SHARE = 0.5


def test_the_platforms_part_of_a_sites_round_is_bounded_by_its_training(tmp_path: Path) -> None:
    """The least of four rounds: other work on the machine adds to some, and takes from none."""
    found = costs(tmp_path, FedAvgConfig(), USUAL, rounds=1)
    assert len(found) == 4
    assert all(cost.training > 0 and cost.validation > 0 for cost in found)
    assert min(cost.share for cost in found) < MAX_SHARE
