"""What hub and site showed each other of their records: kept here, compared with what both have now."""

import base64
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from backend.contracts.audit import MAX_HEADS, AuditAnswer, AuditHead, AuditQuestion, HeadsSeen, heads_message
from backend.contracts.base import Contract
from backend.contracts.values import Time
from backend.link.keys import PublicKey, SigningKey
from fedsm.site_agent.hub import API, Hub
from fedsm.site_agent.operations import Refused, read


class KeptHeads(Contract):
    """A line of the file. said: by the hub, signed with its key: `own` is the hub's, `other` this site's."""

    at: Time
    said: HeadsSeen


class Heads:
    """Of one site's folder."""

    def __init__(self, path: Path, slug: str, server: PublicKey) -> None:
        self._path, self._slug, self._server = path, slug, server
        self._last: HeadsSeen | None = None

    def say(self, key: SigningKey, own: AuditHead) -> HeadsSeen:
        """What this site says of both, signed with its key."""
        last = self._last or next((kept.said for kept in reversed(self.kept())), None)
        other = last.own if last else None
        signature = base64.b64encode(key.sign(heads_message("site", self._slug, own, other))).decode()
        return HeadsSeen(own=own, other=other, signature=signature)

    def keep(self, said: HeadsSeen) -> None:
        """What the hub says, where it is new. Raises Refused where the hub's key did not sign it."""
        if not self._is_signed(said):
            raise Refused("what the hub says of the records is not signed with its key")
        if self._last is not None and (said.own, said.other) == (self._last.own, self._last.other):
            return
        self._last = said
        line = KeptHeads(at=datetime.now(UTC), said=said).model_dump_json()
        descriptor = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(line + "\n")

    def kept(self) -> list[KeptHeads]:
        """The oldest first. Raises ValueError naming a line that is not what the hub signed."""
        found = []
        if self._path.exists():
            for number, line in enumerate(self._path.read_text().splitlines(), start=1):
                try:
                    kept = KeptHeads.model_validate_json(line)
                except ValidationError:
                    raise ValueError(f"line {number} of {self._path} cannot be read: it was changed") from None
                if not self._is_signed(kept.said):
                    raise ValueError(f"line {number} of {self._path} is not what the hub signed: it was changed")
                found.append(kept)
        return found

    def _is_signed(self, said: HeadsSeen) -> bool:
        message = heads_message("hub", self._slug, said.own, said.other)
        return self._server.verifies(base64.b64decode(said.signature), message)


def problems_of_own(hashes: dict[int, str], kept: list[KeptHeads]) -> Iterator[str]:
    """Lines of this site that the hub acknowledged, and that are other or gone now."""
    for one in kept:
        if one.said.other is not None and (problem := _problem(hashes, one.said.other)) is not None:
            yield f"{problem}, which the hub acknowledged at {one.at:%Y-%m-%d %H:%M} UTC"


async def problems_with_hub(hub: Hub, hashes: dict[int, str], kept: list[KeptHeads]) -> list[str]:
    """The same by what the hub keeps, and the hub's own records that are other now than it showed.

    Raises HubAway, HubRefused, Refused."""
    shown = {one.said.own.number: one for one in kept[-MAX_HEADS:]}
    body = AuditQuestion(numbers=tuple(number for number in shown if number)).model_dump_json().encode()
    answer = read(AuditAnswer, (await hub.must("POST", f"{API}/audit", body)).content, "the hub's answer")
    assert isinstance(answer, AuditAnswer)
    problems = [f"{problem}, which the hub keeps" for head in answer.site if (problem := _problem(hashes, head))]
    now = {head.number: head.hash for head in answer.hub}
    for number, one in shown.items():
        if number in now and now[number] != one.said.own.hash:
            problems.append(f"record {number} of the hub is not what it showed at {one.at:%Y-%m-%d %H:%M} UTC")
        elif number not in now and (not now or min(now) < number):
            problems.append(f"record {number} of the hub, which it showed at {one.at:%Y-%m-%d %H:%M} UTC, is gone")
    return problems


def _problem(hashes: dict[int, str], head: AuditHead) -> str | None:
    if head.number not in hashes:
        return f"line {head.number} is gone"
    return None if hashes[head.number] == head.hash else f"line {head.number}, or one before it, is not the one"
