"""Why a file cannot be used. Each text completes `images/a.nii.gz ...` and ends with what helps.

A reader may also raise `worker.datasets.files.UnsafeFile`.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class CannotRead(ValueError):
    """The base class of the others."""


class Undecodable(CannotRead):
    """The file is damaged, of another format, too big, or holds no picture, volume or mask."""


class WrongChannels(CannotRead):
    """The file was decoded, but its channels are neither grey nor colour."""


class WrongDimensions(CannotRead):
    """The file is a volume where the task is 2D, or a picture where it is 3D."""


class MissingSpacing(CannotRead):
    """The file does not say how large its voxels are, or says something that is no size."""


class WrongGeometry(CannotRead):
    """The mask does not lie on its image: it is of another place or another patient."""


class WrongSize(WrongGeometry):
    """The mask has another number of pixels or voxels than its image."""


@contextmanager
def damage_as_undecodable(kinds: tuple[type[Exception], ...]) -> Iterator[None]:
    """A context in which the given errors, which a decoder raises on damaged bytes, become Undecodable.

    Raises it with the first line of the error.
    """
    try:
        yield
    except CannotRead:
        raise
    except kinds as error:
        raise Undecodable(f"is damaged ({_first_line(error)}): export or copy it again") from None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".:")[:200] if lines else type(error).__name__
