"""The hospital's decisions on its own disk: without one that approves, no task of a run reaches a worker here.

Each is a file of its own, named by the hash of what it is about, and signed by the site's key. One that a standing
approval of the policy gave holds as long as the policy has such a rule.
"""

import base64
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from backend.contracts.base import Contract
from backend.contracts.consent import Consent, DecidedBy, Decision, SignedConsent, consent_message, terms_sha256
from backend.contracts.datasets import DatasetManifest
from backend.contracts.link import KeyText
from backend.contracts.tasks import RunSpec, TaskPayload
from backend.link.keys import PublicKey, SigningKey
from fedsm.site_agent.operations import Refused
from fedsm.site_agent.policy import HospitalPolicy
from fedsm.site_agent.site_home import SiteHome, write_private
from fedsm.site_agent.standing import rule_for

logger = logging.getLogger(__name__)

APPROVE = "fedsm site approvals shows what is asked, fedsm site approve approves it"


class KeptConsent(Contract):
    """A file. delivered: the hub has it."""

    signed: SignedConsent
    public_key: KeyText
    delivered: bool = False


@dataclass(frozen=True)
class Consents:
    """Of one site's folder. Every call reads the disk anew: the agent and a command may decide at the same time."""

    home: SiteHome

    @property
    def folder(self) -> Path:
        return self.home.consents

    def decide(self, digest: str, decision: Decision, by: DecidedBy, name: str = "", reason: str = "") -> KeptConsent:
        """Signed and on the disk when it returns; not at the hub yet. Raises NotJoined, KeyProblem."""
        consent = Consent(
            site=self.home.membership().slug,
            terms_sha256=digest,
            decision=decision,
            by=by,
            name=name,
            reason=reason,
            decided_at=datetime.now(UTC),
        )
        return self._sign(consent, self.home.key())

    def find(self, digest: str) -> KeptConsent | None:
        """None where there is none, and where the file does not hold what this site signed."""
        path = self.folder / f"{digest}.json"
        try:
            kept = KeptConsent.model_validate_json(path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            logger.error("%s is damaged: decide anew", path)
            return None
        if (
            kept.signed.consent.terms_sha256 != digest
            or not _is_signed(kept)
            or kept.public_key not in self._own_keys()
        ):
            logger.error("%s is not what this site signed: decide anew", path)
            return None
        return kept

    def undelivered(self) -> tuple[KeptConsent, ...]:
        """The oldest first."""
        found = [kept for kept in self._all() if not kept.delivered]
        return tuple(sorted(found, key=lambda kept: kept.signed.consent.decided_at))

    def delivered(self, kept: KeptConsent) -> None:
        """Noted, unless another decision took its place meanwhile."""
        if self.find(kept.signed.consent.terms_sha256) == kept:
            self._write(kept.model_copy(update={"delivered": True}))

    def send_again(self, kept: KeptConsent) -> None:
        """The hub does not know it."""
        self._write(kept.model_copy(update={"delivered": False}))

    def sign_anew(self, key: SigningKey) -> None:
        """With the key that follows: the decisions stay."""
        for kept in self._all():
            consent = kept.signed.consent
            self._write(_signed(consent, key).model_copy(update={"delivered": kept.delivered}))

    def require(self, policy: HospitalPolicy, federation: str, payload: TaskPayload) -> None:
        """Raises Refused for a task of a run that this site did not approve."""
        run: RunSpec | None = getattr(payload, "run", None)
        if run is None:
            return
        data: tuple[DatasetManifest, ...] = getattr(payload, "data", ())
        kept = self.find(terms_sha256(run, data))
        if kept is None:
            raise Refused(f"nobody at this site has approved this run as it is now: {APPROVE}")
        consent = kept.signed.consent
        if consent.decision == "refused":
            raise Refused(f"this site refused the run: {consent.reason or 'it gave no reason'}")
        if consent.by == "rule" and rule_for(policy, federation, run) is None:
            raise Refused(f"the standing approval of this run is not in the site's policy any more: {APPROVE}")

    def _all(self) -> Iterator[KeptConsent]:
        for path in sorted(self.folder.glob("*.json")):
            if (kept := self.find(path.stem)) is not None:
                yield kept

    def _own_keys(self) -> set[str]:
        """The site's key, and one that is about to follow it."""
        following = self.home.next_key_file
        keys = [self.home.key(), *([SigningKey.load(following)] if following.exists() else [])]
        return {key.public.text for key in keys}

    def _sign(self, consent: Consent, key: SigningKey) -> KeptConsent:
        kept = _signed(consent, key)
        self._write(kept)
        return kept

    def _write(self, kept: KeptConsent) -> None:
        self.folder.mkdir(exist_ok=True, mode=0o700)
        write_private(self.folder / f"{kept.signed.consent.terms_sha256}.json", kept.model_dump_json(indent=2))


def _signed(consent: Consent, key: SigningKey) -> KeptConsent:
    signature = base64.b64encode(key.sign(consent_message(consent))).decode()
    return KeptConsent(signed=SignedConsent(consent=consent, signature=signature), public_key=key.public.text)


def _is_signed(kept: KeptConsent) -> bool:
    signature = base64.b64decode(kept.signed.signature)
    return PublicKey.from_text(kept.public_key).verifies(signature, consent_message(kept.signed.consent))
