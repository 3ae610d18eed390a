"""What runs ask of this hospital: fetched from the hub, decided by a rule of the policy or by a person, sent back."""

import logging
from dataclasses import dataclass, field
from typing import TypeVar

from backend.contracts.base import Contract
from backend.contracts.consent import ApprovalSheet, AskedApproval, AskedApprovals, Decision, terms_sha256
from fedsm.site_agent.audit import Audit
from fedsm.site_agent.consents import Consents, KeptConsent
from fedsm.site_agent.hub import API, Hub, HubRefused
from fedsm.site_agent.operations import Refused, read
from fedsm.site_agent.policy import FILE_NAME, HospitalPolicy, problem_of_run, read_policy
from fedsm.site_agent.standing import rule_for

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer", bound=Contract)


class NothingAsked(Exception):
    """Its text says what was not found, and what to look at."""


@dataclass(frozen=True)
class Asked:
    """A run's sheet, and the hash that this site computes of it."""

    sheet: ApprovalSheet
    digest: str


async def asked_of(hub: Hub) -> tuple[AskedApproval, ...]:
    """Of the runs that are not over, the newest first. Raises HubAway, HubRefused, Refused."""
    answer = await hub.must("GET", f"{API}/approvals")
    return _read(AskedApprovals, answer.content).asked


async def sheet_of(hub: Hub, run_id: str) -> Asked:
    """Raises HubAway, HubRefused, and Refused where the hub asks for another thing than the sheet shows."""
    answer = await hub.must("GET", f"{API}/approvals/{run_id}")
    sheet = _read(ApprovalSheet, answer.content)
    digest = terms_sha256(sheet.run, sheet.data)
    if digest != sheet.asked.terms_sha256:
        raise Refused(f"what the hub says of {sheet.asked.run} is not what it asks to approve: nothing is signed")
    return Asked(sheet, digest)


async def asked_by(hub: Hub, name: str) -> tuple[AskedApproval, ...]:
    """Those of a run or of an experiment, by the beginning of its id. Raises NothingAsked, HubAway, HubRefused."""
    found = await asked_of(hub)
    chosen = tuple(one for one in found if one.run_id.startswith(name) or one.experiment_id.startswith(name))
    meant = {found for one in chosen for found in (one.run_id, one.experiment_id) if found.startswith(name)}
    if not name or not chosen:
        raise NothingAsked(f"no run or experiment {name!r} asks for this site's approval: look at fedsm site approvals")
    if len(meant) > 1:
        raise NothingAsked(f"{name!r} begins several ids: give more of it")
    return chosen


async def decide(
    hub: Hub,
    consents: Consents,
    audit: Audit,
    chosen: tuple[AskedApproval, ...],
    decision: Decision,
    name: str,
    reason: str,
) -> tuple[KeptConsent, ...]:
    """A person's decision on each, on the disk and at the hub. Raises HubAway, HubRefused, Refused."""
    kept: list[KeptConsent] = []
    for one in chosen:
        asked = await sheet_of(hub, one.run_id)
        if asked.digest not in {consent.signed.consent.terms_sha256 for consent in kept}:
            kept.append(consents.decide(asked.digest, decision, "person", name, reason))
            audit.write(decision, run=one.run_id, terms=asked.digest, by="person")
    await deliver(hub, consents)
    return tuple(kept)


async def deliver(hub: Hub, consents: Consents) -> None:
    """Sends what the hub does not have yet. Raises HubAway, HubRefused."""
    for kept in consents.undelivered():
        try:
            await hub.must("POST", f"{API}/consents", kept.signed.model_dump_json().encode())
        except HubRefused as error:
            if error.code != "invalid_input":
                raise
            logger.warning("the hub does not need a decision of this site any more: %s", error.detail)
        consents.delivered(kept)


@dataclass
class Desk:
    """The agent's part: decides by rule what it may, and tells of the rest."""

    hub: Hub
    consents: Consents
    audit: Audit
    federation: str
    #: Runs that wait for a person, with their sheets.
    waiting: dict[str, Asked] = field(default_factory=dict)

    async def consider(self, run_ids: tuple[str, ...]) -> None:
        """What the hub lists as undecided. Raises HubAway, HubRefused, Refused."""
        for run_id in set(self.waiting) - set(run_ids):
            del self.waiting[run_id]
        if run_ids:
            policy = read_policy(self.consents.home.policy_file)
            for run_id in run_ids:
                await self._consider(policy, run_id)
        await deliver(self.hub, self.consents)

    async def _consider(self, policy: HospitalPolicy, run_id: str) -> None:
        is_new = run_id not in self.waiting
        asked = await sheet_of(self.hub, run_id) if is_new else self.waiting[run_id]
        kept = self.consents.find(asked.digest)
        if kept is not None:  # the hub has lost it, or it was never sent
            self.consents.send_again(kept)
        elif (problem := problem_of_run(policy, self.federation, asked.sheet.run, asked.sheet.data)) is not None:
            self._by_rule(run_id, asked, "refused", reason=problem)
        elif (number := rule_for(policy, self.federation, asked.sheet.run)) is not None:
            self._by_rule(run_id, asked, "approved", name=f"rule {number} of {FILE_NAME}")
        else:
            self.waiting[run_id] = asked
            if is_new:
                self.audit.write("approval asked", run=run_id, terms=asked.digest)
                logger.warning("%s waits for this site's approval: fedsm site approvals", asked.sheet.asked.run)

    def _by_rule(self, run_id: str, asked: Asked, decision: Decision, name: str = "", reason: str = "") -> None:
        self.consents.decide(asked.digest, decision, "rule", name, reason)
        self.audit.write(decision, run=run_id, terms=asked.digest, by="rule")
        self.waiting.pop(run_id, None)


def _read(kind: type[Answer], content: bytes) -> Answer:
    found = read(kind, content, "the hub's answer")
    assert isinstance(found, kind)
    return found
