"""What endpoints that delete something ask for."""

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends

from backend.dependencies import PlatformDep
from backend.storage.sweep import sweep_quietly


def get_sweep(platform: PlatformDep, background: BackgroundTasks) -> Callable[[], None]:
    """Called by an endpoint: once its answer is sent, and so its transaction committed, what nobody owns is removed."""
    return lambda: background.add_task(sweep_quietly, platform)


SweepAfter = Annotated[Callable[[], None], Depends(get_sweep)]
