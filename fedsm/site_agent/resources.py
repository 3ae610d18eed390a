"""What of its machine a hospital gives: GPUs, memory and disk, by its policy."""

from pathlib import Path

from backend.contracts.failures import FailureKind
from backend.contracts.site_limits import SiteLimits
from fedsm.site_agent.operations import Refused
from fedsm.site_agent.policy import FILE_NAME, HospitalPolicy, read_policy

#: A worker's limits, by the kind of failure that ends a task beyond them.
LINES: dict[FailureKind, str] = {
    "over_memory_limit": "maximum_memory_gib",
    "over_disk_limit": "maximum_disk_gib",
}


def gpu_environment(policy_file: Path) -> dict[str, str]:
    """Variables by which a worker sees only the GPUs that it may use. A policy that cannot be read closes all."""
    try:
        gpus = read_policy(policy_file).gpus
    except Refused:
        gpus = ()
    if gpus is None:
        return {}
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(map(str, gpus))}


def limits_of(policy: HospitalPolicy) -> SiteLimits:
    """For a task that is claimed now."""
    return SiteLimits(memory_bytes=_bytes(policy.maximum_memory_gib), disk_bytes=_bytes(policy.maximum_disk_gib))


def line_of(policy: HospitalPolicy, kind: FailureKind) -> str | None:
    """The policy's line that ended a task with this kind of failure; None where none did."""
    if (name := LINES.get(kind)) is None:
        return None
    return f"{FILE_NAME} of the site, {name}: {getattr(policy, name)}; the task needs more"


def _bytes(gib: float | None) -> int | None:
    return None if gib is None else int(gib * 2**30)
