"""The control plane: REST API, round ledger and artifact store. Imports neither torch nor numpy."""
