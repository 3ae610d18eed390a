"""How unlike the sites' images an image is, as the selector's distances tell it, and the one sentence about it."""

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.values import NotNegative

UNLIKENESS_DESCRIPTION = (
    "Distance to the nearest site's images, in times of what is usual of validation images. Null: the selector knows "
    "no distances."
)
UNLIKE_DESCRIPTION = "In words, that the image is unlike every site's images; null where it is like some site's."


class MayBeUnlike(Contract):
    """What of a case's route says whether its image is of any site."""

    unlikeness: NotNegative | None = Field(default=None, description=UNLIKENESS_DESCRIPTION)
    of_no_site: bool = Field(default=False, description="The image is farther than the selector takes for any site's.")


def unlike_in_words(unlikeness: float | None, of_no_site: bool) -> str | None:
    """For everybody who looks at the image's mask; None where there is nothing to say."""
    if not of_no_site or unlikeness is None:
        return None
    return (
        f"This image is unlike every site's images: {unlikeness:.1f} times the usual distance. The mask may be wrong."
    )
