"""One random generator for each (seed, round, site, purpose), so that order and repetition of work change no bit."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derived_seed(seed: int, round_: int, site: str, purpose: str) -> int:
    """A 63-bit seed that depends on all four arguments and on nothing else, on every machine."""
    digest = hashlib.sha256(f"{seed}/{round_}/{site}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, round_: int, site: str, purpose: str) -> torch.Generator:
    """A generator on the CPU, so what it draws does not depend on the device that trains."""
    return torch.Generator().manual_seed(derived_seed(seed, round_, site, purpose))


@contextmanager
def seeded_initialization(seed: int, purpose: str) -> Iterator[None]:
    """Lends torch's global generator, from which layers draw initial weights, a seeded state, and restores it
    afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, 0, "", purpose))
        yield
