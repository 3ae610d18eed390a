"""What a hospital's agent and the hub say to each other: joining, the long poll, a new key."""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.audit import HeadsSeen
from backend.contracts.base import Contract, with_example
from backend.contracts.own_policy import OwnPolicy
from backend.contracts.site_pause import SaidPause
from backend.contracts.values import (
    AtMost,
    Count,
    Hardware,
    Id,
    Name,
    NumBytes,
    SignatureText,
    Slug,
    Text,
    Time,
    Within,
)
from backend.contracts.worker_state import Heartbeat

#: The longest that a poll may wait: proxies cut connections that are silent for a minute.
MAX_WAIT_SECONDS = 50.0
MAX_KNOWN_TASKS = 1000
MAX_SITE_WORKERS = 64

#: 32 bytes in base64.
KeyText = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$"), Text(44)]
#: The SHA-256 of a public key.
Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), Text(64)]
JoinCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22,64}$"), Text(64)]
Version = Annotated[str, Text(80, least=1)]
Secret = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$"), Text(32)]
Address = Annotated[str, Text(300, least=8)]

LinkStatus = Literal["invited", "pending", "joined", "stopped", "revoked"]


class SiteKit(Contract):
    """What a hospital is given, as one file. The code lets it ask to join once; nothing in it lets anybody work."""

    fedsm_kit: Literal[1] = 1
    url: Address = Field(description="The hub's public address.")
    server_key: KeyText = Field(description="The hub's public key: every task is signed with it.")
    server_fingerprint: Fingerprint
    code: JoinCode = Field(description="Good for one site, once.")
    expires_at: Time
    federation: Name
    site: Name
    slug: Slug


class JoinRequest(Contract):
    """Signed with the key that it brings."""

    model_config = with_example(
        code="Zm9yIG9uZSBzaXRlLCBvbmNl-x0", public_key=f"{'A' * 43}=", hardware="8 CPU cores, 64 GiB", version="0.1.0"
    )

    code: JoinCode
    public_key: KeyText
    hardware: Hardware
    version: Version = Field(description="Of FedSM Studio at the site.")


class JoinAnswer(Contract):
    site: Name
    slug: Slug
    queue: Annotated[str, Text(100)]
    phrase: Annotated[str, Text(120)] = Field(description="Six words, which both sides read to each other.")


class Renewal(Contract):
    """Which copy of the credential speaks. The agent counts on and makes a new secret for each poll, and repeats both
    until the poll is answered: two copies of one credential soon give the same number with different secrets."""

    number: Count
    secret: Secret


class PollRequest(Contract):
    """`workers`: those that the agent heard lately. `known`: tasks that wait at the site already."""

    model_config = with_example(
        renewal={"number": 1, "secret": "0" * 32}, version="0.1.0", hardware="8 CPU cores, 64 GiB", wait_seconds=25
    )

    renewal: Renewal
    workers: Annotated[tuple[Heartbeat, ...], AtMost(MAX_SITE_WORKERS)] = ()
    known: Annotated[tuple[Id, ...], AtMost(MAX_KNOWN_TASKS)] = ()
    known_approvals: Annotated[tuple[Id, ...], AtMost(MAX_KNOWN_TASKS)] = Field(
        default=(), description="Runs of which the site knows that they wait for its decision."
    )
    audit: HeadsSeen | None = Field(default=None, description="What the site says of both records.")
    pause: SaidPause | None = Field(
        default=None, description="Why work of runs waits at the site now; null: it does not."
    )
    policy: OwnPolicy | None = Field(
        default=None, description="What the site's own policy allows; null: its file cannot be read, or an older agent."
    )
    wait_seconds: Annotated[float, Within(0, MAX_WAIT_SECONDS)] = 25.0
    version: Version
    hardware: Hardware


class PollAnswer(Contract):
    tasks: Annotated[tuple[Id, ...], AtMost(MAX_KNOWN_TASKS)]
    removal: Annotated[str, Text(64)] = Field(description="Changes when the hub removed artifacts.")
    approvals: Annotated[tuple[Id, ...], AtMost(MAX_KNOWN_TASKS)] = Field(
        description="Runs that wait for the site's decision."
    )
    audit: HeadsSeen = Field(description="What the hub says of both records.")


class NewKey(Contract):
    """A site's own key in place of the one that signs the request. proof: the new key's signature of both. renewal:
    counted on as in a poll; an agent of protocol 2 gives none."""

    model_config = with_example(public_key=f"{'A' * 43}=", proof=f"{'A' * 86}==")

    public_key: KeyText
    proof: SignatureText
    renewal: Renewal | None = None


class RemainsAtHub(Contract):
    """What of a site stays at the hub when it leaves: people there delete it, or keep it for their results."""

    datasets: Count
    cases: Count
    thumbnails: Count
    runs: Count
    images_and_masks: Count
    bytes: NumBytes
