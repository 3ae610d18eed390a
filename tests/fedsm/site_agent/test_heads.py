"""The site's record: written by several processes at a time, and compared with what the hub acknowledged and keeps."""

import asyncio
import base64
import subprocess
import sys
from pathlib import Path

import pytest

from backend.contracts.audit import AuditAnswer, AuditHead, HeadsSeen, heads_message
from backend.link.keys import SigningKey
from fedsm.site_agent.audit import Audit, verify
from fedsm.site_agent.heads import Heads, problems_of_own, problems_with_hub
from fedsm.site_agent.hub import API, Hub
from fedsm.site_agent.operations import Refused
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.test_gateway import hub as hub

WRITER = """
import sys
from pathlib import Path
from fedsm.site_agent.audit import Audit
audit = Audit(Path(sys.argv[1]))
for index in range(100):
    audit.write("said", index=index)
"""


def test_the_agent_and_commands_write_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    own = Audit(path)
    own.write("started")
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path)]) for _ in range(2)]
    for index in range(100):
        own.write("said", index=index)
    assert [writer.wait(60) for writer in writers] == [0, 0]
    hashes = verify(path)
    assert max(hashes) == 301
    assert own.head == AuditHead(number=301, hash=hashes[301])


def test_half_a_line_of_a_killed_process_goes(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    Audit(path).write("whole")
    with open(path, "a") as file:
        file.write('{"number": 2, "wh')
    Audit(path).write("whole too")
    assert max(verify(path)) == 2


class Kept:
    """A site's folder with a record of five lines, which the hub acknowledged at each poll."""

    def __init__(self, folder: Path, hub: PlayedHub) -> None:
        self.hub, self.key = hub, SigningKey.generate()
        self.audit_file = folder / "audit.jsonl"
        self.heads = Heads(folder / "heads.jsonl", "north", hub.key.public)
        audit = Audit(self.audit_file)
        for number in range(1, 6):
            audit.write("said", index=number)
            said = self.heads.say(self.key, audit.head)
            assert said.other == (self.of_hub(number - 1) if number > 1 else None)
            self.heads.keep(self.said_by_hub(self.of_hub(number), said.own))

    def of_hub(self, number: int) -> AuditHead:
        return AuditHead(number=10 * number, hash=f"{number}" * 64)

    def said_by_hub(self, own: AuditHead, other: AuditHead, key: SigningKey | None = None) -> HeadsSeen:
        signature = (key or self.hub.key).sign(heads_message("hub", "north", own, other))
        return HeadsSeen(own=own, other=other, signature=base64.b64encode(signature).decode())

    def own_problems(self) -> list[str]:
        return list(problems_of_own(verify(self.audit_file), self.heads.kept()))

    def hub_problems(self, records: tuple[AuditHead, ...], kept: tuple[AuditHead, ...] = ()) -> list[str]:
        answer = AuditAnswer(hub=records, site=kept)
        self.hub.answers[f"POST {API}/audit"] = (200, answer.model_dump_json().encode())

        async def ask() -> list[str]:
            async with Hub(self.hub.url, self.key, self.hub.key.public) as client:
                return await problems_with_hub(client, verify(self.audit_file), self.heads.kept())

        return asyncio.run(ask())


@pytest.fixture
def kept(tmp_path: Path, hub: PlayedHub) -> Kept:
    return Kept(tmp_path, hub)


def rewritten(path: Path, num_lines: int) -> None:
    """A whole new chain, in which every line follows the one before."""
    path.unlink()
    audit = Audit(path)
    for _ in range(num_lines):
        audit.write("said", index="other")


def test_a_record_that_was_not_touched_has_no_problem(kept: Kept) -> None:
    assert kept.own_problems() == []
    hashes = verify(kept.audit_file)
    own = tuple(AuditHead(number=number, hash=hashes[number]) for number in range(1, 6))
    assert kept.hub_problems(tuple(map(kept.of_hub, range(1, 6))), own) == []
    assert kept.hub_problems(tuple(map(kept.of_hub, range(3, 6))), own) == [], "the oldest went by their age"


def test_a_record_that_was_rewritten_whole_is_not_what_the_hub_acknowledged(kept: Kept) -> None:
    before = verify(kept.audit_file)
    rewritten(kept.audit_file, 5)
    verify(kept.audit_file)
    assert len(kept.own_problems()) == 5
    assert "line 1, or one before it, is not the one, which the hub acknowledged" in kept.own_problems()[0]
    rewritten(kept.audit_file, 2)
    assert any("line 5 is gone" in problem for problem in kept.own_problems())
    (kept.audit_file.parent / "heads.jsonl").write_text("")
    assert kept.own_problems() == [], "with the acknowledgements gone too, the hub must be asked"
    assert any("line 5 is gone" in said for said in kept.hub_problems((), (AuditHead(number=5, hash=before[5]),)))


def test_a_hub_that_rewrites_is_named(kept: Kept) -> None:
    shown = [kept.of_hub(number) for number in range(1, 6)]
    other = [*shown[:4], AuditHead(number=50, hash="f" * 64)]
    assert ["record 50 of the hub is not what it showed" in said for said in kept.hub_problems(tuple(other))] == [True]
    assert ["record 50 of the hub, which it showed" in said for said in kept.hub_problems(tuple(shown[:4]))] == [True]


def test_what_somebody_else_signed_is_not_kept(kept: Kept) -> None:
    forged = kept.said_by_hub(kept.of_hub(9), kept.of_hub(9), SigningKey.generate())
    with pytest.raises(Refused, match="not signed with its key"):
        kept.heads.keep(forged)
    path = kept.audit_file.parent / "heads.jsonl"
    path.write_text(path.read_text().replace('"number":30', '"number":31'))
    with pytest.raises(ValueError, match=r"line 3 of .* is not what the hub signed"):
        kept.heads.kept()
