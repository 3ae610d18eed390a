"""The hardware that this machine computes with. Nothing here initialises CUDA, which must not happen before the
fork."""

import os
import shutil
import subprocess

from worker.process.settings import num_usable_cores


def gpu_names() -> tuple[str, ...]:
    """Names of the NVIDIA GPUs that this process may see, as the driver's own tool lists them; empty without one."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    query = [tool, "--query-gpu=name", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    names = tuple(line.strip() for line in answer.stdout.splitlines() if line.strip())
    return names if answer.returncode == 0 else ()


def num_gpus() -> int:
    """The number of GPUs that torch may use: those that CUDA_VISIBLE_DEVICES leaves, where it is set."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return len(gpu_names())
    return min(len(gpu_names()), len([index for index in visible.split(",") if index.strip() not in ("", "-1")]))


def describe_hardware() -> str:
    """A text for people: `2 CPU cores, 24 GiB` or `NVIDIA H100 80GB HBM3, 16 CPU cores, 128 GiB`."""
    memory_gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    cores = num_usable_cores()
    machine = f"{cores} CPU {'core' if cores == 1 else 'cores'}, {memory_gib:.0f} GiB"
    names = gpu_names()[: num_gpus()]
    if not names:
        return machine
    count = f"{len(names)} x " if len(names) > 1 else ""
    return f"{count}{names[0]}, {machine}"[:200]
