"""From a hospital's network to the hub: through its proxy, its TLS inspection, and under a path of a reverse proxy."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from backend.link.keys import SigningKey
from backend.link.signatures import SignatureRefused, read_signature, verify_request
from backend.link.versions import PROTOCOL
from fedsm.local.certificates import make_authority, make_certificate
from fedsm.site_agent.hub import API, Hub, HubAway
from fedsm.site_agent.network import CA_BUNDLE, NetworkProblem, proxy_of, require_secure, way_to
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.played_proxy import PlayedProxy

#: A name that resolves nowhere: only the proxy knows the way.
HUB = "https://hub.invalid"
GONE = f"{API}/gone"
USER, PASSWORD = "north", "p@ss:word/1"
CREDENTIAL = f"{USER}:{PASSWORD}"
AS_ADDRESS = "north:p%40ss%3Aword%2F1"


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", CA_BUNDLE):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    return make_authority(tmp_path / "tls", "North clinic inspection")


@pytest.fixture
def hub(authority: Path) -> Iterator[PlayedHub]:
    with PlayedHub(certificate=make_certificate(authority, ("hub.invalid",))) as played:
        played.answers[f"POST {GONE}"] = (200, b"{}")
        yield played


@pytest.fixture
def proxy(hub: PlayedHub) -> Iterator[PlayedProxy]:
    with PlayedProxy(hub.port, CREDENTIAL) as running:
        yield running


def ask(hub: PlayedHub, url: str = HUB, key: SigningKey | None = None) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with Hub(url, key or SigningKey.generate(), hub.key.public) as connected:
            return await connected.ask("POST", GONE, b"{}")

    return asyncio.run(asked())


def test_a_proxy_with_a_password_is_passed(
    hub: PlayedHub, proxy: PlayedProxy, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The characters of the password are written as an address writes them."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{AS_ADDRESS}@127.0.0.1:{proxy.port}")
    monkeypatch.setenv(CA_BUNDLE, str(authority))
    assert ask(hub).status_code == 200
    assert proxy.asked == ["CONNECT hub.invalid:443"]
    assert [asked for asked, _, _ in hub.asked] == [f"POST {GONE}"]


def test_a_wrong_password_is_the_proxys_refusal(
    hub: PlayedHub, proxy: PlayedProxy, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://north:wrong@127.0.0.1:{proxy.port}")
    monkeypatch.setenv(CA_BUNDLE, str(authority))
    with pytest.raises(HubAway, match=r"the proxy refused .*407.*check HTTPS_PROXY") as refused:
        ask(hub)
    assert "wrong" not in str(refused.value), "no password in a message"
    assert hub.asked == []


def test_inspected_tls_names_its_issuer_until_its_authority_is_added(
    hub: PlayedHub, proxy: PlayedProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The issuer is looked at through the same proxy."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{AS_ADDRESS}@127.0.0.1:{proxy.port}")
    with pytest.raises(HubAway, match=f"issued by CN=North clinic inspection, .*set {CA_BUNDLE}"):
        ask(hub)
    assert hub.asked == [], "nothing was sent before the certificate was verified"


def test_a_certificate_for_another_name_is_refused(
    hub: PlayedHub, proxy: PlayedProxy, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{AS_ADDRESS}@127.0.0.1:{proxy.port}")
    monkeypatch.setenv(CA_BUNDLE, str(authority))
    with pytest.raises(HubAway, match=r"another name than other\.invalid"):
        ask(hub, "https://other.invalid")
    assert hub.asked == []


def test_a_bundle_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b"no certificate", None):
        bundle = tmp_path / "bundle.pem"
        bundle.unlink(missing_ok=True)
        if content is not None:
            bundle.write_bytes(content)
        monkeypatch.setenv(CA_BUNDLE, str(bundle))
        with pytest.raises(NetworkProblem, match=f"{CA_BUNDLE} names {bundle}.*give a PEM file"):
            Hub(HUB, SigningKey.generate(), SigningKey.generate().public)


def test_no_proxy_stands_before_what_no_proxy_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", "near.invalid,.inside.invalid")
    assert str(proxy_of(HUB)) == "http://proxy.invalid:3128"
    for inside in (
        "https://near.invalid",
        "https://hub.inside.invalid",
        "https://127.0.0.1:8443",
        "https://[::1]:8443",
    ):
        assert proxy_of(inside) is None, inside


def test_only_this_machine_is_spoken_to_without_tls() -> None:
    for own in ("http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost:8000", "https://[2001:db8::1]"):
        require_secure(own)
    for foreign in ("http://hub.invalid", "http://[2001:db8::1]:8000"):
        with pytest.raises(NetworkProblem, match="is not encrypted"):
            require_secure(foreign)


def test_a_hub_is_reached_by_its_ipv6_address() -> None:
    key = SigningKey.generate()
    with PlayedHub(host="::1") as hub:
        hub.answers[f"POST {GONE}"] = (200, b"{}")
        assert ask(hub, hub.url, key).status_code == 200
        ((_, headers, _),) = hub.asked
    assert headers["host"] == f"[::1]:{hub.port}"
    verify_request(read_signature(headers), key.public, "POST", GONE, "", headers, PROTOCOL)


def test_an_ipv6_address_is_not_asked_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would be asked for it without brackets."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    with pytest.raises(NetworkProblem, match="must give a name, or put the hub into NO_PROXY"):
        way_to("https://[2001:db8::1]:8443")
    monkeypatch.setenv("NO_PROXY", "2001:db8::1")
    assert way_to("https://[2001:db8::1]:8443").proxy is None


@pytest.mark.parametrize("proxy", ["ftp://north:secret@proxy.invalid", "http://north:secret@proxy:port"])
def test_what_is_no_proxy_is_refused_without_its_password(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(NetworkProblem, match="HTTPS_PROXY is no address") as refused:
        way_to(HUB)
    assert "secret" not in str(refused.value)


def test_a_path_before_the_hubs_own_is_asked_for_and_not_signed() -> None:
    """A reverse proxy takes the path off, so that the hub verifies what it receives."""
    key = SigningKey.generate()
    with PlayedHub() as hub:
        hub.answers[f"POST /fedsm{GONE}"] = (200, b"{}")
        assert ask(hub, f"{hub.url}/fedsm", key).status_code == 200
        ((asked, headers, body),) = hub.asked
    assert (asked, body) == (f"POST /fedsm{GONE}", b"{}")
    verify_request(read_signature(headers), key.public, "POST", GONE, "", headers, PROTOCOL)
    with pytest.raises(SignatureRefused):
        verify_request(read_signature(headers), key.public, "POST", f"/fedsm{GONE}", "", headers, PROTOCOL)
