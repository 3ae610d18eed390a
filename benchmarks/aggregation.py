"""Memory and speed of aggregating K updates whose files lie in a worker's cache.

    .venv/bin/python -m benchmarks.aggregation --sites 64 --parameters 30000000

Memory is what the system cannot drop and read again (RssAnon), at its peak above the start, in models of this size:
updates that are mapped, and updates in memory as the bytes that came. Speed is that of the weighted average in bytes of
updates a CPU second, as a share of that of copying as many bytes. `fedsm` is the average and SoftPull of mapped
updates, with what becomes of the models: they are checked, made into bytes and hashed, two at a time. Each runs in a
process of its own, on one thread.
"""

import argparse
import hashlib
import json
import multiprocessing
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from worker.engine.aggregation import soft_pull, weighted_average
from worker.engine.checkpoint import from_bytes, from_file, to_bytes
from worker.engine.kept_state import is_finite
from worker.engine.room import large_models_in
from worker.engine.state import Tensors
from worker.jobs.state_transfer import UPLOADS

#: Of one tensor at most; a network has many.
TENSOR = 1_000_000
WAYS = ("mapped", "in memory", "fedsm")
LAMBDA = 0.7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=64)
    parser.add_argument("--parameters", type=int, default=3_000_000)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fedsm-aggregation-") as name:
        folder = Path(name)
        for number in range(args.sites):
            (folder / f"{number:03d}.safetensors").write_bytes(to_bytes(made_model(number, args.parameters)))
        print(f"{args.sites} models of {args.parameters:,} parameters ({4 * args.parameters / 1e6:.0f} MB)")
        for way in args.ways:
            found = in_process(folder, way)
            print(f"{way:<10} {json.dumps(found)}")


def made_model(seed: int, num_parameters: int) -> Tensors:
    draws = torch.Generator().manual_seed(seed)
    sizes = [TENSOR] * (num_parameters // TENSOR) + [num_parameters % TENSOR]
    return {f"{i:03d}": torch.randn(size, generator=draws) for i, size in enumerate(sizes) if size}


def in_process(folder: Path, way: str) -> dict[str, float]:
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=measure, args=(folder, way, sending))
    process.start()
    sending.close()
    try:
        found: dict[str, float] = receiving.recv()
    except EOFError:
        raise SystemExit(f"{way}: the process ended with {process.exitcode}") from None
    process.join()
    return found


def measure(folder: Path, way: str, sending: "multiprocessing.connection.Connection") -> None:
    torch.set_num_threads(1)
    files = sorted(folder.glob("*.safetensors"))
    weights = [1.0 + number for number in range(len(files))]
    weighted_average([from_bytes(files[0].read_bytes())] * 2, [1.0, 1.0])  # whatever is made once
    found: dict[str, float] = {}
    with PeakMemory() as memory, large_models_in(folder / "made"):
        models = [from_bytes(file.read_bytes()) if way == "in memory" else from_file(file) for file in files]
        started, began = time.process_time(), time.monotonic()
        average = weighted_average(models, weights)
        seconds, wall = time.process_time() - started, time.monotonic() - began
        if way == "fedsm":
            found = as_fedsm(models, average)
    size = sum(tensor.nbytes for tensor in average.values())
    target = torch.empty(size // 4)
    source = torch.cat([tensor.flatten() for tensor in average.values()])
    target.copy_(source)
    started = time.process_time()
    for _ in models:
        target.copy_(source)
    copied = time.process_time() - started
    found |= {
        "peak_in_models": round(memory.peak / size, 2),
        "average_share_of_copy_speed": round(copied / seconds, 2),
        "average_cpu_seconds": round(seconds, 2),
        "average_seconds": round(wall, 2),
        "copy_cpu_seconds": round(copied, 2),
    }
    sending.send(found)


def as_fedsm(models: list[Tensors], average: Tensors) -> dict[str, float]:
    begun, wall = time.process_time(), time.monotonic()
    pulled = soft_pull(models, LAMBDA)
    seconds, pulled_wall = time.process_time() - begun, time.monotonic() - wall
    with ThreadPoolExecutor(UPLOADS) as pool:
        hashes = list(pool.map(checked_hash, [average, *pulled]))
    assert len(set(hashes)) == len(models) + 1
    return {
        "soft_pull_cpu_seconds": round(seconds, 2),
        "soft_pull_seconds": round(pulled_wall, 2),
        "all_cpu_seconds": round(time.process_time() - begun, 2),
        "all_seconds": round(time.monotonic() - wall, 2),
    }


def checked_hash(model: Tensors) -> str:
    assert is_finite(model)
    return hashlib.sha256(to_bytes(model)).hexdigest()


class PeakMemory:
    """peak: the most anonymous memory in bytes above that of the beginning, looked at each millisecond."""

    def __enter__(self) -> "PeakMemory":
        self.peak, self._over, self._before = 0, threading.Event(), anonymous_bytes()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.001):
            self.peak = max(self.peak, anonymous_bytes() - self._before)


def anonymous_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


if __name__ == "__main__":
    main()
