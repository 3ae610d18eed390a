"""Parts in the cache's files: the same tensors as in memory, without the memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.worker.worker_api_server import Answer, serve_worker_api
from worker.engine.aggregation import weighted_average
from worker.engine.checkpoint import from_bytes, sha256_of, to_bytes
from worker.engine.state import Tensors
from worker.stores import artifact_cache
from worker.stores.api_client import ApiClient
from worker.stores.artifact_cache import ArtifactCache
from worker.stores.mapped_part import download_mapped


@pytest.fixture
def served() -> dict[str, bytes]:
    return {}


@pytest.fixture
def api(tmp_path: Path, served: dict[str, bytes]) -> Iterator[ApiClient]:
    with serve_worker_api() as server:
        server.answer = lambda request: Answer(200, served[request.path.rpartition("/")[2]])
        client = ApiClient(server.url, "worker-token", ArtifactCache(tmp_path, max_bytes=2**30))
        yield client
        client.close()


def serve(served: dict[str, bytes], tensors: Tensors) -> str:
    key = sha256_of(tensors)
    served[key] = to_bytes(tensors)
    return key


def model(seed: int, size: int = 5) -> Tensors:
    draws = torch.Generator().manual_seed(seed)
    return {"count": torch.tensor(seed), "weight": torch.randn(size, generator=draws)}


def test_mapped_parts_aggregate_to_the_same_bits(api: ApiClient, served: dict[str, bytes]) -> None:
    models = [model(seed) for seed in range(4)]
    mapped = [download_mapped(api, serve(served, each)) for each in models]
    weights = [1.0, 2.0, 3.0, 4.0]
    assert sha256_of(weighted_average(mapped, weights)) == sha256_of(weighted_average(models, weights))


def test_a_part_outlives_its_file_and_a_change_in_place_does_not_reach_it(
    api: ApiClient, served: dict[str, bytes]
) -> None:
    key = serve(served, model(1))
    part = download_mapped(api, key)
    part["weight"] += 1
    again = download_mapped(api, key)
    assert torch.equal(again["weight"], model(1)["weight"])
    file = api.kept_file(key)
    assert file is not None
    file.unlink()
    assert torch.equal(again["weight"], model(1)["weight"])


def test_a_full_disk_keeps_parts_in_memory(
    api: ApiClient, served: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifact_cache, "write_atomically", no_room)
    key = serve(served, model(2))
    assert torch.equal(download_mapped(api, key)["weight"], model(2)["weight"])
    assert api.kept_file(key) is None


@pytest.mark.parametrize("num_opened", [0, 1])
def test_a_file_that_is_trimmed_while_it_is_opened_is_read_from_memory(
    api: ApiClient, served: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, num_opened: int
) -> None:
    """It is opened twice, for its header and for its tensors; another process trims it before one of them."""
    key = serve(served, model(3))
    find, read = api.kept_file, torch.UntypedStorage.from_file
    trimmed = []

    def trim() -> None:
        file = find(key)
        assert file is not None
        file.unlink()
        trimmed.append(file)

    def find_then_trim(sha256: str) -> Path | None:
        file = find(sha256)
        trim()
        return file

    def trim_then_read(*args: Any, **options: Any) -> Any:
        trim()
        return read(*args, **options)

    if num_opened:
        monkeypatch.setattr(torch.UntypedStorage, "from_file", trim_then_read)
    else:
        monkeypatch.setattr(api, "kept_file", find_then_trim)
    assert torch.equal(download_mapped(api, key)["weight"], model(3)["weight"])
    assert len(trimmed) == 1


def test_what_is_no_safetensors_is_refused_in_the_same_words(api: ApiClient, served: dict[str, bytes]) -> None:
    content = b"no tensors"
    key = artifact_cache.sha256_of(content)
    served[key] = content
    with pytest.raises(ValueError, match="these 10 bytes are no safetensors file") as refused:
        download_mapped(api, key)
    with pytest.raises(ValueError, match="these 10 bytes") as direct:
        from_bytes(content)
    assert str(refused.value) == str(direct.value)


def anonymous_bytes() -> int:
    """Of this process: what the system cannot drop and read again from a file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def test_many_updates_take_little_memory(api: ApiClient, served: dict[str, bytes]) -> None:
    """Eight models of 8 MB; held in memory they would take 64 MB. The server's copies here are 64 MB of their own, so
    the cache is filled first."""
    keys = [serve(served, model(seed, size=2_000_000)) for seed in range(8)]
    for key in keys:
        api.download(key)
    served.clear()
    before = anonymous_bytes()
    parts = [download_mapped(api, key) for key in keys]
    held = anonymous_bytes() - before
    assert sum(tensor.nbytes for part in parts for tensor in part.values()) > 60e6
    assert held < 24e6, "at most the one that was read last is in memory, and some slack"
