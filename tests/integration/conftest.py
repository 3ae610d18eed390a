"""One platform on SQLite for all tests that need nothing special of it; one on PostgreSQL for those that ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.live_platform import LivePlatform
from tests.integration.tiny_data import write_sites


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Read only: a test that changes files writes its own."""
    return write_sites(tmp_path_factory.mktemp("sites"))


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[LivePlatform]:
    with LivePlatform(tmp_path_factory.mktemp("platform"), f"{valkey_url}?virtual_host=1") as running:
        yield running


@pytest.fixture
def postgres_platform(tmp_path: Path, valkey_url: str, postgres_url: str) -> Iterator[LivePlatform]:
    with LivePlatform(tmp_path / "home", f"{valkey_url}?virtual_host=2", postgres_url) as running:
        yield running
