"""Where an aggregation makes its models: in memory, or once they are large in files that the system can write out.

SoftPull makes a model for each site, so that without files memory would grow with the number of sites.
"""

import errno
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import torch

from worker.engine.state import Tensors

logger = logging.getLogger(__name__)

#: Bytes of an aggregation's models that are made in memory before further ones are made in files.
MEMORY_BYTES = 64 * 2**20
#: Each tensor begins at a multiple of these bytes, as what torch makes itself does.
_ALIGNMENT = 64
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class _Room:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._left = MEMORY_BYTES

    def folder_for(self, num_bytes: int) -> Path | None:
        """None: in memory."""
        if num_bytes <= self._left:
            self._left -= num_bytes
            return None
        return self._folder


_room: ContextVar[_Room | None] = ContextVar("room", default=None)


@contextmanager
def large_models_in(folder: Path) -> Iterator[None]:
    """A context in which models beyond MEMORY_BYTES are made in files of this folder.

    The files have no name, so that nothing of them is left when their tensors are gone or the process ends.
    """
    token = _room.set(_Room(folder))
    try:
        yield
    finally:
        _room.reset(token)


def empty_model(like: Tensors) -> Tensors:
    """Contiguous tensors of the same names, shapes and types on the CPU, which hold any values.

    On a full disk they are in memory. Raises OSError where a file cannot be made for another reason.
    """
    room = _room.get()
    folder = None if room is None else room.folder_for(sum(tensor.nbytes for tensor in like.values()))
    if folder is not None:
        try:
            return _in_file(like, folder)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            logger.warning("a model is made in memory, because the disk has no room for it: %s", error)
    return {key: torch.empty(tensor.shape, dtype=tensor.dtype) for key, tensor in like.items()}


def _in_file(like: Tensors, folder: Path) -> Tensors:
    starts: dict[str, int] = {}
    total = 0
    for key, tensor in like.items():
        starts[key] = total
        total += -(-tensor.nbytes // _ALIGNMENT) * _ALIGNMENT
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".model-") as file:
        os.posix_fallocate(file.fileno(), 0, total)  # a mapped file that the disk has no room for would end the process
        mapped = torch.from_file(file.name, shared=True, size=total, dtype=torch.uint8)
    return {
        key: mapped[starts[key] : starts[key] + tensor.nbytes].view(tensor.dtype).view(tensor.shape)
        for key, tensor in like.items()
    }
