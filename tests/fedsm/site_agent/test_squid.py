"""The agent behind the proxy that hospitals really have, with a password and with inspection of TLS."""

from pathlib import Path

import pytest

from backend.link.keys import SigningKey
from fedsm.local.certificates import make_authority, make_certificate
from fedsm.site_agent.hub import HubAway
from fedsm.site_agent.network import CA_BUNDLE
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.squid import CERTIFICATES, PROGRAM, Inspection, squid
from tests.fedsm.site_agent.test_network import AS_ADDRESS, CREDENTIAL, GONE, ask
from tests.fedsm.site_agent.test_network import no_proxy_of_this_machine as no_proxy_of_this_machine

HOST = "hub.invalid"

pytestmark = pytest.mark.skipif(
    PROGRAM is None or not CERTIFICATES.exists(), reason="there is no Squid with TLS: apt-get install squid-openssl"
)


def test_squid_wants_its_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = make_authority(tmp_path / "tls", "Of the hub")
    monkeypatch.setenv(CA_BUNDLE, str(authority))
    with PlayedHub(certificate=make_certificate(authority, (HOST,))) as hub, squid(CREDENTIAL, HOST) as (port, log):
        hub.answers[f"POST {GONE}"] = (200, b"{}")
        url = f"https://{HOST}:{hub.port}"
        for wrong in ("north:wrong@", ""):
            monkeypatch.setenv("HTTPS_PROXY", f"http://{wrong}127.0.0.1:{port}")
            with pytest.raises(HubAway, match=r"the proxy refused .*407.*check HTTPS_PROXY"):
                ask(hub, url)
        monkeypatch.setenv("HTTPS_PROXY", f"http://{AS_ADDRESS}@127.0.0.1:{port}")
        with pytest.raises(HubAway, match=r"the proxy refused .*403"):
            ask(hub, f"https://other.invalid:{hub.port}")
        assert hub.asked == []
        assert ask(hub, url).status_code == 200
        assert f"CONNECT {HOST}:{hub.port} north" in log.read_text()


def test_squid_inspects_tls_once_its_authority_is_trusted_and_signatures_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Squid reads the request, and adds headers of its own; the hub's answer is verified all the same."""
    of_hub = make_authority(tmp_path / "hub", "Of the hub")
    own = make_authority(tmp_path / "own", "North clinic inspection")
    inspection = Inspection(own, own.with_suffix(".key"), of_hub)
    with (
        PlayedHub(certificate=make_certificate(of_hub, (HOST,))) as hub,
        squid(CREDENTIAL, HOST, inspection) as (port, log),
    ):
        hub.answers[f"POST {GONE}"] = (200, b"{}")
        url, key = f"https://{HOST}:{hub.port}", SigningKey.generate()
        monkeypatch.setenv("HTTPS_PROXY", f"http://{AS_ADDRESS}@127.0.0.1:{port}")
        with pytest.raises(HubAway, match=f"issued by CN=North clinic inspection, .*set {CA_BUNDLE}"):
            ask(hub, url, key)
        assert hub.asked == []
        monkeypatch.setenv(CA_BUNDLE, str(own))
        assert ask(hub, url, key).status_code == 200
        assert f"POST {url}{GONE} north" in log.read_text(), "it was read on the way"
        assert "via" in hub.asked[-1][1]
