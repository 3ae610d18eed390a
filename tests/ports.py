"""Ports for servers that tests start."""

import socket

#: Sockets that hold the ports until this process ends.
_holders: list[socket.socket] = []


def held_port() -> int:
    """A port of 127.0.0.1 that a server which a test starts, and may start again, finds free.

    Nobody else gets it meanwhile: a socket that is bound and does not listen holds it. The system gives the port to no
    other server that asks for any, nor to a connection; and it lets a server that asks for this one have it beside the
    holder, because both allow that their address is used again (SO_REUSEADDR), as servers do."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    _holders.append(holder)
    return int(holder.getsockname()[1])
