"""What a hospital's network department and data protection ask for: who reaches whom, and what comes in and leaves.

Both are made from the settings and the policy that the agent itself keeps to. `fedsm site sheet` prints those of one
site; docs/hospital.md has those of the defaults, which scripts/hospital_tables.py writes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from urllib.parse import urlsplit

import httpx

from fedsm.site_agent.network import proxy_of
from fedsm.site_agent.policy import HospitalPolicy
from fedsm.site_agent.settings import AgentSettings
from fedsm.site_agent.site_home import NotJoined, SiteHome, in_container

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Places:
    """Where a site's programs meet, in words for people. proxy: without its password; empty: none."""

    hub: str = "the hub's one address, port 443"
    protocol: str = "HTTPS"
    proxy: str = ""
    poll_seconds: float = AgentSettings.model_fields["poll_seconds"].default
    agent_socket: str = "in the site's folder"
    queue: str = "unix socket of mode 700, in the site's folder"
    approvals: str = f"{LOOPBACK}, a free port"


@dataclass(frozen=True)
class Connection:
    """A row of the network matrix."""

    source: str
    target: str
    over: str
    purpose: str


@dataclass(frozen=True)
class Flow:
    """A row of the data-flow sheet. moves: `comes in`, `leaves` or `stays`. decided: by which line or whom."""

    what: str
    moves: str
    decided: str


def places_of(home: SiteHome, settings: AgentSettings) -> Places:
    """Of this site, as its environment and its folder say. Raises NetworkProblem for a proxy that is none."""
    try:
        url = httpx.URL(home.membership().url)
    except NotJoined:
        url = httpx.URL("https://")
    proxy = proxy_of(str(url)) if url.host else None
    port = url.port or (443 if url.scheme == "https" else 80)
    return Places(
        hub=f"{url.host}, port {port}" if url.host else "the address in the kit: the site has not joined yet",
        protocol=url.scheme.upper(),
        proxy="" if proxy is None else f"{proxy.host}, port {proxy.port or 3128}",
        poll_seconds=settings.poll_seconds,
        agent_socket=str(home.socket()),
        queue=_queue(settings.redis_url) if in_container() else f"unix socket of mode 700, {home.home.broker_socket()}",
        approvals="the container's own loopback, which no browser reaches"
        if in_container()
        else f"{LOOPBACK}, {f'port {settings.approval_port}' if settings.approval_port else 'a free port'}",
    )


def _queue(redis_url: str) -> str:
    """Without a password."""
    found = urlsplit(redis_url)
    if found.hostname is None:
        return f"unix socket of mode 700, {found.path}"
    return f"TCP, {found.hostname}, port {found.port or 6379}"


def connections(places: Places) -> tuple[Connection, ...]:
    """All there are; what is not listed is not needed, in either direction."""
    through = f", through the proxy {places.proxy}" if places.proxy else ""
    return (
        Connection(
            "the agent",
            places.hub,
            f"{places.protocol}, outbound{through}",
            "everything: asking for work, models, results. One request stays open at the hub for up to "
            f"{places.poll_seconds:g} s (`FEDSM_POLL_SECONDS`), or until there is work",
        ),
        Connection("the worker", "the agent", f"unix socket of mode 600, {places.agent_socket}", "tasks and models"),
        Connection("agent and worker", "the queue", places.queue, "ids of tasks"),
        Connection("a browser here", "the agent", f"HTTP on {places.approvals}", "the page for approving runs"),
        Connection("anybody else", "this machine", "nothing", "no inbound port, no VPN, no broker outside"),
    )


def flows(policy: HospitalPolicy) -> tuple[Flow, ...]:
    """What passes between this site and the hub, and what stays, under a policy."""
    return (*_always(policy), *_switched(policy), Flow("Everything else.", "stays", "no line opens it"))


def _always(policy: HospitalPolicy) -> Iterator[Flow]:
    yield Flow("Tasks: settings, folders and lists of cases.", "comes in", "signed with the hub's key")
    yield Flow("Models of the federation, as safetensors.", "comes in", "named by their SHA-256 in a signed task")
    yield Flow("Updates of models that are trained here.", "leaves", "each run's approval, `allowed_strategies`")
    yield Flow(
        "Metrics, and scores as means over cases.",
        "leaves",
        f"each run's approval, `minimum_scored_cases: {policy.minimum_scored_cases}`",
    )
    yield Flow(
        "What the check of a data set measures: sizes, spacing, hashes of files, keyed pseudonyms of patients, names "
        "of structures.",
        "leaves",
        "who adds a data set; only folders below `FEDSM_DATA_ROOTS` are read",
    )
    yield Flow(
        "The site's state: version, hardware, its workers, this policy in short, the last hash of its record.",
        "leaves",
        "who joins and starts the site",
    )


def _switched(policy: HospitalPolicy) -> Iterator[Flow]:
    for name, field in HospitalPolicy.model_fields.items():
        if field.annotation is bool:
            moves, given = "leaves" if policy.opens(name) else "stays", str(getattr(policy, name)).lower()
            yield Flow(str(field.description), moves, f"`{name}: {given}`")


def markdown(rows: Sequence[Connection] | Sequence[Flow]) -> str:
    """A table with the fields' names as its head, and a line break at its end."""
    heads = {"source": "from", "target": "to", "over": "over", "purpose": "what for"}
    heads |= {"what": "what", "moves": "by this policy", "decided": "decided by"}
    names = [heads[one.name] for one in fields(rows[0])]
    lines: list[Sequence[str]] = [names, ["---"] * len(names), *(astuple(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
