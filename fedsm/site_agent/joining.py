"""What a hospital does once: ask to join with a kit, make a new key, leave."""

import base64
import hashlib
import shutil
from pathlib import Path

from backend import VERSION
from backend.contracts.link import JoinAnswer, JoinRequest, NewKey, RemainsAtHub, Renewal, SiteKit
from backend.link.keys import PublicKey, SigningKey, phrase, proof_message
from fedsm.site_agent.audit import Audit
from fedsm.site_agent.consents import Consents
from fedsm.site_agent.hub import API, Hub, HubRefused
from fedsm.site_agent.policy import TEMPLATE
from fedsm.site_agent.site_home import Membership, SiteHome, write_private


async def join(home: SiteHome, kit: SiteKit, hardware: str) -> JoinAnswer:
    """Makes the key here and sends its public half. It may be repeated until it succeeds.

    Raises HubAway, HubRefused, NetworkProblem."""
    home.make()
    path = (
        home.folder / f"{home.next_key_file.name}-{hashlib.sha256(kit.code.encode()).hexdigest()[:12]}"
    )  # of this kit
    key = SigningKey.load_or_make(path)
    server = PublicKey.from_text(kit.server_key)
    body = JoinRequest(code=kit.code, public_key=key.public.text, hardware=hardware, version=VERSION)
    async with Hub(kit.url, key, server) as hub:
        answer = await hub.must("POST", "/api/v1/join", body.model_dump_json().encode())
    found = JoinAnswer.model_validate_json(answer.content)
    if found.phrase != phrase(server, key.public):
        raise HubRefused(
            0, "other_words", "the hub's six words are of other keys: somebody stands in between; stop here"
        )
    membership = Membership(
        url=kit.url,
        server_key=kit.server_key,
        site=found.site,
        slug=found.slug,
        federation=kit.federation,
        queue=found.queue,
        phrase=found.phrase,
    )
    home.replace_key(key)
    home.forget_renewals()
    home.write_membership(membership)
    if not home.policy_file.exists():
        write_private(home.policy_file, TEMPLATE)
    path.unlink()
    Audit(home.audit_file).write("asked to join", hub=kit.url, key=key.public.fingerprint)
    return found


async def rotate(home: SiteHome) -> str:
    """A new key in place of the present one; its fingerprint. A crash in between is mended by doing it again.

    Raises HubAway, HubRefused, NotJoined."""
    membership, old = home.membership(), home.key()
    path = home.next_key_file
    was_sent = path.exists()
    new = SigningKey.load_or_make(path)
    proof = base64.b64encode(new.sign(proof_message(old.public, new.public))).decode()
    state = home.next_renewal()
    renewal = Renewal(number=state.number, secret=state.secret)
    body = NewKey(public_key=new.public.text, proof=proof, renewal=renewal).model_dump_json().encode()
    try:
        async with Hub(membership.url, old, membership.server) as hub:
            await hub.must("POST", f"{API}/key", body)
    except HubRefused as refusal:
        if not (was_sent and refusal.code == "credential_ended" and await _is_known(membership, new)):
            raise
    Consents(home).sign_anew(new)
    home.replace_key(new)
    home.forget_renewals()
    path.unlink()
    Audit(home.audit_file).write("made a new key", key=new.public.fingerprint)
    return new.public.fingerprint


async def _is_known(membership: Membership, key: SigningKey) -> bool:
    async with Hub(membership.url, key, membership.server) as hub:
        return (await hub.ask("POST", f"{API}/gone", b"{}")).is_success


async def leave(home: SiteHome) -> RemainsAtHub:
    """Ends the credential, then removes key and caches here. The audit stays.

    Raises HubAway, HubRefused, NotJoined."""
    membership = home.membership()
    async with Hub(membership.url, home.key(), membership.server) as hub:
        answer = await hub.must("POST", f"{API}/leave")
    wipe(home)
    Audit(home.audit_file).write("left", hub=membership.url)
    return RemainsAtHub.model_validate_json(answer.content)


def wipe(home: SiteHome) -> None:
    """Key, membership, decisions, caches of models and cases, the local queue. The audit, the logs, the names that
    pseudonyms stand for and the sets of cases over which means left stay."""
    for path in (home.key_file, home.membership_file, home.renewal_file, home.under_way_file, *_next_keys(home)):
        path.unlink(missing_ok=True)
    for folder in (home.spool, home.consents, home.folder / "worker", home.home.broker_folder):
        shutil.rmtree(folder, ignore_errors=True)


def _next_keys(home: SiteHome) -> list[Path]:
    return sorted(home.folder.glob(f"{home.next_key_file.name}*"))
