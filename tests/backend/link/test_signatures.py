"""Signatures of hub and sites: RFC 9421's own test case, and every change of a message that must be found."""

import base64

import pytest

from backend.link import signatures
from backend.link.keys import KeyProblem, PublicKey, SigningKey, phrase
from backend.link.versions import PROTOCOL, protocol_problem

PATH = "/worker-api/v1/tasks/t1/claim"
NOW = 1_800_000_000.0


def test_the_base_and_signature_of_rfc_9421_b_2_6() -> None:
    """The RFC's Ed25519 case, with its test key of B.1.4."""
    seed = base64.b64decode("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF")[16:]
    public = base64.b64decode("MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")[12:]
    params = (
        '("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )
    lines = [
        ('"date"', "Tue, 20 Apr 2021 02:07:55 GMT"),
        ('"@method"', "POST"),
        ('"@path"', "/foo"),
        ('"@authority"', "example.com"),
        ('"content-type"', "application/json"),
        ('"content-length"', "18"),
    ]
    base = signatures.signature_base(lines, params)
    key = SigningKey.from_seed(seed)
    assert key.public.raw == public
    expected = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    assert base64.b64encode(key.sign(base)).decode() == expected
    assert PublicKey(public).verifies(base64.b64decode(expected), base)


def test_the_digest_of_rfc_9530() -> None:
    digest = signatures.content_digest(b'{"hello": "world"}\n')
    assert digest == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


def sent(key: SigningKey, content: bytes = b"{}", **more: str) -> dict[str, str]:
    headers = {"content-type": "application/json", "x-fedsm-agent": "1"} | more
    digest = signatures.content_digest(content)
    return headers | signatures.sign_request(key, "POST", PATH, "a=1", headers, digest, lambda: NOW)


def verify(
    headers: dict[str, str],
    key: SigningKey,
    method: str = "POST",
    path: str = PATH,
    query: str = "a=1",
    protocol: int = PROTOCOL,
) -> None:
    signed = signatures.read_signature(headers)
    signatures.verify_request(signed, key.public, method, path, query, headers, protocol)


def test_a_signed_request_is_verified() -> None:
    key = SigningKey.generate()
    headers = sent(key)
    verify(headers, key)
    signatures.require_digest(headers["content-digest"], b"{}")
    assert signatures.read_signature(headers).created == NOW
    assert signatures.read_signature(sent(key)).nonce != signatures.read_signature(headers).nonce


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [("PUT", PATH, "a=1"), ("POST", PATH.replace("t1", "t2"), "a=1"), ("POST", PATH, "a=2"), ("POST", PATH, "")],
)
def test_another_method_path_or_query_is_refused(method: str, path: str, query: str) -> None:
    key = SigningKey.generate()
    with pytest.raises(signatures.SignatureRefused, match="does not fit the message"):
        verify(sent(key), key, method, path, query)


@pytest.mark.parametrize("name", ["content-type", "x-fedsm-agent", "content-digest"])
def test_a_changed_header_is_refused(name: str) -> None:
    key = SigningKey.generate()
    with pytest.raises(signatures.SignatureRefused, match="does not fit the message"):
        verify(sent(key) | {name: signatures.content_digest(b"other")}, key)


@pytest.mark.parametrize("name", ["x-fedsm-task", "range"])
def test_a_header_that_was_added_is_refused(name: str) -> None:
    key = SigningKey.generate()
    with pytest.raises(signatures.SignatureRefused, match="the signature must cover"):
        verify(sent(key) | {name: "1"}, key)


RANGE = {"content-range": "bytes 4-9/10"}


def test_a_covered_range_is_verified_and_neither_changed_nor_removed() -> None:
    key = SigningKey.generate()
    headers = sent(key, **RANGE)
    verify(headers, key)
    with pytest.raises(signatures.SignatureRefused, match="does not fit the message"):
        verify(headers | {"content-range": "bytes 5-9/10"}, key)
    del headers["content-range"]
    with pytest.raises(signatures.SignatureRefused, match="the signature must cover"):
        verify(headers, key)


def test_only_an_agent_of_before_may_leave_a_range_uncovered() -> None:
    key = SigningKey.generate()
    first = signatures.COVERED_FROM["content-range"]
    verify(sent(key) | RANGE, key, protocol=first - 1)
    with pytest.raises(signatures.SignatureRefused, match=r'must cover .*"content-range"'):
        verify(sent(key) | RANGE, key, protocol=first)


