"""The policy with which a site begins, and what a change of it changes, in words."""

from collections.abc import Iterator
from typing import Literal

from backend.contracts.datasets import SitePolicy

_SWITCHES = {
    "may_send_thumbnails": "thumbnails",
    "may_send_images": "images and references of test cases",
    "may_send_predictions": "predicted masks of test cases",
    "may_send_hashes": "hashes of images",
}


def first_policy(kind: Literal["simulated", "real"]) -> SitePolicy:
    """A real site's lets no picture, mask or hash leave until somebody who answers for its data opens it."""
    return SitePolicy() if kind == "simulated" else SitePolicy.model_validate(dict.fromkeys(_SWITCHES, False))


def policy_changes(old: SitePolicy, new: SitePolicy) -> Iterator[str]:
    """`thumbnails may not leave any more`, ...: one part for each clause that differs."""
    if old.allowed_strategies != new.allowed_strategies:
        yield f"{_methods(new)} may run, not {_methods(old)}"
    for field, what in _SWITCHES.items():
        if getattr(old, field) != getattr(new, field):
            yield f"{what} may leave from now on" if getattr(new, field) else f"{what} may not leave any more"
    if old.minimum_count != new.minimum_count:
        yield f"statistics tell no count below {new.minimum_count}, before below {old.minimum_count}"


def _methods(policy: SitePolicy) -> str:
    return "every method" if policy.allowed_strategies is None else ", ".join(policy.allowed_strategies)
