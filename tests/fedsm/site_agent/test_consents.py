"""A hospital's consent: without one on its own disk no task of a run reaches a worker, whatever the hub hands out."""

import asyncio
import base64
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.contracts.consent import (
    ApprovalSheet,
    AskedApproval,
    SignedConsent,
    consent_message,
    terms_sha256,
)
from backend.contracts.methods.one_global import FedProxConfig
from backend.contracts.tasks import ClaimedTask, TrainSitePayload
from backend.link.keys import PublicKey, SigningKey
from fedsm.site_agent.approvals import Desk
from fedsm.site_agent.audit import Audit
from fedsm.site_agent.hub import API, Hub
from fedsm.site_agent.operations import Refused
from fedsm.site_agent.policy import HospitalPolicy, StandingApproval
from fedsm.site_agent.standing import rule_for
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.test_gateway import Site, give
from tests.fedsm.site_agent.test_gateway import hub as hub
from tests.fedsm.site_agent.test_gateway import site as site
from tests.fedsm.site_agent.test_policy import FAIL, evaluate, manifest, train
from tests.worker.payloads import run_spec

TERMS = terms_sha256(run_spec(), (manifest(),))


def changed(**run: Any) -> ClaimedTask:
    payload = train().payload
    assert isinstance(payload, TrainSitePayload)
    return train().model_copy(update={"payload": payload.model_copy(update={"run": run_spec().model_copy(update=run)})})


def test_nothing_is_trained_that_nobody_approved(hub: PlayedHub, site: Site) -> None:
    """The hub hands the task out, as one does whose database was changed."""
    give(hub, train())
    answer = site.claim()
    assert (answer.status_code, answer.json()["error"]) == (422, "refused_by_agent")
    assert "nobody at this site has approved this run" in answer.json()["detail"]
    asked, _, body = hub.asked[-1]
    assert (asked, json.loads(body)["kind"]) == (f"POST {FAIL}", "site_refused")
    site.approve(train())
    for task in (train(), evaluate()):
        give(hub, task)
        assert site.claim().status_code == 200


def test_another_configuration_task_site_or_case_needs_another_consent(hub: PlayedHub, site: Site) -> None:
    site.approve(train())
    spec = run_spec()
    longer = spec.config.model_copy(update={"schedule": spec.config.schedule.model_copy(update={"rounds": 9})})
    other_data = manifest().model_copy(update={"cases": manifest().cases[:2]})
    of_data = train().payload.model_copy(update={"data": (other_data,)})
    others = {
        "length": changed(config=longer),
        "method": changed(strategy=FedProxConfig()),
        "sites": changed(sites=(*spec.sites, "elsewhere")),
        "data": train().model_copy(update={"payload": of_data}),
    }
    for what, task in others.items():
        give(hub, task)
        assert site.claim().status_code == 422, what
    for what, task in {"seed": changed(seed=5), "run": changed(run_id="another")}.items():
        give(hub, task)
        assert site.claim().status_code == 200, f"a repeat with another {what} is the same"


def test_a_refusal_goes_to_the_researcher_with_its_reason(hub: PlayedHub, site: Site) -> None:
    site.approve(train())
    site.consents.decide(TERMS, "refused", "person", reason="The ethics vote is pending")
    give(hub, train())
    assert "this site refused the run: The ethics vote is pending" in site.claim().json()["detail"]
    assert "The ethics vote is pending" in json.loads(hub.asked[-1][2])["message"]


def test_a_consent_is_what_the_sites_key_signed(site: Site) -> None:
    kept = site.consents.decide(TERMS, "approved", "person", name="Dr. Berg")
    key = site.home.key().public
    signature = base64.b64decode(kept.signed.signature)
    assert key.verifies(signature, consent_message(kept.signed.consent))
    assert site.consents.find(TERMS) == kept
    path = site.consents.folder / f"{TERMS}.json"
    assert path.stat().st_mode & 0o077 == 0
    for forged in (
        path.read_text().replace("Dr. Berg", "Dr. Tal"),
        "{}",
        site_of_stranger(site).read_text(),
    ):
        path.write_text(forged)
        assert site.consents.find(TERMS) is None
    other = "b" * 64
    (site.consents.folder / f"{other}.json").write_text(kept.model_dump_json())
    assert site.consents.find(other) is None, "a consent to one thing is none to another"


def site_of_stranger(site: Site) -> Path:
    """The same decision, signed by a key that is not this site's."""
    stranger = Site(site.hub, site.folder / "stranger")
    stranger.consents.decide(TERMS, "approved", "person")
    return stranger.consents.folder / f"{TERMS}.json"


def test_decisions_stay_when_the_key_changes(site: Site) -> None:
    """Also in between, where the new key lies next to the old one."""
    site.approve(train())
    new = SigningKey.load_or_make(site.home.next_key_file)
    site.consents.sign_anew(new)
    kept = site.consents.find(TERMS)
    assert kept is not None
    assert PublicKey.from_text(kept.public_key).raw == new.public.raw
    site.home.replace_key(new)
    site.home.next_key_file.unlink()
    assert site.consents.find(TERMS) == kept


