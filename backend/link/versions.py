"""Which agents a hub serves: of its own protocol version and the one before; a hospital updates when it decides."""

#: Raised when the agent's requests or the hub's answers change so that the other side could not go on. The hub serves
#: this one and the one before, so each raise shuts out the agents of the one before that.
#:
#: What a request may have or leave out raises nothing. `Content-Range` in the signature and `NewKey.renewal` came so:
#: the hub verifies them where an agent gives them, and serves an agent of 2 or 3 that does not. What they guard is
#: guarded without them too, by the file's SHA-256, and by the polls of the key that was replaced. The next raise makes
#: both a duty of agents of 4: the first by `signatures.COVERED_FROM`, the second in `renewal.replace_key`.
PROTOCOL = 3
#: A request's header: the agent's protocol version.
AGENT_HEADER = "X-FedSM-Agent"


def protocol_problem(given: str | None, protocol: int = PROTOCOL) -> str | None:
    """What an agent of the version `given` must do before the hub of this version serves it; None: nothing."""
    if given is None or not given.isdecimal() or len(given) > 6:
        return f"the agent does not say its protocol version: install FedSM Studio with protocol {protocol} at the site"
    version = int(given)
    if version > protocol:
        return (
            f"the agent speaks protocol {version} and this hub {protocol}: update the hub, or install the agent's "
            "release that the hub has"
        )
    if version < protocol - 1:
        return (
            f"the agent speaks protocol {version}, which this hub no longer serves ({protocol - 1} and {protocol}): "
            "install the hub's release at the site, then start the agent again; its key and data stay"
        )
    return None
