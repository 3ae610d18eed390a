"""What a step of training frees stays with the process for its next step."""

import subprocess
import sys

import pytest

#: Blocks of 40 MB, which glibc gives back at once by itself: 10,000 pages each.
SCRIPT = """
import ctypes, resource, sys, torch
from worker.process.allocator import give_freed_memory_back
from worker.process.limits import resident_bytes
from worker.process.toolbox import prepare_process
if not hasattr(ctypes.CDLL(None), "mallopt"):
    sys.exit(3)
if sys.argv[1] == "prepared":
    prepare_process()
for _ in range(3):
    torch.ones(10_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(10_000_000)
faults, kept = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, resident_bytes()
give_freed_memory_back()
print(faults, kept - resident_bytes())
"""


@pytest.mark.parametrize("process", ["prepared", "other"])
def test_pages_of_freed_blocks_are_not_cleared_again(process: str) -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT, process], capture_output=True, text=True)
    if ran.returncode == 3:
        pytest.skip("the C library is not glibc")
    faults, given_back = map(int, ran.stdout.split())
    if process == "prepared":
        assert faults < 20_000, ran.stderr
        assert given_back > 30e6
    else:
        assert faults > 80_000  # else the C library does it by itself, and the setting may go