@pytest.mark.parametrize(
    ("rule", "approves"),
    [
        ({}, True),
        ({"strategies": ["fedavg"]}, True),
        ({"strategies": ["fedsm"]}, False),
        ({"federations": ["F"]}, True),
        ({"federations": ["G"]}, False),
        ({"maximum_rounds": run_spec().config.schedule.rounds}, True),
        ({"maximum_rounds": 1}, False),
        ({"minimum_sites": len(run_spec().sites)}, True),
        ({"minimum_sites": len(run_spec().sites) + 1}, False),
        ({"until": timedelta(days=0)}, True),
        ({"until": timedelta(days=-1)}, False),
    ],
)
def test_a_standing_approval_is_as_wide_as_its_rule(rule: dict[str, Any], approves: bool) -> None:
    assert run_spec().config.schedule.rounds > 1
    if "until" in rule:  # found out here: the day may have ended since the tests were read
        rule = {"until": datetime.now(UTC).date() + rule["until"]}
    policy = HospitalPolicy(standing_approvals=(StandingApproval(until=date(2000, 1, 1)), StandingApproval(**rule)))
    assert rule_for(policy, "F", run_spec()) == (2 if approves else None)


def sheet(run_id: str = "run1", terms: str = TERMS) -> ApprovalSheet:
    asked = AskedApproval(
        run_id=run_id,
        run="FedAvg, seed 0",
        experiment_id="e1",
        experiment="Question",
        asked_at=datetime.now(UTC),
        terms_sha256=terms,
    )
    return ApprovalSheet(asked=asked, run=run_spec(), data=(manifest(),))


def consider(hub: PlayedHub, site: Site, *run_ids: str) -> Desk:
    async def ask() -> Desk:
        async with Hub(hub.url, site.home.key(), hub.key.public) as client:
            desk = Desk(client, site.consents, Audit(site.audit_file), "F")
            await desk.consider(run_ids)
            return desk

    return asyncio.run(ask())


def sent(hub: PlayedHub) -> list[SignedConsent]:
    return [SignedConsent.model_validate_json(body) for asked, _, body in hub.asked if asked.endswith("/consents")]


def offer(hub: PlayedHub, shown: ApprovalSheet) -> None:
    hub.answers[f"GET {API}/approvals/{shown.asked.run_id}"] = (200, shown.model_dump_json().encode())
    hub.answers[f"POST {API}/consents"] = (204, b"")


def test_the_agent_decides_by_rule_and_leaves_the_rest_to_a_person(hub: PlayedHub, site: Site) -> None:
    offer(hub, sheet())
    assert list(consider(hub, site, "run1").waiting) == ["run1"]
    assert [entry["what"] for entry in site.recorded()] == ["approval asked"]
    assert sent(hub) == []
    site.policy_file.write_text("standing_approvals: [{strategies: [fedavg]}]")
    assert consider(hub, site, "run1").waiting == {}
    [signed] = sent(hub)
    assert (signed.consent.decision, signed.consent.by, signed.consent.name) == (
        "approved",
        "rule",
        "rule 1 of policy.yaml",
    )
    give(hub, train())
    assert site.claim().status_code == 200
    site.policy_file.write_text("")
    assert "is not in the site's policy any more" in site.claim().json()["detail"], (
        "a rule that is gone approves nothing"
    )


def test_what_the_policy_forbids_is_refused_without_a_person(hub: PlayedHub, site: Site) -> None:
    offer(hub, sheet())
    site.policy_file.write_text("allowed_strategies: [fedsm]\nstanding_approvals: [{}]")
    assert consider(hub, site, "run1").waiting == {}
    [signed] = sent(hub)
    assert (signed.consent.decision, signed.consent.by) == ("refused", "rule")
    assert "allowed_strategies: fedsm; fedavg may not run here" in signed.consent.reason


def test_nothing_is_signed_that_was_not_shown(hub: PlayedHub, site: Site) -> None:
    """The hub asks for the consent to one thing and shows another."""
    offer(hub, sheet(terms="c" * 64))
    site.policy_file.write_text("standing_approvals: [{}]")
    with pytest.raises(Refused, match="nothing is signed"):
        consider(hub, site, "run1")
    assert list(site.consents.folder.glob("*")) == []


def test_a_decision_that_the_hub_missed_is_sent_again(hub: PlayedHub, site: Site) -> None:
    offer(hub, sheet())
    site.approve(train())
    consider(hub, site)
    assert len(sent(hub)) == 1
    consider(hub, site)
    assert len(sent(hub)) == 1, "once is enough"
    consider(hub, site, "run1")
    assert len(sent(hub)) == 2, "the hub lists it as undecided, so it has lost it"
