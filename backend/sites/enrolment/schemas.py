"""Request and response bodies of joining."""

from backend.contracts.base import Contract, with_example
from backend.contracts.link import Fingerprint
from backend.contracts.values import ShortSaid


class AcceptSite(Contract):
    model_config = with_example(fingerprint="3b" * 32)

    fingerprint: Fingerprint


class RevokeSite(Contract):
    model_config = with_example(reason="the workstation was stolen")

    reason: ShortSaid = ""
