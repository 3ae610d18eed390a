"""The control plane: REST API, round ledger and artifact store. Imports neither torch nor numpy."""

VERSION: str  # found out when it is first asked for: workers and most commands never do


def __getattr__(name: str) -> str:
    if name == "VERSION":
        from backend.version import code_version

        return code_version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
