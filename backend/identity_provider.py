"""An OpenID Connect provider: where to sign in, and whom it says has signed in.

OpenID Connect Core 1.0, section 3.1 (authorization code flow), with PKCE (RFC 7636) and discovery (OpenID Connect
Discovery 1.0).
"""

import base64
import hashlib
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from backend.errors import ProviderUnavailable, SignInRefused
from backend.settings import Settings

#: Signatures of the provider's public keys; never a shared secret, never none.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
TIMEOUT_SECONDS = 10.0
#: After this time, addresses and keys are asked for again.
KEPT_SECONDS = 3600.0
#: The clocks of provider and hub may differ by this many seconds.
LEEWAY_SECONDS = 60
#: Claims that may become the name under which somebody signs in, the first that is there.
NAME_CLAIMS = ("preferred_username", "email", "name")


@dataclass(frozen=True)
class Identity:
    """issuer, subject: who it is, for ever. name: what the provider calls them, or None. groups: theirs, where roles go
    by groups."""

    issuer: str
    subject: str
    name: str | None
    groups: frozenset[str] = frozenset()


class Provider:
    """What the settings name. Nothing is asked of it before somebody signs in."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret.get_secret_value()
        self._scope = settings.oidc_scope
        self._settings = settings
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def address(self, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in. Raises ProviderUnavailable."""
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": self._scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        endpoint = str(self._document()["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def identity(self, code: str, redirect_uri: str, nonce: str, verifier: str) -> Identity:
        """Raises ProviderUnavailable, and SignInRefused where the code or what the provider answers is not right."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        answer = self._ask("POST", str(self._document()["token_endpoint"]), form)
        claims = self._claims(str(answer.get("id_token", "")), nonce)
        name = next((str(claims[claim]) for claim in NAME_CLAIMS if claims.get(claim)), None)
        groups = self._groups(claims, answer) if self._settings.oidc_roles else frozenset[str]()
        return Identity(self.issuer, str(claims["sub"]), name, groups)

    def _groups(self, claims: dict[str, Any], answer: dict[str, Any]) -> frozenset[str]:
        """Of the ID token, else of what the provider says of the person (OpenID Connect Core 1.0, section 5.3).

        Raises SignInRefused where the provider leaves them out though there are some: nobody loses roles by that."""
        name = self._settings.oidc_groups_claim
        found, are_elsewhere = _claim(claims, name), _stands_elsewhere(claims, name)
        endpoint = self._document().get("userinfo_endpoint")
        if found is None and endpoint is not None:
            about = self._ask("GET", str(endpoint), bearer=str(answer.get("access_token", "")))
            if about.get("sub") != claims["sub"]:
                raise SignInRefused("the provider speaks of two people in one sign-in: sign in once more")
            found, are_elsewhere = _claim(about, name), are_elsewhere or _stands_elsewhere(about, name)
        if found is None and are_elsewhere:
            raise SignInRefused(
                f"the provider leaves your groups out, because you are in too many: ask its administrators to put only "
                f"groups that are assigned to this platform into the claim {name!r} (FEDSM_OIDC_GROUPS_CLAIM)"
            )
        if found is None:
            return frozenset()
        return frozenset(map(str, found if isinstance(found, list) else [found]))

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        """Of an ID token, verified: signature, issuer, audience, time, and that it answers this sign-in."""
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            decoded = self._decoded(token)
            registry.validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise SignInRefused(f"what the provider says of you is not right ({error}): sign in once more") from None
        if decoded.claims.get("azp", self._client_id) != self._client_id:
            raise SignInRefused("what the provider says of you is for another application: sign in once more")
        return dict(decoded.claims)

    def _decoded(self, token: str) -> jwt.Token:
        """By the keys that are known, or, where none of them fits, by the provider's newest."""
        address = str(self._document()["jwks_uri"])
        try:
            return jwt.decode(token, KeySet.import_key_set(self._get(address)), ALGORITHMS)  # type: ignore[arg-type]
        except (JoseError, ValueError):
            self._kept.pop(address, None)
            return jwt.decode(token, KeySet.import_key_set(self._get(address)), ALGORITHMS)  # type: ignore[arg-type]

    def _document(self) -> dict[str, Any]:
        """What the provider says of itself."""
        document = self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        lacking = {"authorization_endpoint", "token_endpoint", "jwks_uri"} - document.keys()
        if document.get("issuer") != self.issuer or lacking:
            said = document.get("issuer")
            raise ProviderUnavailable(
                f"the provider at FEDSM_OIDC_ISSUER={self.issuer} calls itself {said!r}: set the setting to that"
                if said != self.issuer
                else f"the provider's description lacks {', '.join(sorted(lacking))}"
            )
        return document

    def _get(self, address: str) -> dict[str, Any]:
        kept = self._kept.get(address)
        if kept is None or kept[0] < time.monotonic() - KEPT_SECONDS:
            kept = (time.monotonic(), self._ask("GET", address))
            self._kept[address] = kept
        return kept[1]

    def _ask(
        self, method: str, address: str, form: dict[str, str] | None = None, bearer: str | None = None
    ) -> dict[str, Any]:
        auth = None if form is None else httpx.BasicAuth(self._client_id, self._secret)
        try:
            headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
            response = httpx.request(method, address, data=form, auth=auth, headers=headers, timeout=TIMEOUT_SECONDS)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderUnavailable(
                f"{self.issuer} does not answer as an OpenID Connect provider does ({type(error).__name__}): try it "
                "again, or sign in with name and password"
            ) from None
        if form is not None and response.is_client_error:
            raise SignInRefused(f"the provider refuses the sign-in ({answer.get('error', '')}): sign in once more")
        if not response.is_success or not isinstance(answer, dict):
            raise ProviderUnavailable(f"{self.issuer} answers {response.status_code}: try again later")
        return answer


def _claim(claims: dict[str, Any], name: str) -> Any:
    """By its name, which may hold dots, else as one inside of another; None where it is not there."""
    if name in claims:
        return claims[name]
    outer, _, inner = name.partition(".")
    found = claims.get(outer)
    return _claim(found, inner) if inner and isinstance(found, dict) else None


def _stands_elsewhere(claims: dict[str, Any], name: str) -> bool:
    """Whether the provider says that the claim would have to be fetched from a third place (OpenID Connect Core 1.0,
    section 5.6.2). Entra ID does so for people in more than 200 groups, and says `hasgroups` where the token travels in
    an address."""
    names = claims.get("_claim_names")
    is_referred = isinstance(names, dict) and not {name, name.partition(".")[0]}.isdisjoint(names)
    return is_referred or (name == "groups" and claims.get("hasgroups") in (True, "true"))
