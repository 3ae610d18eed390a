"""`fedsm site sheet` and the guide's tables: what is reached and what leaves, as settings and policy say it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.link.keys import SigningKey
from fedsm.cli.app import app
from fedsm.local.home import Home
from fedsm.site_agent.data_flows import flows
from fedsm.site_agent.policy import HospitalPolicy
from fedsm.site_agent.site_home import Membership, SiteHome
from scripts.hospital_tables import GUIDE, with_tables


def test_the_guide_has_the_tables_of_the_code() -> None:
    guide = GUIDE.read_text()
    assert guide == with_tables(guide), "docs/hospital.md is stale. Remedy: make openapi"
    with pytest.raises(ValueError, match="the guide lacks"):
        with_tables("no table")


@pytest.fixture
def joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    key = SigningKey.generate().public.text
    SiteHome(Home(tmp_path)).write_membership(
        Membership("https://hub.example.org/fedsm", key, "North", "north", "F", "site.north", "w")
    )
    monkeypatch.setenv("HTTPS_PROXY", "http://north:s3cret@proxy.example.org:8080")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("FEDSM_POLL_SECONDS", "12")
    monkeypatch.setenv("FEDSM_APPROVAL_PORT", "8123")
    return tmp_path


def test_a_site_prints_its_own_ways_and_no_password(joined: Path) -> None:
    done = CliRunner().invoke(app, ["site", "sheet", "--home", str(joined)])
    assert done.exit_code == 0, done.output
    for words in (
        "| the agent | hub.example.org, port 443 | HTTPS, outbound, through the proxy proxy.example.org, port 8080 |",
        "for up to 12 s",
        str(joined / "agent.sock"),
        "HTTP on 127.0.0.1, port 8123",
    ):
        assert words in done.output
    assert "s3cret" not in done.output


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        ("redis+socket:///run/fedsm-sockets/queue.sock?virtual_host=1", "mode 700, /run/fedsm-sockets/queue.sock |"),
        ("redis://:s3cret@queue:6380/0", "TCP, queue, port 6380 |"),
    ],
)
def test_a_container_prints_its_own_queue_and_no_password(
    joined: Path, monkeypatch: pytest.MonkeyPatch, queue: str, words: str
) -> None:
    monkeypatch.setenv("FEDSM_AGENT_SOCKET", "/run/fedsm-sockets/agent.sock")
    monkeypatch.setenv("REDIS_URL", queue)
    said = CliRunner().invoke(app, ["site", "sheet", "--home", str(joined)]).output
    assert words in said
    assert "mode 600, /run/fedsm-sockets/agent.sock |" in said
    assert "s3cret" not in said


def test_a_site_prints_what_leaves_by_its_own_policy(joined: Path) -> None:
    opened = "may_send_thumbnails: true\nmay_send_images: true\n"
    (joined / "policy.yaml").write_text(f"{opened}personalized_models: false\n")
    done = CliRunner().invoke(app, ["site", "sheet", "--json", "--home", str(joined)])
    moves = {row["decided"]: row["moves"] for row in json.loads(done.output)["flows"]}
    assert moves["`may_send_thumbnails: true`"] == "leaves"
    assert moves["`may_send_images: true`"] == "stays", "images of test cases stay where their scores stay"
    assert moves["`personalized_models: false`"] == moves["`may_send_names: false`"] == "stays"
    (joined / "policy.yaml").write_text("{")
    refused = CliRunner().invoke(app, ["site", "sheet", "--home", str(joined)])
    assert (refused.exit_code, "nothing runs until it is mended" in refused.output) == (2, True)


def test_a_wrong_setting_is_named(joined: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDSM_POLL_SECONDS", "500")
    refused = CliRunner().invoke(app, ["site", "sheet", "--home", str(joined)])
    assert (refused.exit_code, "FEDSM_POLL_SECONDS" in refused.output) == (2, True)


def test_every_line_that_opens_or_closes_something_has_a_row() -> None:
    lines = {name for name, field in HospitalPolicy.model_fields.items() if field.annotation is bool}
    decided = " ".join(row.decided for row in flows(HospitalPolicy()))
    assert len(lines) >= 8
    assert {name for name in lines if f"`{name}: " not in decided} == set()
