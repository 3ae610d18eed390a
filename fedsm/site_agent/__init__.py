"""A hospital's agent: the one program there that speaks to the hub.

It holds the site's key, asks the hub for tasks over one outbound HTTPS connection, hands their ids to the hospital's
workers over a local Valkey, and serves those workers the worker API on a unix socket. So workers have neither key nor
network, and what comes in and leaves passes one place.
"""
