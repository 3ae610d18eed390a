"""The peak memory of this process within a context, and of its GPU."""

import resource
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from worker.process.allocator import give_freed_memory_back

_STATUS, _CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
#: Written to clear_refs it begins the peak anew: proc(5).
_RESET_PEAK = "5"


class PeakMemory:
    """The peaks of a context, in MiB: `mib` is this process's resident size, `gpu_mib` is PyTorch's on the device.

    `gpu_mib` is None on a processor. Where the kernel cannot begin the peak anew, `mib` is that of the process since
    its start.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._since_start = False
        self.mib = 0.0
        self.gpu_mib: float | None = None

    def __enter__(self) -> Self:
        give_freed_memory_back()
        try:
            _CLEAR_REFS.write_text(_RESET_PEAK)
        except OSError:
            self._since_start = True
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.mib = _peak_since_start() if self._since_start else _peak_since_reset()
        if self._device.type == "cuda":
            self.gpu_mib = torch.cuda.max_memory_allocated(self._device) / 2**20


def _peak_since_reset() -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 2**10


def _peak_since_start() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS, KiB elsewhere
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