def test_another_content_is_refused() -> None:
    with pytest.raises(signatures.SignatureRefused, match="not the one that was signed"):
        signatures.require_digest(signatures.content_digest(b"{}"), b"{ }")
    with pytest.raises(signatures.SignatureRefused, match="not the one that was signed"):
        signatures.require_digest(None, b"")


def test_another_key_is_refused() -> None:
    with pytest.raises(signatures.SignatureRefused, match="does not fit the message"):
        verify(sent(SigningKey.generate()), SigningKey.generate())


@pytest.mark.parametrize("name", ["signature", "signature-input"])
@pytest.mark.parametrize(
    "value", ["", "fedsm=::", "sig1=:AAAA:", 'fedsm=("@method");created=1', "fedsm=:" + "=" * 88 + ":"]
)
def test_what_is_no_signature_is_refused_in_words(name: str, value: str) -> None:
    with pytest.raises(signatures.SignatureRefused):
        verify(sent(SigningKey.generate()) | {name: value}, SigningKey.generate())


def test_a_signature_of_less_is_refused() -> None:
    """A signature that is right but covers the method alone says nothing of the rest."""
    key = SigningKey.generate()
    nonce = "A" * 22 + "=="
    params = f'("@method");created={int(NOW)};keyid="{key.public.fingerprint}";alg="ed25519";nonce="{nonce}"'
    signature = base64.b64encode(key.sign(signatures.signature_base([('"@method"', "POST")], params))).decode()
    headers = {"signature-input": f"fedsm={params}", "signature": f"fedsm=:{signature}:"}
    with pytest.raises(signatures.SignatureRefused, match="the signature must cover"):
        verify(headers, key)


@pytest.mark.parametrize("seconds", [0, 59, -119])
def test_a_recent_signature_passes(seconds: int) -> None:
    signatures.require_recent(int(NOW) + seconds, NOW)


@pytest.mark.parametrize(("seconds", "words"), [(61, "61 s ahead"), (-121, "121 s behind")])
def test_an_old_signature_or_a_wrong_clock_is_refused_with_the_difference(seconds: int, words: str) -> None:
    with pytest.raises(signatures.ClockDiffers, match=words) as refusal:
        signatures.require_recent(int(NOW) + seconds, NOW)
    assert refusal.value.seconds == seconds


def test_an_answer_is_bound_to_its_request_status_and_content() -> None:
    hub, site = SigningKey.generate(), SigningKey.generate()
    request = sent(site)["signature"]
    headers = signatures.sign_answer(hub, 200, b"task", request, lambda: NOW)
    signatures.verify_answer(hub.public, 200, headers, b"task", request)
    for status, content, asked in (
        (409, b"task", request),
        (200, b"other", request),
        (200, b"task", sent(site)["signature"]),
    ):
        with pytest.raises(signatures.SignatureRefused):
            signatures.verify_answer(hub.public, status, headers, content, asked)
    with pytest.raises(signatures.SignatureRefused, match="another key"):
        signatures.verify_answer(site.public, 200, headers, b"task", request)
    with pytest.raises(signatures.SignatureRefused, match="no signature that can be read"):
        signatures.verify_answer(hub.public, 200, {}, b"task", request)


def test_both_sides_derive_the_same_six_words_from_both_keys() -> None:
    hub, site, stranger = (SigningKey.generate().public for _ in range(3))
    words = phrase(hub, site)
    assert len(words.split()) == 6
    assert words == phrase(PublicKey.from_text(hub.text), PublicKey.from_text(site.text))
    assert words != phrase(hub, stranger) != phrase(stranger, site)


def test_a_key_is_kept_in_a_private_file_and_made_once(tmp_path) -> None:
    path = tmp_path / "key"
    made = SigningKey.load_or_make(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.load_or_make(path).public.raw == made.public.raw
    SigningKey.generate().save(path)
    assert SigningKey.load(path).public.raw == made.public.raw, "a key is never overwritten"
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]
    path.chmod(0o644)
    with pytest.raises(KeyProblem, match="can be read by others"):
        SigningKey.load(path)
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(KeyProblem, match="holds no private key"):
        SigningKey.load(path)


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "A" * 44])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(KeyProblem):
        PublicKey.from_text(text)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("7", None),
        ("6", None),
        ("5", "speaks protocol 5, which this hub no longer serves"),
        ("8", "update the hub"),
        (None, "does not say its protocol version"),
        ("x", "does not say its protocol version"),
    ],
)
def test_a_hub_serves_its_own_protocol_and_the_one_before(given: str | None, problem: str | None) -> None:
    found = protocol_problem(given, protocol=7)
    assert (found is None) if problem is None else (problem in (found or ""))
