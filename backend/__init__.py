"""The control plane: REST API, round ledger and artifact store. Imports neither torch nor numpy."""

VERSION = "0.1.0"
