"""Joining by command at both ends: the kit's one-time code, the six words, and a credential that is issued again."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from backend.contracts.link import JoinAnswer, SiteKit
from backend.link.keys import SigningKey, phrase
from fedsm.cli.app import app
from fedsm.local.home import Home
from fedsm.site_agent import joining
from fedsm.site_agent.hub import HubRefused
from fedsm.site_agent.site_home import SiteHome
from tests.backend.link.played_site import add_site, link_of
from tests.backend.live_backend import ADMIN_TOKEN, LiveBackend
from tests.fedsm.site_agent.played_hub import PlayedHub


class Ends:
    """The coordinator's terminal and the hospital's. kit: a file that the first writes and the second reads."""

    def __init__(self, backend: LiveBackend, folder: Path) -> None:
        self.backend, self.kit = backend, folder / "north.fedsm-kit.json"
        self.home = SiteHome(Home(folder / "north"))

    def coordinator(self, *words: str) -> str:
        done = CliRunner().invoke(app, ["site", *words, "--server", self.backend.url, "--token", ADMIN_TOKEN])
        assert done.exit_code == 0, done.output
        return done.output

    def hospital(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["site", *words, "--home", str(self.home.folder)])

    def invite(self) -> str:
        """What the command prints. The kit's address becomes that of the test's hub."""
        said = self.coordinator("invite", "north", "--out", str(self.kit))
        self.kit.write_text(json.dumps(json.loads(self.kit.read_text()) | {"url": self.backend.url}))
        return said


@pytest.fixture
def ends(backend: LiveBackend, hospitals: dict[str, Any], tmp_path: Path) -> Ends:
    add_site(backend, hospitals, "north")
    return Ends(backend, tmp_path)


def test_a_code_is_good_once_and_both_ends_read_the_same_six_words(ends: Ends) -> None:
    said = ends.invite()
    assert "good until" in said
    assert "once" in said
    assert ends.kit.stat().st_mode & 0o777 == 0o600
    asked = ends.hospital("join", str(ends.kit))
    assert asked.exit_code == 0, asked.output
    words = phrase(ends.backend.platform.server_key.public, ends.home.key().public)
    assert len(words.split()) == 6
    assert words in asked.output
    assert ends.home.key_file.stat().st_mode & 0o777 == 0o600
    another = CliRunner().invoke(app, ["site", "join", str(ends.kit), "--home", str(ends.home.folder / "copy")])
    assert another.exit_code == 1
    assert "it was used" in another.output
    assert f"{words}\n" in ends.coordinator("accept", "north", "--yes")


def test_a_revoked_site_joins_again_with_a_new_kit_and_keeps_all_but_its_key(ends: Ends) -> None:
    ends.invite()
    assert ends.hospital("join", str(ends.kit)).exit_code == 0
    ends.coordinator("accept", "north", "--yes")
    before = ends.home.key().public.fingerprint
    ends.home.policy_file.write_text("minimum_training_cases: 7\n")
    record = ends.home.audit_file.read_text()
    ends.coordinator("revoke", "north", "--yes")
    ends.invite()
    again = ends.hospital("join", str(ends.kit))
    assert again.exit_code == 0, again.output
    after = ends.home.key().public
    assert after.fingerprint != before
    assert phrase(ends.backend.platform.server_key.public, after) in again.output
    ends.coordinator("accept", "north", "--yes")
    site = ends.backend.get("/federations")[0]["sites"][0]
    link = link_of(ends.backend, site)
    assert (link["status"], link["fingerprint"]) == ("joined", after.fingerprint)
    assert ends.home.policy_file.read_text() == "minimum_training_cases: 7\n"
    assert ends.home.audit_file.read_text().startswith(record)


def test_words_of_other_keys_stop_the_site(tmp_path: Path) -> None:
    """Who stands in between and passes the request on with a key of its own."""
    home = SiteHome(Home(tmp_path / "north"))
    with PlayedHub() as hub:
        others = phrase(hub.key.public, SigningKey.generate().public)
        answer = JoinAnswer(site="North", slug="north", queue="site.north", phrase=others)
        hub.answers["POST /api/v1/join"] = (201, answer.model_dump_json().encode())
        kit = SiteKit(
            url=hub.url,
            server_key=hub.key.public.text,
            server_fingerprint=hub.key.public.fingerprint,
            code="c" * 30,
            expires_at=datetime.now(UTC),
            federation="Hospitals",
            site="North",
            slug="north",
        )
        with pytest.raises(HubRefused, match="somebody stands in between; stop here"):
            asyncio.run(joining.join(home, kit, "2 CPU cores"))
    assert not home.key_file.exists()
    assert not home.membership_file.exists()
