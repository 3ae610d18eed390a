"""What of its machine a hospital gives: GPUs, memory and disk, by its policy."""

from pathlib import Path

from backend.contracts.failures import FailureKind
from backend.contracts.site_limits import SiteLimits
from fedsm.site_agent.operations import Refused
from fedsm.site_agent.policy import FILE_NAME, HospitalPolicy, read_policy


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


def line_of(limits: SiteLimits, kind: FailureKind) -> str | None:
    """The policy's line, as it was when the task was claimed, that ended it with this kind of failure; None where none
    did."""
    match kind:
        case "over_memory_limit":
            name, limit = "maximum_memory_gib", limits.memory_bytes
        case "over_disk_limit":
            name, limit = "maximum_disk_gib", limits.disk_bytes
        case _:
            return None
    value = "" if limit is None else f": {limit / 2**30:.6g}"
    return f"{FILE_NAME} of the site, {name}{value}; the task needs more"


def _bytes(gib: float | None) -> int | None:
    return None if gib is None else int(gib * 2**30)
