"""Why a file cannot be used. Each text completes `images/a.nii.gz ...` and ends with what helps.

Beside these, a reader raises `worker.datasets.files.UnsafeFile`.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class CannotRead(ValueError):
    """What the others are."""


class Undecodable(CannotRead):
    """Damaged, of another format, too big, or holds what is no picture, volume or mask."""


class WrongChannels(CannotRead):
    """Decoded, but with channels that are neither grey nor colour."""


class WrongDimensions(CannotRead):
    """A volume where the task is 2D, or a picture where it is 3D."""


class MissingSpacing(CannotRead):
    """Does not say how large its voxels are, or says what is no size."""


class WrongGeometry(CannotRead):
    """A mask that does not lie on its image: another place, another patient."""


class WrongSize(WrongGeometry):
    """A mask with another number of pixels or voxels than its image."""


@contextmanager
def damage_as_undecodable(kinds: tuple[type[Exception], ...]) -> Iterator[None]:
    """What a decoder raises on damaged bytes, of the given kinds, becomes Undecodable."""
    try:
        yield
    except CannotRead:
        raise
    except kinds as error:
        raise Undecodable(f"is damaged ({_first_line(error)}): export or copy it again") from None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".:")[:200] if lines else type(error).__name__
