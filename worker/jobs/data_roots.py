"""The folders below which a site's data may lie: the site says so on its own machine, whatever a task asks for."""

from pathlib import Path

from backend.contracts.tasks import DescribeDatasetPayload, TaskPayload


def require_open(payload: TaskPayload, roots: tuple[Path, ...] | None) -> None:
    """roots: None where every folder is open, as on a workstation of one's own.

    Raises ValueError, in the same words for a folder that is not there and for one that is not open: nobody learns by
    asking what there is on the site's machine."""
    if roots is None:
        return
    for folder in folders_of(payload):
        if not any(_is_below(folder, root) for root in roots):
            raise ValueError(
                f"{folder} is no folder of data at this site: give one below the folders that its IT opened "
                "(FEDSM_DATA_ROOTS there)"
            )


def folders_of(payload: TaskPayload) -> tuple[str, ...]:
    """Of every data set that the task reads."""
    if isinstance(payload, DescribeDatasetPayload):
        return (payload.folder,)
    return tuple(manifest.folder for manifest in getattr(payload, "data", ()))


def _is_below(folder: str, root: Path) -> bool:
    """Of the real paths: a link does not lead out of a root."""
    try:
        found = Path(folder).resolve(strict=True)
        return found.is_relative_to(root.resolve(strict=True))
    except (OSError, RuntimeError, ValueError):
        return False
